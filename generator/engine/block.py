"""One transformer block on plain tensors: the reference's arithmetic, rounding included, without its modules.

The engine gives it fused matrices, the trainer the reference's own; both get what the reference computes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from generator.engine.norm import Norm
from generator.engine.products import Weight, product

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From queries, keys and values, (n, heads, tokens, head), to what is seen, the same shape."""


class Block(NamedTuple):
    """The weights of a block. `qkv` and `w13` are matrices of the reference, one below the other."""

    qkv: Weight  # (3 dim, dim)
    out: Weight  # (dim, dim)
    w13: Weight  # (2 wide, dim)
    w2: Weight  # (dim, wide)
    norm_q: Norm  # (head)
    norm_k: Norm
    attention_norm1: Norm  # (dim)
    attention_norm2: Norm
    ffn_norm1: Norm
    ffn_norm2: Norm
    heads: int


class Modulation(NamedTuple):
    """What a time does to a block, (n or 1, 1, dim) each: scales, their 1 added, and gates, their tanh."""

    attention_scale: Tensor
    attention_gate: Tensor
    ffn_scale: Tensor
    ffn_gate: Tensor


def block_of(layer: Any, fused: tuple[Tensor, Tensor] | None = None) -> Block:
    """Return a reference block's weights; `fused` are its qkv and w13 where they lie together already."""
    attention, feed = layer.attention, layer.feed_forward
    qkv, w13 = fused or (
        torch.cat([attention.to_q.weight, attention.to_k.weight, attention.to_v.weight]),
        torch.cat([feed.w1.weight, feed.w3.weight]),
    )
    return Block(
        qkv=qkv,
        out=attention.to_out[0].weight,
        w13=w13,
        w2=feed.w2.weight,
        norm_q=_norm(attention.norm_q),
        norm_k=_norm(attention.norm_k),
        attention_norm1=_norm(layer.attention_norm1),
        attention_norm2=_norm(layer.attention_norm2),
        ffn_norm1=_norm(layer.ffn_norm1),
        ffn_norm2=_norm(layer.ffn_norm2),
        heads=attention.heads,
    )


def modulation_of(layer: Any, moment: Tensor) -> Modulation:
    """Return what a moment, (n, 256), does to a reference block."""
    both = layer.adaLN_modulation(moment)[:, None].chunk(4, dim=2)
    attention_scale, attention_gate, ffn_scale, ffn_gate = both
    return Modulation(1 + attention_scale, attention_gate.tanh(), 1 + ffn_scale, ffn_gate.tanh())


def block(
    weights: Block, x: Tensor, turns: Tensor, moment: Modulation | None, attention: Attention
) -> Tensor:
    """Return the tokens (n, tokens, dim) after a block, modulated where there is a moment."""
    if moment is None:
        x = x + weights.attention_norm2(_attend(weights, weights.attention_norm1(x), turns, attention))
        return x + weights.ffn_norm2(_feed(weights, weights.ffn_norm1(x)))
    seen = _attend(weights, weights.attention_norm1(x) * moment.attention_scale, turns, attention)
    x = x + moment.attention_gate * weights.attention_norm2(seen)
    thought = _feed(weights, weights.ffn_norm1(x) * moment.ffn_scale)
    return x + moment.ffn_gate * weights.ffn_norm2(thought)


def with_matrices(weights: Block, change: Callable[[Tensor], Weight]) -> Block:
    """Return a block whose matrices, all plain ones, are changed."""
    qkv, out, w13, w2 = (change(weight) for weight in matrices_of(weights))
    return weights._replace(qkv=qkv, out=out, w13=w13, w2=w2)


def matrices_of(weights: Block) -> list[Tensor]:
    """Return a block's matrices as far as they are plain ones."""
    matrices = (weights.qkv, weights.out, weights.w13, weights.w2)
    return [weight for weight in matrices if isinstance(weight, Tensor)]


def scaled_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend by torch's own choice of kernel."""
    return functional.scaled_dot_product_attention(q, k, v)


def plain_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend by two products: quicker than the kernels where gradients are wanted on a processor."""
    scores: Tensor = q * q.shape[-1] ** -0.5 @ k.transpose(-1, -2)
    return torch.softmax(scores, -1).to(v.dtype) @ v


def turned(x: Tensor, turns: Tensor) -> Tensor:
    """Rotate neighbouring channels of (n, tokens, heads, head).

    `turns` are complex, (tokens, head / 2): one kernel; or `factors` of them, (tokens, 2, head): several,
    of which a compiler makes one, while it can do nothing about complex numbers.
    """
    wide = x.float()
    pairs = torch.unflatten(wide, -1, (-1, 2))
    if turns.is_complex():
        return torch.view_as_real(torch.view_as_complex(pairs) * turns[:, None]).flatten(-2).type_as(x)
    own, neighbour = turns[:, None].unbind(-2)  # (tokens, 1, head)
    return (wide * own + pairs.flip(-1).flatten(-2) * neighbour).type_as(x)


def _attend(weights: Block, x: Tensor, turns: Tensor, attention: Attention) -> Tensor:
    q, k, v = torch.unflatten(product(x, weights.qkv), -1, (3, weights.heads, -1)).unbind(2)
    q, k = turned(weights.norm_q(q), turns), turned(weights.norm_k(k), turns)
    seen = attention(*(part.transpose(1, 2) for part in (q, k, v)))
    return product(seen.transpose(1, 2).flatten(2), weights.out)


def _feed(weights: Block, x: Tensor) -> Tensor:
    gate, up = product(x, weights.w13).chunk(2, dim=-1)
    return product(functional.silu(gate) * up, weights.w2)


def _norm(norm: Any) -> Norm:
    return Norm(norm.weight, norm.eps)
