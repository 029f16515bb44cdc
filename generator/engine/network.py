"""One network of a model: made without weights, then filled from its files where it will compute."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import ZImageTransformer2DModel
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from generator.engine.products import Narrow
from generator.engine.reading import Stored, Told, fill, stored_in
from generator.weights import SCALE, check_none_missing, weight_files

WITHIN = "model."  # what a text encoder's weights are called in a file that holds a whole language model


def empty_transformer(folder: Path) -> Any:
    """Return the transformer of a folder's configuration, its weights on no device."""
    return _empty(lambda: ZImageTransformer2DModel.from_config(ZImageTransformer2DModel.load_config(folder)))


def empty_text_encoder(folder: Path) -> Any:
    """Return the text encoder of a folder's configuration, its weights on no device."""
    return _empty(lambda: _model_of(folder))


def _model_of(folder: Path) -> Any:
    """Return the network of a configuration; code that a model brings along is never run."""
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return AutoModel.from_config(config, trust_remote_code=False)


def _empty(build: Callable[[], Any]) -> Any:
    with init_empty_weights(include_buffers=False):
        network = build()
    return network.eval().requires_grad_(False)


def filled_from(  # noqa: PLR0913, PLR0917 - one for each thing that a weight depends on
    network: Any,
    folder: Path,
    device: torch.device,
    dtype: torch.dtype,
    told: Told,
    left_empty: Collection[str] = (),
) -> Any:
    """Fill an empty network, but for the weights of these layers. Raises UnusableModel."""
    stored = stored_in(weight_files(folder))
    for layer in left_empty:
        _leave_empty(network.get_submodule(layer), dtype)
    places = [each for each in _places(network) if each[0].removesuffix(".weight") not in left_empty]
    names = {name: _name_in(stored, name) for name, _, _ in places}
    check_none_missing(folder, [name for name, found in names.items() if found is None])
    _check_sizes(places, {name: stored[found or name] for name, found in names.items()})
    wanted = {
        name: (stored[names[name] or name], _room(module, attribute, device, dtype))
        for name, module, attribute in places
    }
    fill(wanted, told)
    return network.to(device)


def _check_sizes(places: Iterable[tuple[str, nn.Module, str]], stored: Mapping[str, Stored]) -> None:
    """Raise ValueError where a weight is of another size, before there is room made for any."""
    for name, module, attribute in places:
        shape = tuple(getattr(module, attribute).shape)
        if stored[name].shape != shape:
            raise ValueError(f"{name} is {list(stored[name].shape)}, but {list(shape)} is expected.")


def _places(network: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    """Yield every weight: what files call it, and whose attribute it is."""
    for prefix, module in network.named_modules():
        for attribute, _ in module.named_parameters(recurse=False):
            yield f"{prefix}.{attribute}".removeprefix("."), module, attribute
        if isinstance(module, Narrow):
            yield f"{prefix}.weight", module, "rows"
            yield f"{prefix}.weight{SCALE}", module, "scale"


def _room(module: nn.Module, attribute: str, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Give a module memory for a weight, in the numbers that are computed in, and return it."""
    if isinstance(module, Narrow) and attribute in dict(module.named_buffers()):
        place = torch.empty_like(module.get_buffer(attribute), device=device)
        module.register_buffer(attribute, place)
        return place
    place = torch.empty_like(module.get_parameter(attribute), device=device, dtype=dtype)
    module.register_parameter(attribute, nn.Parameter(place, requires_grad=False))
    return place


def _leave_empty(linear: nn.Linear, dtype: torch.dtype) -> None:
    """Give a layer a weight that is one number in memory, as large as it looks."""
    one = torch.zeros((), dtype=dtype).expand(linear.weight.shape)
    linear.weight = nn.Parameter(one, requires_grad=False)


def _name_in(stored: Mapping[str, Stored], name: str) -> str | None:
    return next((each for each in (name, WITHIN + name) if each in stored), None)
