"""A small model with random weights in the real layout, and one generator process for all who only ask."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from adapting import random_lora
from diffusers import AutoencoderKL, ZImagePipeline, ZImageTransformer2DModel
from safetensors.numpy import save_file
from transformers import AutoConfig, AutoModel

from generator.embedded import WEIGHTS
from generator.engine import painter as painting
from generator.engine.lines import AtOnce
from generator.engine.load import load_parts
from generator.engine.painter import ZImagePainter
from generator.layers import layers_for
from generator.loras import Shelf
from generator.models import EMBEDDED_MODEL


def _randomised(network: torch.nn.Module, rng: torch.Generator) -> torch.nn.Module:
    """Fresh networks hold zeros where mistakes would hide: pad tokens, gates, the last layer."""
    for parameter in network.parameters():
        parameter.data.add_(0.05 * torch.randn(parameter.shape, generator=rng))
    return network.eval()


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """The embedded model's architecture, fewer layers, random weights: nothing in it is zero."""
    folder = tmp_path_factory.mktemp("model")
    rng = torch.Generator().manual_seed(7)
    torch.manual_seed(7)
    transformer = json.loads((WEIGHTS / "transformer" / "config.json").read_text()) | {"n_layers": 2}
    for part, network in (
        ("transformer", ZImageTransformer2DModel.from_config(transformer)),
        ("vae", AutoencoderKL.from_config(AutoencoderKL.load_config(WEIGHTS / "vae"))),
        ("text_encoder", AutoModel.from_config(AutoConfig.from_pretrained(WEIGHTS / "text_encoder"))),
    ):
        _randomised(network, rng).save_pretrained(folder / part)
    for part in ("tokenizer", "scheduler"):
        shutil.copytree(WEIGHTS / part, folder / part)
    for name in ("model_index.json", "preview.json"):
        shutil.copy(WEIGHTS / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def stock(model_folder):
    """The reference: diffusers' own pipeline over the same weights."""
    torch.set_num_threads(1)
    pipeline = ZImagePipeline.from_pretrained(model_folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="session")
def shelf(model_folder, tmp_path_factory):
    """Three LoRAs for that model."""
    folder = tmp_path_factory.mktemp("loras")
    layers = layers_for(str(model_folder))
    for seed, name in enumerate(("one", "two", "three")):
        save_file(random_lora(layers, seed), folder / f"{name}.safetensors")
    return Shelf((folder,))


@pytest.fixture(scope="session")
def painter(model_folder, shelf):
    torch.set_num_threads(1)
    parts = load_parts(model_folder, lambda _fraction: None, torch.device("cpu"))
    return ZImagePainter(parts, EMBEDDED_MODEL, shelf)


@pytest.fixture
def broken_copy(model_folder, tmp_path) -> Path:
    """A copy of the model that a test may damage."""
    return Path(shutil.copytree(model_folder, tmp_path / "copy"))


class NotYet(AtOnce):
    """A mark of a device that is still busy when it is asked."""

    def passed(self) -> bool:
        return False


@pytest.fixture
def tell_ahead(painter, monkeypatch):
    """Have the painter told each step shortly before the one before is done, as a card is, from now on."""

    def tell():
        monkeypatch.setattr(painter, "_ahead", True)
        monkeypatch.setattr(painting, "place_on", lambda _device: NotYet())

    return tell
