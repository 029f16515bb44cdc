"""A transformer in a GGUF file: its numbers are what the format's own reader says, and it draws."""

import math
import shutil

import gguf
import numpy as np
import pytest
import torch
from gguf.quants import dequantize
from naming import under_its_own_names
from safetensors.torch import load_file

from generator.checkpoint import Place, find_place
from generator.engine import reading
from generator.engine.convert import convert
from generator.engine.decode import decode
from generator.engine.gguf_weights import UNPACKED, stored_in_gguf
from generator.engine.load import load_parts
from generator.engine.painter import ZImagePainter
from generator.loras import Shelf
from generator.models import EMBEDDED_MODEL
from generator.recipe import Recipe
from generator.weights import UnusableModel

CPU = torch.device("cpu")
RECIPE = Recipe(prompt="a red star", model="m", width=128, height=128, seed=5, steps=4)
KIND = gguf.GGMLQuantizationType
HALVES = {  # where a block keeps its half-precision numbers
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q2_K": [80, 82],
    "Q3_K": [108],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
}


def write(file, weights, kind, architecture="lumina2"):
    """Write the weights; in 32 bits where rows are no multiple of a block, as those who convert models do."""
    writer = gguf.GGUFWriter(file, architecture)
    for name, weight in weights.items():
        numbers = weight.numpy()
        block, _ = gguf.GGML_QUANT_SIZES[kind]
        kept = kind if numbers.ndim == 2 and numbers.shape[-1] % block == 0 else KIND.F32
        writer.add_tensor(name, gguf.quantize(numbers, kept), raw_dtype=kept)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def under_the_names_of_comfyui(weights):
    """As published: padding tokens have lost a side."""
    named = under_its_own_names(weights)
    return {name: weight[0] if name.endswith("_pad_token") else weight for name, weight in named.items()}


def with_other_networks(weights):
    """As stable-diffusion.cpp writes a whole model."""
    named = {
        f"model.diffusion_model.{name}": each for name, each in under_the_names_of_comfyui(weights).items()
    }
    return named | {"first_stage_model.decoder.conv_in.weight": torch.ones(3)}


@pytest.fixture
def home(model_folder, tmp_path):
    """The model's folder without its transformer's weights."""
    folder = shutil.copytree(model_folder, tmp_path / "home")
    (folder / "transformer" / "diffusion_pytorch_model.safetensors").unlink()
    return folder


@pytest.fixture(scope="session")
def weights(model_folder):
    return load_file(model_folder / "transformer" / "diffusion_pytorch_model.safetensors")


@pytest.fixture(scope="session")
def drawn(model_folder):
    return latents(Place(model_folder))


@pytest.fixture(scope="session")
def in_pixels(painter, drawn):
    """How near latents come to the folder's, in decibels of their pictures."""
    return lambda latents: psnr(*(decode(painter._parts.vae, each) for each in (latents, drawn)))


def latents(place: Place):
    parts = load_parts(place.folder, lambda _fraction: None, CPU, checkpoint=place.checkpoint)
    with torch.inference_mode():
        return [step.latents for step in ZImagePainter(parts, EMBEDDED_MODEL, Shelf())._steps([RECIPE])][-1]


def found(home):
    return find_place(str(home / "one.gguf"), lambda _fraction: None)


def psnr(one, other):
    error = (np.asarray(one, dtype=float) - np.asarray(other, dtype=float)) ** 2
    return 10 * math.log10(255**2 / error.mean())


@pytest.mark.parametrize("name", UNPACKED)
def test_every_kind_of_block_means_what_the_format_s_own_reader_says(monkeypatch, tmp_path, name):
    monkeypatch.setattr(reading, "CHUNK", reading.BETWEEN * 4 * 7 * 256)
    rng, kind = np.random.default_rng(3), KIND[name]
    numbers, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (40, size), dtype=np.uint8)
    for place in HALVES[name]:
        blocks[:, place : place + 2] = rng.normal(size=(40, 1)).astype(np.float16).view(np.uint8)
    writer = gguf.GGUFWriter(tmp_path / "one.gguf", "lumina2")
    writer.add_tensor("rows", blocks.reshape(20, -1), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    stored, read = stored_in_gguf(tmp_path / "one.gguf")["rows"], torch.empty(20, 2 * numbers)
    told = []
    reading.fill([(stored, read)], told.append)

    assert sum(told) == blocks.nbytes
    assert np.array_equal(read.numpy(), dequantize(blocks.reshape(20, -1), kind))


@pytest.mark.parametrize(
    "named", [dict, under_the_names_of_comfyui, with_other_networks], ids=["diffusers", "comfyui", "whole"]
)
def test_in_32_bits_it_draws_the_same_latents_as_the_folder(home, weights, drawn, named):
    write(home / "one.gguf", named(weights), KIND.F32)

    assert torch.equal(latents(found(home)), drawn)


@pytest.mark.parametrize(
    ("kind", "least"), [(KIND.F16, 60), (KIND.BF16, 45), (KIND.Q8_0, 40), (KIND.Q5_0, 28), (KIND.Q4_0, 22)]
)
def test_in_fewer_bits_it_draws_nearly_what_the_folder_draws(home, weights, in_pixels, kind, least):
    write(home / "one.gguf", under_the_names_of_comfyui(weights), kind)

    assert in_pixels(latents(found(home))) >= least


def test_converted_it_becomes_a_part_of_a_whole_model(home, weights, tmp_path):
    write(home / "one.gguf", under_the_names_of_comfyui(weights), KIND.Q8_0)
    told = []

    convert(found(home), tmp_path / "whole", told.append)

    kept = load_parts(tmp_path / "whole", lambda _fraction: None, CPU).transformer.state_dict()
    read = load_parts(
        home, lambda _fraction: None, CPU, checkpoint=home / "one.gguf"
    ).transformer.state_dict()
    assert all(torch.equal(kept[name], each.bfloat16().float()) for name, each in read.items())
    assert told[-1] == pytest.approx(1)


def test_a_weight_that_the_file_lacks_is_not_made_up(home, weights):
    own = under_the_names_of_comfyui(weights)
    del own["layers.1.feed_forward.w1.weight"]
    write(home / "one.gguf", own, KIND.F32)

    with pytest.raises(UnusableModel, match=r"lacks 1 weights, for example layers\.1\.feed_forward\.w1"):
        latents(found(home))


def test_a_transformer_of_another_size_is_refused_in_a_sentence(home, weights):
    write(home / "one.gguf", weights | {"layers.1.feed_forward.w1.weight": torch.zeros(3, 3)}, KIND.F32)

    with pytest.raises(UnusableModel, match=r"one\.gguf could not be loaded"):
        latents(found(home))
