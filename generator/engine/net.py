"""The transformer as drawing needs it: fused matrices, and what no step changes computed once."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from generator.choices import Precision
from generator.engine.block import Block, Modulation, block_of, matrices_of, modulation_of, with_matrices
from generator.engine.carried import Carrier, pin
from generator.engine.compiled import Through, plainly
from generator.engine.latest import Latest
from generator.engine.levers import NONE, Levers
from generator.engine.lines import beside
from generator.engine.narrow import NarrowFile
from generator.engine.products import Float8, Int8, kept_in
from generator.engine.recorded import Step
from generator.engine.text import Text
from generator.engine.tokens import BUCKET, Turns, filled, rotations, turns_of

KEY = "2-1"  # the name of the layers for patches of 2 x 2 in one frame
MOMENTS_KEPT = 128  # times; one takes a megabyte with Z-Image-Turbo
TURNS_KEPT = 16  # shapes; one of 1024 x 1024 takes 4 MB on a card
PARTS = len(Modulation._fields)


class Moment:
    """What a time does: to each block that it modulates, and to the last layer. All of it is in one table."""

    def __init__(self, table: Tensor, refiners: int) -> None:
        *parts, self.last = table[:, None, None].unbind()  # (1, 1, dim) each
        blocks = [Modulation(*parts[at : at + PARTS]) for at in range(0, len(parts), PARTS)]
        self.refiner, self.layers = blocks[:refiners], blocks[refiners:]


def moment_table(transformer: Any, time: float, like: Tensor) -> Tensor:
    """Return what a time does to a reference transformer, (4 for each block and one more, dim)."""
    net = transformer
    told = torch.full((1,), time, device=like.device) * net.t_scale  # filled there: nothing is sent
    moment = net.t_embedder(told).type_as(like)  # (1, 256)
    blocks = [modulation_of(layer, moment) for layer in (*net.noise_refiner, *net.layers)]
    last = 1.0 + net.all_final_layer[KEY].adaLN_modulation(moment)[:, None]
    return torch.cat([*(part for each in blocks for part in each), last]).flatten(1)


class Net:
    """A transformer to draw with. It shares its weights with the reference's modules, where they may change.

    `worn` says what they hold now: what was computed with other weights is not taken for the same.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one for each part that it is put together from
        self,
        transformer: Any,
        worn: Callable[[], object] = tuple,
        device: torch.device | None = None,
        precision: Precision = Precision.EXACT,
        levers: Levers = NONE,
        narrow: NarrowFile | None = None,
    ) -> None:
        self.transformer = transformer
        self.device = device or transformer.x_pad_token.device
        self._worn = worn
        self._precision = precision
        self._levers = levers
        self._moments: Latest[tuple[object, float], Tensor] = Latest(MOMENTS_KEPT)
        self._turns: Latest[tuple[object, ...], tuple[Turns, Turns]] = Latest(TURNS_KEPT)
        small_parts_to(transformer, self.device)
        self._caption = [fused_block(layer) for layer in transformer.context_refiner]
        self._narrow = narrow
        self._whole = self._fused() if precision is Precision.EXACT else []
        self._carrier = self._carried() if precision is Precision.EXACT else None
        self._kept: list[Block] = []
        self._kept_for: object = None

    @property
    def dtype(self) -> torch.dtype:
        """What tokens are computed in."""
        return cast(torch.dtype, self.transformer.x_pad_token.dtype)

    def turns(self, rows: int, columns: int, caption: int, device: torch.device) -> tuple[Turns, Turns]:
        """Return the rotations of a picture's tokens, and of these with a caption's, on a device."""
        key = rows, columns, caption, device
        return self._turns(key, lambda: self._new_turns(*key))

    def _new_turns(self, rows: int, columns: int, caption: int, device: torch.device) -> tuple[Turns, Turns]:
        config = self.transformer.config
        found = rotations(rows, columns, caption, tuple(config.axes_dims), config.rope_theta)
        image, words = (each.to(device) for each in found)
        return turns_of(image), turns_of(image, words)

    def step(self, step: Step, latents: Tensor, captions: Tensor, time: float) -> Tensor:
        """Return what a step makes of latents, captions and the table of a time; recorded where that pays."""
        self.blocks()  # a recording does not ask for them, but reads them where they lie
        inputs = latents, captions, self.table(time, captions)
        recorder = self._levers.recorder
        return step(*inputs) if recorder is None else recorder(step, *inputs)

    def free_memory(self) -> bool:
        """Let go of what only makes steps quicker; return whether there was any."""
        return self._levers.recorder is not None and self._levers.recorder.forget()

    def table(self, time: float, like: Tensor) -> Tensor:
        """Return what a time does, from memory where it was asked before."""
        return self._moments((self._worn(), time), lambda: moment_table(self.transformer, time, like))

    def moment(self, table: Tensor) -> Moment:
        """Return what a table does to each part."""
        return Moment(table, len(self.transformer.noise_refiner))

    def blocks(self) -> list[Block]:
        """Return a step's blocks as their precision keeps them: the picture's refiners, then the main.

        Where the weights change, those are made anew in the same place.
        """
        if self._precision is Precision.EXACT:
            return self._whole
        worn = self._worn()
        if not self._kept:
            self._kept = [*self._narrowed()] if self._narrow is None else self._narrow.blocks
            self._kept_for = () if self._narrow else worn
        if worn != self._kept_for:
            self._make_anew(worn)
            self._kept_for = worn
        return self._kept

    def _make_anew(self, worn: object) -> None:
        if self._narrow is not None and not worn:
            self._narrow.read()
            return
        for kept, fresh in zip(self._kept, self._narrowed(), strict=True):
            copy_matrices(fresh, kept)

    def _narrowed(self) -> Iterator[Block]:
        """Yield the blocks in eight bits; only one at a time is laid together."""
        return (kept_block(block_of(layer), self._precision, self.device) for layer in self._layers())

    def _fused(self) -> list[Block]:
        return [fused_block(layer) for layer in self._layers()]

    def _layers(self) -> Iterator[Any]:
        """Yield the reference's blocks of a step."""
        yield from self.transformer.noise_refiner
        yield from self.transformer.layers

    def refined(self, text: Text) -> Tensor:
        """Return a caption as the main layers read it, (1, tokens, dim); kept with the text."""
        worn = self._worn()
        if worn not in text.refined:
            text.refined.clear()
            text.refined[worn] = self._refine(text.features.to(self.dtype))
        return text.refined[worn]

    def _refine(self, features: Tensor) -> Tensor:
        net, length = self.transformer, filled(len(features))
        rows = torch.cat([features, features[-1:].expand(length - len(features), -1)])
        tokens = net.cap_embedder(rows)[None]
        tokens[:, len(features) :] = net.cap_pad_token
        _, turns = self.turns(0, 0, length, features.device)
        for weights in self._caption:
            here = block_on(weights, self.device)
            tokens = plainly(here, tokens, turns.whole, None, self._levers.attention.attend)
        return cast(Tensor, tokens)

    def embedded(self, patches: Tensor) -> Tensor:
        """Return patches as tokens, filled up, (n, tokens, dim)."""
        net, count = self.transformer, patches.shape[1]
        rows = torch.cat([patches, patches[:, -1:].expand(-1, -count % BUCKET, -1)], dim=1)
        tokens = net.all_x_embedder[KEY](rows.flatten(0, 1)).unflatten(0, rows.shape[:2])
        tokens[:, count:] = net.x_pad_token
        return cast(Tensor, tokens)

    def refine(self, tokens: Tensor, turns: Turns, moment: Moment) -> Tensor:
        """Return the picture's tokens as the main layers read them."""
        return self._through("refiner", 0, tokens, turns, moment.refiner)

    def through(self, tokens: Tensor, turns: Turns, moment: Moment) -> Tensor:
        """Return picture and caption after the main layers."""
        return self._through("main", len(moment.refiner), tokens, turns, moment.layers)

    def last(self, tokens: Tensor, moment: Moment) -> Tensor:
        """Return the velocity of each patch."""
        layer = self.transformer.all_final_layer[KEY]
        return cast(Tensor, layer.linear(layer.norm_final(tokens) * moment.last))

    def _through(
        self, group: str, first: int, tokens: Tensor, turns: Turns, moments: list[Modulation]
    ) -> Tensor:
        """Go through a group of blocks, of which `first` is the number of the first."""
        attend, block_at = self._levers.attention.attend, self._carrier or self.blocks().__getitem__
        for index, moment in enumerate(moments):
            weights = block_at(first + index)
            go = self._form(group, weights, tokens, turns, moment)
            tokens = go(weights, tokens, turns.whole if go is plainly else turns.factors, moment, attend)
        return tokens

    def _form(self, group: str, weights: Block, tokens: Tensor, turns: Turns, moment: Modulation) -> Through:
        compiled, attend = self._levers.compiled, self._levers.attention.attend
        if compiled is None:
            return plainly
        return compiled.function(group, weights, tokens, turns.factors, moment, attend)

    def _carried(self) -> Carrier | None:
        """Return what brings the blocks to the card where they lie in the machine's memory."""
        matrices = [weight for weights in self._whole for weight in matrices_of(weights)]
        if self.device.type == "cpu" or any(weight.device.type != "cpu" for weight in matrices):
            return None
        pin(matrices)
        return Carrier(self._whole, self.device, beside(self.device))


def kept_block(weights: Block, precision: Precision, device: torch.device) -> Block:
    """Return a block with its matrices in a precision, on a device."""
    wide = block_on(weights, device)
    return with_matrices(wide, lambda weight: kept_in(weight, precision))


def block_on(weights: Block, device: torch.device) -> Block:
    """Return a block whose matrices are on a device; carried there where they lie elsewhere."""
    if not isinstance(weights.qkv, Tensor) or weights.qkv.device == device:
        return weights
    return with_matrices(weights, lambda weight: weight.to(device, non_blocking=True))


def copy_matrices(source: Block, target: Block) -> None:
    """Write matrices in eight bits to where others lie."""
    for new, old in zip(source, target, strict=True):
        if isinstance(new, Int8 | Float8) and isinstance(old, Int8 | Float8):
            old.rows.copy_(new.rows)
            old.scale.copy_(new.scale)


def small_parts_to(transformer: Any, device: torch.device) -> None:
    """Bring everything but the blocks' matrices to a device; those are carried, or kept there narrower."""
    for name, parameter in transformer.named_parameters():
        if not any(part in name for part in (".attention.to_", ".feed_forward.")):
            parameter.data = parameter.data.to(device)


def fused_block(layer: Any) -> Block:
    """Lay a reference block's matrices together where they are multiplied together, and return its weights.

    The reference's own matrices become parts of the fused ones: what is written to them is written there.
    """
    attention, feed = layer.attention, layer.feed_forward
    qkv = _together(attention.to_q, attention.to_k, attention.to_v)
    return block_of(layer, (qkv, _together(feed.w1, feed.w3)))


def _together(*linears: Any) -> Tensor:
    weights = [linear.weight for linear in linears]
    whole = _lying_together(weights)
    if whole is None:
        whole = torch.cat([weight.data for weight in weights])
        for weight, part in zip(weights, torch.split(whole, [len(each) for each in weights]), strict=True):
            weight.data = part
    return whole


def _lying_together(weights: Sequence[Tensor]) -> Tensor | None:
    """Return the matrix whose parts these are already, one behind the other in memory."""
    first, height, end = weights[0], 0, weights[0].storage_offset()
    for weight in weights:
        if (_place(weight), weight.storage_offset()) != (_place(first), end):
            return None
        height, end = height + len(weight), end + weight.numel()
    return first.data.as_strided((height, first.shape[1]), first.stride(), first.storage_offset())


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
