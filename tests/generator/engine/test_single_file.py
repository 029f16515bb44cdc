"""A transformer as one file draws what the same transformer draws from its folder."""

import shutil

import pytest
import torch
from naming import under_its_own_names
from safetensors.torch import load_file, save_file

from generator.checkpoint import Place, find_place
from generator.engine.load import load_parts
from generator.engine.painter import ZImagePainter
from generator.loras import Shelf
from generator.models import EMBEDDED_MODEL
from generator.recipe import Recipe
from generator.weights import UnusableModel

CPU = torch.device("cpu")
RECIPE = Recipe(prompt="a red star", model="m", width=128, height=128, seed=5, steps=2)


def beside_another_network(weights):
    """The names of Z-Image's own files, in one file with another network."""
    named = under_its_own_names(weights)
    own = {f"model.diffusion_model.{name}": weight.clone() for name, weight in named.items()}
    return own | {"vae.some.weight": torch.zeros(3)}


@pytest.fixture
def home(model_folder, tmp_path):
    """The model's folder without its transformer's weights."""
    return shutil.copytree(
        model_folder, tmp_path / "home", ignore=shutil.ignore_patterns("diffusion_pytorch_model.safetensors")
    )


@pytest.fixture
def weights(model_folder, home):
    vae = "vae/diffusion_pytorch_model.safetensors"
    shutil.copy(model_folder / vae, home / vae)
    return load_file(model_folder / "transformer" / "diffusion_pytorch_model.safetensors")


def latents(place: Place):
    parts = load_parts(place.folder, lambda _fraction: None, CPU, checkpoint=place.checkpoint)
    with torch.inference_mode():
        steps = ZImagePainter(parts, EMBEDDED_MODEL, Shelf())._steps([RECIPE])
        return [step.latents for step in steps][-1]


@pytest.mark.parametrize("named", [dict, beside_another_network], ids=["diffusers", "its own"])
def test_one_file_draws_the_same_latents_as_the_folder(model_folder, home, weights, named):
    save_file(named(weights), home / "one.safetensors")

    place = find_place(str(home / "one.safetensors"), lambda _fraction: None)

    assert torch.equal(latents(place), latents(Place(model_folder)))


def test_a_weight_that_the_file_lacks_is_not_made_up(home, weights):
    own = beside_another_network(weights)
    del own["model.diffusion_model.layers.1.feed_forward.w1.weight"]
    save_file(own, home / "one.safetensors")

    with pytest.raises(UnusableModel, match=r"lacks 1 weights, for example layers\.1\.feed_forward\.w1"):
        latents(find_place(str(home / "one.safetensors"), lambda _fraction: None))


def test_a_transformer_of_another_size_is_refused_in_a_sentence(home, weights):
    weights["layers.1.feed_forward.w1.weight"] = torch.zeros(3, 3)
    save_file(weights, home / "one.safetensors")

    with pytest.raises(UnusableModel, match=r"one\.safetensors could not be loaded"):
        latents(find_place(str(home / "one.safetensors"), lambda _fraction: None))


def test_progress_rises_with_what_is_read_of_a_file(home, weights):
    save_file(beside_another_network(weights), home / "one.safetensors")
    told = []

    load_parts(home, told.append, CPU, checkpoint=home / "one.safetensors")

    assert told == sorted(told)
    assert told[0] < 0.2
    assert told[-1] == pytest.approx(0.9)
