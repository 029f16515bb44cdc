"""From noise to clean latents: the flow's Euler steps, one yield per step.

Captions are padded to multiples of 32 and the padding is attended to, so only captions of one padded
length can share a batch exactly; others are computed one group after the other within a step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generator.engine.lines import sent_to
from generator.engine.net import Net
from generator.engine.pieces import Pieces, Velocity
from generator.engine.schedule import Schedule
from generator.engine.start import Beginning
from generator.engine.text import Text
from generator.engine.tokens import PATCH, filled, patches, unpatched


@dataclass(frozen=True, slots=True)
class Step:
    """Step `number` (from 1) is done. `clean` is what the model takes the picture for, so far."""

    number: int
    latents: Tensor  # (pictures, 16, h / 8, w / 8)
    clean: Tensor  # the same


@dataclass(frozen=True, slots=True)
class Wish:
    """What the pictures shall show, one text each, and where guided, one negative each."""

    texts: Sequence[Text]
    negatives: Sequence[Text] = ()
    guidance: float = 0.0


def denoise(
    net: Net, latents: Tensor, wish: Wish, plan: Schedule, start: Beginning | None = None
) -> Iterator[Step]:
    """Yield after each step. What a `start` holds fast stays as it is there."""
    flow = _flow(net, [*wish.texts, *wish.negatives], latents.shape[-2:], start)
    sigmas = plan.sigmas  # on the processor, whose single numbers a card takes without being waited for
    for index, time in enumerate(plan.times.tolist()):
        velocity = -_velocity(flow, latents, time, wish)
        clean = latents - sigmas[index] * velocity
        latents = latents + (sigmas[index + 1] - sigmas[index]) * velocity
        if start is not None:
            latents = start.held(latents, sigmas[index + 1])
        yield Step(index + 1, latents, clean)


def _flow(net: Net, texts: Sequence[Text], size: Sequence[int], start: Beginning | None) -> Velocity:
    if start is None or start.most is None:
        return Flow(net, texts, size)
    return Pieces(lambda piece: Flow(net, texts, piece), size, start.most)


def _velocity(flow: Velocity, latents: Tensor, time: float, wish: Wish) -> Tensor:
    if not wish.negatives:
        return flow(latents, time)
    wanted, unwanted = flow(latents.repeat(2, 1, 1, 1), time).chunk(2)
    return wanted + wish.guidance * (wanted - unwanted)


class Flow:
    """The transformer for given texts and a given size: latents and time in, velocity out."""

    def __init__(self, net: Net, texts: Sequence[Text], size: Sequence[int]) -> None:
        groups: dict[int, list[int]] = {}
        for row, text in enumerate(texts):
            groups.setdefault(filled(len(text.features)), []).append(row)
        canvases = [Canvas(net, [texts[row] for row in rows], size) for rows in groups.values()]
        # A list as an index would be sent to a card at each step, which would be waited for.
        places = [sent_to(net.device, torch.tensor(rows)) for rows in groups.values()]
        self._groups = list(zip(places, canvases, strict=True))

    def __call__(self, latents: Tensor, time: float) -> Tensor:
        """Return the velocity, (rows, 16, h / 8, w / 8), in float32."""
        if len(self._groups) == 1:
            return self._groups[0][1](latents, time)
        velocity = torch.empty_like(latents)
        for rows, canvas in self._groups:
            velocity.index_copy_(0, rows, canvas(latents.index_select(0, rows), time))
        return velocity


class Canvas:
    """One group of captions of the same filled length, with all that is the same in every step."""

    def __init__(self, net: Net, texts: Sequence[Text], size: Sequence[int]) -> None:
        self._net = net
        self._rows, self._columns = size[0] // PATCH, size[1] // PATCH
        self._captions = torch.cat([net.refined(text) for text in texts])  # (rows, tokens, dim)
        device, length = self._captions.device, self._captions.shape[1]
        self._turns, self._all_turns = net.turns(self._rows, self._columns, length, device)

    def __call__(self, latents: Tensor, time: float) -> Tensor:
        """Return the velocity of these latents at this time."""
        return self._net.step(self._velocity, latents, self._captions, time)

    def _velocity(self, latents: Tensor, captions: Tensor, table: Tensor) -> Tensor:
        net, cut = self._net, patches(latents.to(self._net.dtype))
        moment = net.moment(table)
        tokens = net.refine(net.embedded(cut), self._turns, moment)  # (rows, tokens, dim)
        tokens = net.through(torch.cat([tokens, captions], dim=1), self._all_turns, moment)
        return unpatched(net.last(tokens, moment), self._rows, self._columns).float()
