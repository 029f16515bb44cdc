"""Qwen3 as far as Z-Image reads it: from tokens to the output of its last but one layer.

The arithmetic, rounding included, and the names are the reference's, `Qwen3Model`, whose library takes
seconds to import. The last layer and the norm behind it are neither read nor computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from generator.engine.described import described
from generator.engine.norm import RmsNorm

Turns = tuple[Tensor, Tensor]
"""Cosines and sines, (tokens, head) each."""


@dataclass(frozen=True, slots=True)
class TextConfig:
    """The sizes of a text encoder; Qwen3's usual ones where a file does not say."""

    vocab_size: int = 151_936
    hidden_size: int = 4096
    intermediate_size: int = 22_016
    num_hidden_layers: int = 32
    num_attention_heads: int = 32
    num_key_value_heads: int = 32
    head_dim: int = 128
    rms_norm_eps: float = 1e-6
    rope_theta: float = 10_000.0
    attention_bias: bool = False
    hidden_act: str = "silu"
    use_sliding_window: bool = False

    def __post_init__(self) -> None:
        if self.hidden_act != "silu" or self.use_sliding_window:
            raise ValueError("Only text encoders with SiLU and without a sliding window are read.")


def text_config(config: Mapping[str, Any]) -> TextConfig:
    """Return what a file says; of the rotation each age of files says it in its own way."""
    said = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if (kind := said.get("rope_type", said.get("type", "default"))) != "default":
        raise ValueError(f"Text encoders whose tokens are turned as {kind} says are not read.")
    theta = said.get("rope_theta", config.get("rope_theta"))
    return described(TextConfig, {**config} if theta is None else {**config, "rope_theta": theta})


class Attention(nn.Module):
    """Each token sees itself and those before it."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self._head, width, bias = config.head_dim, config.hidden_size, config.attention_bias
        many, few = (count * self._head for count in (config.num_attention_heads, config.num_key_value_heads))
        self.q_proj = nn.Linear(width, many, bias=bias)
        self.k_proj = nn.Linear(width, few, bias=bias)
        self.v_proj = nn.Linear(width, few, bias=bias)
        self.o_proj = nn.Linear(many, width, bias=bias)
        self.q_norm = RmsNorm(self._head, config.rms_norm_eps)
        self.k_norm = RmsNorm(self._head, config.rms_norm_eps)

    def forward(self, x: Tensor, turns: Turns) -> Tensor:
        """Return what the tokens (n, tokens, width) see."""
        q, k, v = (to(x).unflatten(-1, (-1, self._head)) for to in (self.q_proj, self.k_proj, self.v_proj))
        q, k = (turned(part.transpose(1, 2), turns) for part in (self.q_norm(q), self.k_norm(k)))
        causal = x.shape[1] > 1
        seen = functional.scaled_dot_product_attention(
            q, k, v.transpose(1, 2), is_causal=causal, enable_gqa=True
        )
        found: Tensor = self.o_proj(seen.transpose(1, 2).flatten(2))
        return found


def turned(x: Tensor, turns: Turns) -> Tensor:
    """Rotate the channels of (n, heads, tokens, head), each with the one half a head away."""
    cos, sin = turns
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


class FeedForward(nn.Module):
    """What a token makes of itself."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        width, wide = config.hidden_size, config.intermediate_size
        self.gate_proj, self.up_proj = (nn.Linear(width, wide, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(wide, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return it."""
        found: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return found


class Layer(nn.Module):
    """One layer."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(config), FeedForward(config)
        self.input_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, turns: Turns) -> Tensor:
        """Return the tokens after it."""
        x = x + self.self_attn(self.input_layernorm(x), turns)
        found: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return found


class Rotation(nn.Module):
    """How far each pair of channels is turned at each place."""

    speeds: Tensor

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        pairs = torch.arange(0, config.head_dim, 2, dtype=torch.float, device="cpu") / config.head_dim
        self.register_buffer("speeds", 1.0 / config.rope_theta**pairs, persistent=False)

    def forward(self, x: Tensor) -> Turns:
        """Return the turns of tokens (n, tokens, width)."""
        angles = torch.arange(x.shape[1], device=x.device)[:, None].float() * self.speeds
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


class TextEncoder(nn.Module):
    """All layers that are read, or `whole`, as files hold them."""

    def __init__(self, config: TextConfig, *, whole: bool = False) -> None:
        super().__init__()
        self.config = config
        sizes = config.vocab_size, config.hidden_size
        self.embed_tokens = nn.Embedding(*sizes, _weight=torch.empty(sizes))  # drawing numbers takes a second
        layers = config.num_hidden_layers if whole else config.num_hidden_layers - 1
        self.layers = nn.ModuleList(Layer(config) for _ in range(layers))
        self.rotation = Rotation(config)

    def forward(self, ids: Tensor) -> Tensor:
        """Return what it makes of tokens (n, tokens), (n, tokens, width)."""
        x: Tensor = self.embed_tokens(ids)
        turns = self.rotation(x)
        for layer in self.layers:
            x = layer(x, turns)
        return x
