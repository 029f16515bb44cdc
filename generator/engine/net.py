"""The transformer as drawing needs it: fused matrices, and what no step changes computed once."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from generator.engine.block import Block, Modulation, block, block_of, modulation_of, scaled_attention
from generator.engine.text import Text
from generator.engine.tokens import BUCKET, filled, rotations

KEY = "2-1"  # the name of the layers for patches of 2 x 2 in one frame
MOMENTS_KEPT = 128  # times; one takes a megabyte with Z-Image-Turbo


class Moment:
    """What a time does: to each block that it modulates, and to the last layer."""

    def __init__(self, transformer: Any, time: float, like: Tensor) -> None:
        net = transformer
        told = torch.tensor([time], device=like.device) * net.t_scale
        moment = net.t_embedder(told).type_as(like)  # (1, 256)
        self.refiner = [modulation_of(layer, moment) for layer in net.noise_refiner]
        self.layers = [modulation_of(layer, moment) for layer in net.layers]
        self.last = 1.0 + net.all_final_layer[KEY].adaLN_modulation(moment)[:, None]  # (1, 1, dim)


class Net:
    """A transformer to draw with. It shares its weights with the reference's modules, where they may change.

    `worn` says what they hold now: what was computed with other weights is not taken for the same.
    """

    def __init__(self, transformer: Any, worn: Callable[[], object] = tuple) -> None:
        self.transformer = transformer
        self._worn = worn
        self._moments: OrderedDict[tuple[object, float], Moment] = OrderedDict()
        self._refiner = [fused_block(layer) for layer in transformer.noise_refiner]
        self._caption = [fused_block(layer) for layer in transformer.context_refiner]
        self._layers = [fused_block(layer) for layer in transformer.layers]

    @property
    def dtype(self) -> torch.dtype:
        """What tokens are computed in."""
        return cast(torch.dtype, self.transformer.x_pad_token.dtype)

    def turns(self, rows: int, columns: int, caption: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return the rotations of picture and caption on a device, in the form that is quick there."""
        config = self.transformer.config
        found = rotations(rows, columns, caption, tuple(config.axes_dims), config.rope_theta)
        image, words = (each.to(device) for each in found)
        if device.type == "cpu":
            return torch.view_as_complex(image), torch.view_as_complex(words)
        return image, words

    def moment(self, time: float, like: Tensor) -> Moment:
        """Return what a time does, from memory where it was asked before."""
        key = self._worn(), time
        if key not in self._moments:
            self._moments[key] = Moment(self.transformer, time, like)
            while len(self._moments) > MOMENTS_KEPT:
                self._moments.popitem(last=False)
        self._moments.move_to_end(key)
        return self._moments[key]

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
            tokens = self._block(weights, tokens, turns, None)
        return cast(Tensor, tokens)

    def embedded(self, patches: Tensor) -> Tensor:
        """Return patches as tokens, filled up, (n, tokens, dim)."""
        net, count = self.transformer, patches.shape[1]
        rows = torch.cat([patches, patches[:, -1:].expand(-1, -count % BUCKET, -1)], dim=1)
        tokens = net.all_x_embedder[KEY](rows.flatten(0, 1)).unflatten(0, rows.shape[:2])
        tokens[:, count:] = net.x_pad_token
        return cast(Tensor, tokens)

    def refine(self, tokens: Tensor, turns: Tensor, moment: Moment) -> Tensor:
        """Return the picture's tokens as the main layers read them."""
        return self._through(self._refiner, tokens, turns, moment.refiner)

    def through(self, tokens: Tensor, turns: Tensor, moment: Moment) -> Tensor:
        """Return picture and caption after the main layers."""
        return self._through(self._layers, tokens, turns, moment.layers)

    def last(self, tokens: Tensor, moment: Moment) -> Tensor:
        """Return the velocity of each patch."""
        layer = self.transformer.all_final_layer[KEY]
        return cast(Tensor, layer.linear(layer.norm_final(tokens) * moment.last))

    def _through(
        self, blocks: list[Block], tokens: Tensor, turns: Tensor, moments: list[Modulation]
    ) -> Tensor:
        for weights, moment in zip(blocks, moments, strict=True):
            tokens = self._block(weights, tokens, turns, moment)
        return tokens

    def _block(self, weights: Block, tokens: Tensor, turns: Tensor, moment: Modulation | None) -> Tensor:
        return block(weights, tokens, turns, moment, scaled_attention)


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
