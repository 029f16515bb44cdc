"""One network of a model: made without weights, then given room where it will compute, to be read into."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from generator.engine.described import described
from generator.engine.held import Held
from generator.engine.products import Narrow
from generator.engine.reading import Maps, Stored, Told, Wanted, fill
from generator.engine.text_encoder import TextEncoder, text_config
from generator.engine.transformer import Transformer, TransformerConfig
from generator.engine.vae import Vae, VaeConfig
from generator.weights import SCALE, read_config

N = TypeVar("N", bound=nn.Module)


def empty_transformer(folder: Path) -> Transformer:
    """Return the transformer of a folder's configuration, its weights on no device."""
    config = described(TransformerConfig, read_config(folder / "config.json"))
    with torch.device("meta"):
        return ready(Transformer(config))


def empty_text_encoder(folder: Path, *, whole: bool = False) -> TextEncoder:
    """Return the text encoder of a folder's configuration, its weights on no device."""
    config = text_config(read_config(folder / "config.json"))
    with torch.device("meta"):
        return ready(TextEncoder(config, whole=whole))


def empty_vae(folder: Path) -> Vae:
    """Return the VAE of a folder's configuration, its weights on no device."""
    config = described(VaeConfig, read_config(folder / "config.json"))
    with torch.device("meta"):
        return ready(Vae(config))


def ready(network: N) -> N:
    """Return a network that is drawn with, not trained."""
    return network.eval().requires_grad_(False)


def transformer_like(stock: Any) -> Transformer:
    """Return a transformer that shares the weights of the reference's."""
    with torch.device("meta"):
        network = Transformer(described(TransformerConfig, stock.config))
    return _sharing(network, stock)


def text_encoder_like(stock: Any) -> TextEncoder:
    """Return a text encoder that shares the weights of the reference's."""
    with torch.device("meta"):
        network = TextEncoder(text_config(stock.config.to_dict()))
    return _sharing(network, stock)


def vae_like(stock: Any) -> Vae:
    """Return a VAE that shares the weights of the reference's."""
    with torch.device("meta"):
        network = Vae(described(VaeConfig, stock.config))
    return _sharing(network, stock)


def _sharing(network: N, stock: nn.Module) -> N:
    there = stock.state_dict(keep_vars=True)
    network.load_state_dict({name: there[name] for name in network.state_dict()}, assign=True)
    return ready(network.to(next(stock.parameters()).device))


@dataclass(frozen=True, slots=True)
class Room:
    """Where weights are to lie, and in which numbers.

    In the machine's memory those that a file holds so are not read, but lie where the system keeps the file:
    not where a network is `carried`, which its own memory is quicker for. Matrices that are multiplied as one
    lie as one, but not where they are `passing`, on their way into fewer bits.
    """

    device: torch.device
    dtype: torch.dtype
    carried: bool = False
    passing: bool = False


def with_room(network: nn.Module, held: Held, room: Room, left_empty: Collection[str] = ()) -> Wanted:
    """Give an empty network room, but for the weights of these layers; return what is to be read into it.

    Raises UnusableModel, or ValueError where a weight is of another size, before there is room made for any.
    """
    for layer in left_empty:
        _leave_empty(network.get_submodule(layer), room.dtype)
    places = {
        name: (module, attribute)
        for name, module, attribute in _places(network)
        if name.removesuffix(".weight") not in left_empty
    }
    found = held.matched({name: tuple(getattr(*place).shape) for name, place in places.items()})
    if isinstance(network, Transformer) and not room.passing:
        _lay_together(network, room, left_empty)
    maps, wanted = Maps(), list[tuple[Stored, Tensor]]()
    for name, (module, attribute) in places.items():
        if _is_there(found[name], getattr(module, attribute), room):
            there = nn.Parameter(maps.tensor(found[name]), requires_grad=False)
            module.register_parameter(attribute, there)
        else:
            wanted.append((found[name], _made(module, attribute, room)))
    network.to(room.device)  # the little that is in no file
    return wanted


def filled(network: N, held: Held, room: Room, told: Told) -> N:
    """Return an empty network with its weights."""
    fill(with_room(network, held, room), told)
    return network


def _is_there(stored: Stored, place: Tensor, room: Room) -> bool:
    """Whether a file holds a weight, for which there is no room yet, as it is computed with."""
    fits = isinstance(place, nn.Parameter) and place.is_meta and stored.lies_as(room.dtype)
    return fits and room.device.type == "cpu" and not room.carried


def _places(network: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    """Yield every weight: what files call it, and whose attribute it is."""
    for prefix, module in network.named_modules():
        for attribute, _ in module.named_parameters(recurse=False):
            yield f"{prefix}.{attribute}".removeprefix("."), module, attribute
        if isinstance(module, Narrow):
            yield f"{prefix}.weight", module, "rows"
            yield f"{prefix}.weight{SCALE}", module, "scale"


def _lay_together(network: Transformer, room: Room, left_empty: Collection[str]) -> None:
    """Make room for the matrices that are multiplied as one, one below the other."""
    for names in network.together():
        if names[0] in left_empty:
            continue
        linears: list[Any] = [network.get_submodule(name) for name in names]
        heights = [linear.out_features for linear in linears]
        sides = sum(heights), linears[0].in_features
        whole = torch.empty(sides, device=room.device, dtype=room.dtype)
        for linear, part in zip(linears, torch.split(whole, heights), strict=True):
            linear.weight = nn.Parameter(part, requires_grad=False)


def _made(module: nn.Module, attribute: str, room: Room) -> Tensor:
    """Give a module memory for a weight, in the numbers that are computed in, and return it."""
    there: Tensor = getattr(module, attribute)
    if not there.is_meta:
        return there.data
    if attribute in dict(module.named_buffers(recurse=False)):
        place = torch.empty_like(there, device=room.device)
        module.register_buffer(attribute, place)
        return place
    place = torch.empty_like(there, device=room.device, dtype=room.dtype)
    module.register_parameter(attribute, nn.Parameter(place, requires_grad=False))
    return place


def _leave_empty(linear: nn.Module, dtype: torch.dtype) -> None:
    """Give a layer a weight that is one number in memory, as large as it looks."""
    assert isinstance(linear, nn.Linear)
    one = torch.zeros((), dtype=dtype).expand(linear.weight.shape)
    linear.weight = nn.Parameter(one, requires_grad=False)
