import pytest
import torch
from safetensors import safe_open

from generator.checkpoint import Place, find_place
from generator.engine.convert import convert
from generator.engine.load import load_parts
from generator.weights import UnusableModel, size_of


def find(source):
    return find_place(str(source), lambda _fraction: None)


def test_a_converted_model_is_half_as_large_and_draws_with_the_same_weights(model_folder, tmp_path):
    told = []

    convert(Place(model_folder), tmp_path / "small", told.append)

    for part in ("transformer", "vae", "text_encoder"):
        assert len(list((tmp_path / "small" / part).glob("*.safetensors"))) == 1
    for part in ("transformer", "vae"):  # which were in 32 bits
        assert size_of(tmp_path / "small" / part) < 0.51 * size_of(model_folder / part)
    one, other = (
        load_parts(folder, lambda _fraction: None, torch.device("cpu")).transformer.state_dict()
        for folder in (model_folder, tmp_path / "small")
    )
    assert all(torch.equal(other[name], value.bfloat16().float()) for name, value in one.items())
    assert told[-1] == pytest.approx(1)


def test_several_files_become_one(broken_copy, tmp_path):
    from diffusers import AutoencoderKL  # noqa: PLC0415

    vae = AutoencoderKL.from_pretrained(broken_copy / "vae")
    (broken_copy / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    vae.save_pretrained(broken_copy / "vae", max_shard_size="1MB")
    assert len(list((broken_copy / "vae").glob("*.safetensors"))) > 1

    convert(find(broken_copy), tmp_path / "one", lambda _fraction: None)

    (file,) = (tmp_path / "one" / "vae").glob("*.safetensors")
    with safe_open(file, framework="pt") as opened:
        assert set(opened.keys()) == set(vae.state_dict())


def test_what_exists_is_not_written_over(model_folder, tmp_path):
    with pytest.raises(UnusableModel, match="exists already"):
        convert(Place(model_folder), tmp_path, lambda _fraction: None)


def test_a_broken_model_leaves_nothing_behind(broken_copy, tmp_path):
    (broken_copy / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"{}")

    with pytest.raises(UnusableModel):
        convert(find(broken_copy), tmp_path / "new", lambda _fraction: None)

    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".converting-*"))
