import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from generator.checkpoint import weights_in
from generator.choices import Precision
from generator.engine import load as loading
from generator.engine.load import load_parts, plan_for
from generator.engine.preview import FLUX_PREVIEW
from generator.memory import Card
from generator.weights import UnusableModel

CPU = torch.device("cpu")


def load(folder):
    return load_parts(folder, lambda _fraction: None, CPU)


def edit_config(folder, part, **changes):
    path = folder / part / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_progress_rises_to_the_warm_up(model_folder):
    told = []

    load_parts(model_folder, told.append, CPU)

    assert told == sorted(told)
    assert told[-1] == pytest.approx(0.9)


def test_a_missing_weight_is_not_made_up(broken_copy):
    file = broken_copy / "transformer" / "diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    del weights["layers.1.attention.to_q.weight"]
    save_file(weights, file, metadata={"format": "pt"})

    with pytest.raises(UnusableModel, match="lacks 1 weights, for example layers"):
        load(broken_copy)


def test_weights_of_another_size_are_refused_in_a_sentence(broken_copy):
    edit_config(broken_copy, "transformer", n_layers=2, dim=96, n_heads=3, n_kv_heads=3)

    with pytest.raises(UnusableModel, match="could not be loaded"):
        load(broken_copy)


@pytest.mark.parametrize("part", ["transformer", "vae", "text_encoder"])
def test_a_config_of_nonsense_is_refused_in_a_sentence(broken_copy, part):
    edit_config(broken_copy, part, n_layers="two", block_out_channels=7, hidden_size=None)

    with pytest.raises(UnusableModel, match="could not be loaded"):
        load(broken_copy)


def test_parts_that_do_not_fit_each_other_are_refused(broken_copy, model_folder):
    other = AutoConfig.from_pretrained(model_folder / "text_encoder", hidden_size=64)
    AutoModel.from_config(other).save_pretrained(broken_copy / "text_encoder")

    with pytest.raises(UnusableModel, match="text encoder's width is 64, but 128"):
        load(broken_copy)


def test_a_model_without_a_preview_map_gets_the_published_one(broken_copy):
    (broken_copy / "preview.json").unlink()

    assert load(broken_copy).preview is FLUX_PREVIEW


def test_a_preview_map_for_other_latents_is_refused(broken_copy):
    (broken_copy / "preview.json").write_text('{"matrix": [[1, 2, 3]], "bias": [0, 0, 0]}')

    with pytest.raises(UnusableModel, match="preview map's size"):
        load(broken_copy)


def test_a_damaged_tokenizer_is_refused_in_a_sentence(broken_copy):
    (broken_copy / "tokenizer" / "tokenizer.json").write_text("{")

    with pytest.raises(UnusableModel, match="could not be loaded"):
        load(broken_copy)


def test_a_model_that_is_too_large_for_the_card_is_refused_in_a_sentence(model_folder, monkeypatch):
    small = Card("GT 1030", 100 * 2**20, (6, 1))
    monkeypatch.setattr(loading, "card_of", lambda _device: small)

    with pytest.raises(UnusableModel, match=r"does not fit on GT 1030: it needs at least .* GiB of memory"):
        plan_for(model_folder, torch.device("cuda"), Precision.AUTO)


def test_what_a_model_takes_is_read_from_its_files_in_sixteen_bits(model_folder):
    found, parts = weights_in(model_folder), load(model_folder)

    assert found.transformer == 2 * sum(each.numel() for each in parts.transformer.parameters())
    assert found.vae == 2 * sum(each.numel() for each in parts.vae.parameters())


def test_a_model_that_is_too_large_for_the_machine_is_refused_before_it_is_read(model_folder, monkeypatch):
    monkeypatch.setattr(loading, "free_memory", lambda: 2**20)

    with pytest.raises(
        UnusableModel, match=r"does not fit into this machine's memory: without a card it needs"
    ):
        load(model_folder)


def test_the_plan_is_told_at_the_start(model_folder, caplog):
    caplog.set_level("INFO", "generator")

    load(model_folder)

    (told,) = (record for record in caplog.records if record.message == "memory planned")
    assert told.plan.startswith("exact: without a card everything lies in the machine's memory")
