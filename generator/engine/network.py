"""One network of a model: made without weights, then filled from its files where it will compute."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import ZImageTransformer2DModel
from torch import nn
from transformers import AutoConfig, AutoModel

from generator.engine.reading import Stored, Told, fill, stored_in
from generator.weights import UnusableModel, weight_files

WITHIN = "model."  # what a text encoder's weights are called in a file that holds a whole language model


def empty_transformer(folder: Path) -> Any:
    """Return the transformer of a folder's configuration, its weights on no device."""
    return _empty(lambda: ZImageTransformer2DModel.from_config(ZImageTransformer2DModel.load_config(folder)))


def empty_text_encoder(folder: Path) -> Any:
    """Return the text encoder of a folder's configuration, its weights on no device."""
    return _empty(lambda: AutoModel.from_config(AutoConfig.from_pretrained(folder, local_files_only=True)))


def _empty(build: Callable[[], Any]) -> Any:
    with init_empty_weights(include_buffers=False):
        network = build()
    return network.eval().requires_grad_(False)


def filled_from(network: Any, folder: Path, device: torch.device, dtype: torch.dtype, told: Told) -> Any:
    """Fill an empty network: a weight that the files lack would silently be random. Raises UnusableModel."""
    stored = stored_in(weight_files(folder))
    names = {name: _name_in(stored, name) for name, _, _ in _places(network)}
    if missing := sorted(name for name, found in names.items() if found is None):
        raise UnusableModel(f"{folder} lacks {len(missing)} weights, for example {missing[0]}.")
    wanted = {}
    for name, module, attribute in _places(network):
        place = torch.empty_like(getattr(module, attribute), device=device, dtype=dtype)
        module.register_parameter(attribute, nn.Parameter(place, requires_grad=False))
        wanted[name] = stored[names[name] or name], place
    fill(wanted, told)
    return network.to(device)


def _places(network: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    for prefix, module in network.named_modules():
        for attribute, _ in module.named_parameters(recurse=False):
            yield f"{prefix}.{attribute}".removeprefix("."), module, attribute


def _name_in(stored: Mapping[str, Stored], name: str) -> str | None:
    return next((each for each in (name, WITHIN + name) if each in stored), None)
