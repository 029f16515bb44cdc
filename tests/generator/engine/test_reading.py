"""Weights are read to where they compute: what the libraries read, and never twice in memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gguf
import pytest
import torch
from diffusers import AutoencoderKL, ZImageTransformer2DModel
from naming import under_its_own_names
from safetensors.torch import load_file, save_file
from transformers import AutoModel

from generator.bench.sizes import FULL, skeleton
from generator.embedded import WEIGHTS
from generator.engine import reading
from generator.engine.held import OLD_NAMES, held_in_checkpoint, held_in_folder
from generator.engine.network import (
    Room,
    empty_text_encoder,
    empty_transformer,
    empty_vae,
    filled,
    text_encoder_like,
    transformer_like,
    vae_like,
    with_room,
)
from generator.engine.reading import Maps, fill, stored_in
from generator.weights import UnusableModel

CPU = torch.device("cpu")
ROOM = 1.3  # times the weights: what loading may take at its peak


def read(empty, folder, dtype=torch.float32):
    return filled(empty(folder), held_in_folder(folder), Room(CPU, dtype), lambda _count: None)


def same(one, other):
    mine, theirs = (dict(each.named_parameters()) for each in (one, other))
    assert mine.keys() == theirs.keys()
    return all(torch.equal(mine[name], theirs[name]) for name in mine)


def without_what_is_not_read(text_encoder):
    """The reference without its last layer, and what comes behind it."""
    text_encoder.layers, text_encoder.norm = text_encoder.layers[:-1], None
    return text_encoder


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_transformer_is_what_diffusers_reads(dtype):
    theirs = ZImageTransformer2DModel.from_pretrained(WEIGHTS / "transformer", dtype=dtype)

    assert same(read(empty_transformer, WEIGHTS / "transformer", dtype), theirs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_text_encoder_is_what_transformers_reads(dtype):
    theirs = AutoModel.from_pretrained(WEIGHTS / "text_encoder", dtype=dtype)

    assert same(read(empty_text_encoder, WEIGHTS / "text_encoder", dtype), without_what_is_not_read(theirs))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_vae_is_what_diffusers_reads(dtype):
    theirs = AutoencoderKL.from_pretrained(WEIGHTS / "vae", dtype=dtype)

    assert same(read(empty_vae, WEIGHTS / "vae", dtype), theirs)


def test_a_vae_under_its_old_names_is_what_diffusers_reads(tmp_path):
    torch.manual_seed(1)
    config = AutoencoderKL.load_config(WEIGHTS / "vae") | {"mid_block_add_attention": True}
    AutoencoderKL.from_config(config).save_pretrained(tmp_path)
    file = tmp_path / "diffusion_pytorch_model.safetensors"
    save_file({under_its_old_name(name): each for name, each in load_file(file).items()}, file)

    assert "encoder.mid_block.attentions.0.proj_attn.weight" in load_file(file)
    assert same(read(empty_vae, tmp_path), AutoencoderKL.from_pretrained(tmp_path))


def under_its_old_name(name):
    for old, new in OLD_NAMES:
        name = name.replace(f"attentions.0.{new}", f"attentions.0.{old}")
    return name


@pytest.mark.parametrize("named", [dict, under_its_own_names], ids=["diffusers", "its own"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_transformer_in_a_file_is_what_diffusers_reads(tmp_path, named, dtype):
    folder, file = WEIGHTS / "transformer", tmp_path / "one.safetensors"
    save_file(named(load_file(folder / "diffusion_pytorch_model.safetensors")), file)
    theirs = ZImageTransformer2DModel.from_single_file(str(file), config=str(folder), dtype=dtype)

    room = Room(CPU, dtype)
    mine = filled(empty_transformer(folder), held_in_checkpoint(file), room, lambda _count: None)

    assert same(mine, theirs)


@pytest.mark.parametrize("part", ["transformer", "text_encoder", "vae"])
def test_networks_of_the_published_size_are_the_reference_s(part):
    theirs = skeleton(part, FULL)
    mine = {"transformer": transformer_like, "text_encoder": text_encoder_like, "vae": vae_like}[part](theirs)
    left_out = ("norm.weight", "layers.35.") if part == "text_encoder" else ()

    shapes = {name: each.shape for name, each in theirs.named_parameters() if not name.startswith(left_out)}
    assert {name: each.shape for name, each in mine.named_parameters()} == shapes


def test_a_text_encoder_within_a_language_model_is_found(broken_copy, model_folder):
    file = broken_copy / "text_encoder" / "model.safetensors"
    weights = {f"model.{name}": weight for name, weight in load_file(file).items()}
    save_file(weights | {"lm_head.weight": torch.ones(3, 4)}, file)

    found = read(empty_text_encoder, broken_copy / "text_encoder")

    assert same(found, read(empty_text_encoder, model_folder / "text_encoder"))


def test_several_files_are_read_as_one(broken_copy, model_folder):
    folder = broken_copy / "transformer"
    whole = ZImageTransformer2DModel.from_pretrained(folder)
    (folder / "diffusion_pytorch_model.safetensors").unlink()
    whole.save_pretrained(folder, max_shard_size="1MB")
    assert len(list(folder.glob("*.safetensors"))) > 1

    assert same(read(empty_transformer, folder), read(empty_transformer, model_folder / "transformer"))


def test_another_variant_beside_the_weights_is_not_read(broken_copy, model_folder):
    folder = broken_copy / "transformer"
    wrong = {name: torch.zeros_like(each) for name, each in load_file(next(folder.glob("*.safet*"))).items()}
    save_file(wrong, folder / "diffusion_pytorch_model.fp16.safetensors")

    assert same(read(empty_transformer, folder), read(empty_transformer, model_folder / "transformer"))


@pytest.mark.parametrize("chunk", [8, 104, 8 << 20])
def test_pieces_of_any_size_make_the_whole(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(reading, "CHUNK", chunk)
    wide, one, none = torch.randn(37, 5), torch.tensor(3.0), torch.empty(0, 4)
    save_file({"wide": wide, "one": one, "none": none}, tmp_path / "some.safetensors")
    stored, told = stored_in([tmp_path / "some.safetensors"]), []
    places = {"wide": torch.empty(37, 5), "one": torch.empty(()), "none": torch.empty(0, 4)}
    places["narrow"] = torch.empty(37, 5, dtype=torch.bfloat16)
    fill([(stored.get(name, stored["wide"]), place) for name, place in places.items()], told.append)

    assert torch.equal(places["wide"], wide)
    assert torch.equal(places["narrow"], wide.bfloat16())
    assert places["one"] == 3.0
    assert sum(told) == 2 * wide.nbytes + one.nbytes


def test_what_the_processor_takes_as_it_lies_in_the_file_is_not_read(tmp_path):
    torch.manual_seed(2)
    vae = AutoencoderKL.from_config(AutoencoderKL.load_config(WEIGHTS / "vae"))
    vae.save_pretrained(tmp_path)
    held = held_in_folder(tmp_path)

    there, wider = empty_vae(tmp_path), empty_vae(tmp_path)
    carried = empty_vae(tmp_path)

    assert with_room(there, held, Room(CPU, torch.float32)) == []
    assert same(there, vae)
    assert len(with_room(carried, held, Room(CPU, torch.float32, carried=True))) == len(held.tensors)
    assert len(with_room(wider, held, Room(CPU, torch.float64))) == len(held.tensors)


def test_writing_to_a_weight_leaves_its_file_as_it_is(tmp_path):
    weight = torch.randn(64, 64)
    save_file({"weight": weight}, tmp_path / "some.safetensors")
    stored = stored_in([tmp_path / "some.safetensors"])["weight"]

    there = Maps().tensor(stored)
    there.add_(1)

    assert torch.equal(there, weight + 1)
    assert torch.equal(load_file(tmp_path / "some.safetensors")["weight"], weight)


def test_what_lies_between_two_numbers_is_read(tmp_path):
    save_file({"a": torch.ones(3, dtype=torch.int8), "b": torch.ones(2)}, tmp_path / "some.safetensors")
    stored = stored_in([tmp_path / "some.safetensors"])

    assert stored["b"].lies_as(torch.float32) == (stored["b"].start % 4 == 0)
    assert not stored["b"].lies_as(torch.bfloat16)


def test_room_that_was_made_while_drawing_is_filled_too(tmp_path):
    weight = torch.randn(8, 8)
    save_file({"weight": weight}, tmp_path / "some.safetensors")
    stored = stored_in([tmp_path / "some.safetensors"])["weight"]

    with torch.inference_mode():
        place = torch.empty(8, 8, dtype=torch.bfloat16)
        fill([(stored, place)], lambda _count: None)

    assert torch.equal(place, weight.bfloat16())


def test_a_file_that_was_cut_while_it_was_read_is_no_weight(tmp_path):
    file = tmp_path / "some.safetensors"
    save_file({"weight": torch.randn(64, 64)}, file)
    stored = stored_in([file])["weight"]
    os.truncate(file, file.stat().st_size - 10)

    with pytest.raises(EOFError, match="ended early"):
        fill([(stored, torch.empty(64, 64))], lambda _count: None)


def test_numbers_of_an_unknown_kind_are_named(tmp_path):
    file = tmp_path / "some.safetensors"
    save_file({"weight": torch.ones(4).to(torch.float8_e5m2)}, file)

    with pytest.raises(UnusableModel, match="holds weights as F8_E5M2, which Pinxit cannot draw with"):
        stored_in([file])


# ── memory ────────────────────────────────────────────────────────────────────────────────────────

MEASURED = """
import json, sys
from pathlib import Path
import torch
from generator.engine.held import held_in_checkpoint, held_in_folder
from generator.engine.network import Room, empty_transformer, filled
from generator.machine import resident_mib

def read(folder, *file):
    held = held_in_checkpoint(Path(*file)) if file else held_in_folder(Path(folder))
    empty = empty_transformer(Path(folder))
    return filled(empty, held, Room(torch.device("cpu"), torch.float32), lambda _count: None)

torch.set_num_threads(1)
read(sys.argv[1])  # a small one: what is there once, however large the next is
before = resident_mib()
weights = sum(each.nbytes for each in read(*sys.argv[2:]).parameters()) / 2**20
peak = resident_mib(most=True)
print(json.dumps({"weights": weights, "more": peak - before}))
"""


@pytest.fixture(scope="module", params=[torch.float32, torch.bfloat16], ids=["as it is", "widened"])
def large_transformer(tmp_path_factory, request):
    """Hundreds of megabytes of random weights, in the numbers that are computed in or in narrower ones."""
    folder = tmp_path_factory.mktemp("large")
    config = json.loads((WEIGHTS / "transformer" / "config.json").read_text())
    torch.manual_seed(0)
    with torch.device("meta"):
        made = ZImageTransformer2DModel.from_config(config | {"dim": 1024, "n_heads": 32, "n_kv_heads": 32})
    made.to_empty(device="cpu")
    for parameter in made.parameters():
        parameter.data.normal_(std=0.02)
    made.to(request.param).save_pretrained(folder)
    return folder


def measured(*places):
    command = [sys.executable, "-c", MEASURED, *map(str, (WEIGHTS / "transformer", *places))]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root, timeout=600)
    return json.loads(done.stdout)


def in_one_file(weights, file):
    save_file(under_its_own_names(weights), file)


def packed(weights, file):
    writer, kind = gguf.GGUFWriter(file, "lumina2"), gguf.GGMLQuantizationType
    for name, weight in weights.items():
        kept = kind.Q8_0 if weight.ndim == 2 and weight.shape[-1] % 32 == 0 else kind.F32
        writer.add_tensor(name, gguf.quantize(weight.float().numpy(), kept), raw_dtype=kept)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_loading_takes_little_more_memory_than_the_weights(large_transformer):
    found = measured(large_transformer)

    assert found["weights"] > 400
    assert found["more"] <= ROOM * found["weights"]


@pytest.mark.parametrize(("write", "name"), [(in_one_file, "one.safetensors"), (packed, "one.gguf")])
def test_loading_a_single_file_does_not_either(large_transformer, tmp_path, write, name):
    write(load_file(large_transformer / "diffusion_pytorch_model.safetensors"), tmp_path / name)

    found = measured(large_transformer, tmp_path / name)

    assert found["weights"] > 400
    assert found["more"] <= ROOM * found["weights"]
