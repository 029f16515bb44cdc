"""Z-Image's transformer as a tree of weights: what files call each, and how large it is. `Net` draws with it.

The names are the reference's, `ZImageTransformer2DModel`, whose library takes seconds to import. Here is only
the arithmetic that is done once for a time or a caption; what a step goes through is in `block` and `net`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from generator.engine.norm import RmsNorm

MOMENT = 256  # channels of a time, at most
TIME_WIDTH = 1024
SLOWEST = 10_000  # how many times slower the slowest wave of a time is than the fastest
PATCH_SIDES = (2, 1)  # of a patch, and how many frames


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """The sizes of a transformer; those of the published one where a file does not say."""

    in_channels: int = 16
    dim: int = 3840
    n_layers: int = 30
    n_refiner_layers: int = 2
    n_heads: int = 30
    norm_eps: float = 1e-5
    cap_feat_dim: int = 2560
    rope_theta: float = 256.0
    t_scale: float = 1000.0
    axes_dims: tuple[int, ...] = (32, 48, 48)

    def __post_init__(self) -> None:
        heads, head = self.n_heads, sum(self.axes_dims)
        if self.dim != heads * head:
            raise ValueError(f"{heads} heads of {head} channels each do not make {self.dim}.")


class Attention(nn.Module):
    """The weights of a block's attention."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, dim = config.n_heads, config.dim
        self.to_q, self.to_k, self.to_v = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(dim, dim, bias=False)])
        head = dim // config.n_heads
        self.norm_q, self.norm_k = RmsNorm(head, 1e-5), RmsNorm(head, 1e-5)


class FeedForward(nn.Module):
    """The weights of a block's other half."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        wide = int(dim / 3 * 8)
        self.w1, self.w3 = (nn.Linear(dim, wide, bias=False) for _ in range(2))
        self.w2 = nn.Linear(wide, dim, bias=False)


class Layer(nn.Module):
    """The weights of a block; `block` computes with them."""

    def __init__(self, config: TransformerConfig, *, modulated: bool) -> None:
        super().__init__()
        dim, eps = config.dim, config.norm_eps
        self.attention = Attention(config)
        self.feed_forward = FeedForward(dim)
        self.attention_norm1, self.ffn_norm1 = RmsNorm(dim, eps), RmsNorm(dim, eps)
        self.attention_norm2, self.ffn_norm2 = RmsNorm(dim, eps), RmsNorm(dim, eps)
        if modulated:
            self.adaLN_modulation = nn.Sequential(nn.Linear(min(dim, MOMENT), 4 * dim))


class LastLayer(nn.Module):
    """From tokens to what is predicted of their patches."""

    def __init__(self, dim: int, channels: int) -> None:
        super().__init__()
        self.norm_final = nn.LayerNorm(dim, elementwise_affine=False, eps=1e-6)
        self.linear = nn.Linear(dim, channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(min(dim, MOMENT), dim))


class TimeEmbedder(nn.Module):
    """From times to moments, which modulate the blocks."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first = nn.Linear(MOMENT, TIME_WIDTH)
        self.mlp = nn.Sequential(first, nn.SiLU(), nn.Linear(TIME_WIDTH, channels))

    def forward(self, times: Tensor) -> Tensor:
        """Return the moments, (n, channels), of times, (n)."""
        half = MOMENT // 2
        order = torch.arange(half, dtype=torch.float32, device=times.device)
        angles = times[:, None].float() * torch.exp(-math.log(SLOWEST) * order / half)[None]
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1)
        found: Tensor = self.mlp(waves.to(next(self.mlp.parameters()).dtype))
        return found


class Transformer(nn.Module):
    """All weights of a transformer."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config, self.t_scale = config, config.t_scale
        side, frames = PATCH_SIDES
        dim, channels = config.dim, side * side * frames * config.in_channels
        key = f"{side}-{frames}"
        self.all_x_embedder = nn.ModuleDict({key: nn.Linear(channels, dim)})
        self.all_final_layer = nn.ModuleDict({key: LastLayer(dim, channels)})
        few = range(config.n_refiner_layers)
        self.noise_refiner = nn.ModuleList(Layer(config, modulated=True) for _ in few)
        self.context_refiner = nn.ModuleList(Layer(config, modulated=False) for _ in few)
        self.t_embedder = TimeEmbedder(min(dim, MOMENT))
        self.cap_embedder = nn.Sequential(
            RmsNorm(config.cap_feat_dim, config.norm_eps), nn.Linear(config.cap_feat_dim, dim)
        )
        self.x_pad_token = nn.Parameter(torch.zeros(1, dim))
        self.cap_pad_token = nn.Parameter(torch.zeros(1, dim))
        self.layers = nn.ModuleList(Layer(config, modulated=True) for _ in range(config.n_layers))

    def together(self) -> Iterator[tuple[str, ...]]:
        """Yield the names of layers whose matrices are multiplied as one, so that they may lie as one."""
        for name, module in self.named_modules():
            if isinstance(module, Attention):
                yield f"{name}.to_q", f"{name}.to_k", f"{name}.to_v"
            if isinstance(module, FeedForward):
                yield f"{name}.w1", f"{name}.w3"
