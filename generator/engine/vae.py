"""The autoencoder between pixels and latents: its weights by the names of files, and its way in tiles.

The reference is `AutoencoderKL`, whose library takes seconds to import; pictures and latents are its own, to
the bit, in tiles too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from generator.engine.block import Attention as Attend
from generator.engine.block import scaled_attention
from generator.engine.compiled import Compiled
from generator.engine.decoder import decoded
from generator.engine.encoder import encoded

EPS = 1e-6  # of the norms
OVERLAP = 0.25  # of a tile
BLOCKS = ("DownEncoderBlock2D", "UpDecoderBlock2D")


@dataclass(frozen=True, slots=True)
class VaeConfig:
    """The sizes of an autoencoder; the reference's usual ones where a file does not say."""

    in_channels: int = 3
    out_channels: int = 3
    down_block_types: Sequence[str] = BLOCKS[:1]
    up_block_types: Sequence[str] = BLOCKS[1:]
    block_out_channels: Sequence[int] = (64,)
    layers_per_block: int = 1
    act_fn: str = "silu"
    latent_channels: int = 4
    norm_num_groups: int = 32
    sample_size: int = 32
    scaling_factor: float = 0.18215
    shift_factor: float | None = None
    use_quant_conv: bool = True
    use_post_quant_conv: bool = True
    mid_block_add_attention: bool = True

    def __post_init__(self) -> None:
        if self.act_fn != "silu" or {*self.down_block_types, *self.up_block_types} - {*BLOCKS}:
            raise ValueError(f"Only autoencoders of SiLU, {' and '.join(BLOCKS)} are read.")


class Pair(nn.Module):
    """Two convolutions, beside which the input is kept."""

    def __init__(self, given: int, made: int, groups: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, given, EPS), nn.Conv2d(given, made, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(groups, made, EPS), nn.Conv2d(made, made, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(given, made, 1) if given != made else None


class Attention(nn.Module):
    """Attention with one head."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.heads = 1
        self.attend: Attend = scaled_attention
        self.group_norm = nn.GroupNorm(groups, channels, EPS)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])


class Middle(nn.Module):
    """What is between the way down and the way up."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        channels, groups = config.block_out_channels[-1], config.norm_num_groups
        attention: Any = Attention(channels, groups) if config.mid_block_add_attention else None
        self.attentions = nn.ModuleList([attention])  # one, even where it is none, as in the reference
        self.resnets = nn.ModuleList(Pair(channels, channels, groups) for _ in range(2))


class Scaling(nn.Module):
    """A convolution after which, or before which, a picture is another size."""

    def __init__(self, channels: int, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride, padding)


class Level(nn.Module):
    """What happens at one size."""

    def __init__(self, given: int, made: int, count: int, groups: int) -> None:
        super().__init__()
        self.resnets = nn.ModuleList(Pair(made if each else given, made, groups) for each in range(count))
        self.downsamplers: nn.ModuleList | None = None
        self.upsamplers: nn.ModuleList | None = None


class Coder(nn.Module):
    """What both ways begin and end with."""

    def __init__(self, config: VaeConfig, given: int, made: int, sides: tuple[int, int]) -> None:
        super().__init__()
        first, last = sides
        self.conv_in = nn.Conv2d(given, first, 3, padding=1)
        self.mid_block = Middle(config)
        self.conv_norm_out = nn.GroupNorm(config.norm_num_groups, last, EPS)
        self.conv_out = nn.Conv2d(last, made, 3, padding=1)


class Encoder(Coder):
    """The way from pixels."""

    def __init__(self, config: VaeConfig) -> None:
        widths = config.block_out_channels
        super().__init__(config, config.in_channels, 2 * config.latent_channels, (widths[0], widths[-1]))
        self.down_blocks = nn.ModuleList()
        for given, made in zip((widths[0], *widths), widths, strict=False):
            level = Level(given, made, config.layers_per_block, config.norm_num_groups)
            self.down_blocks.append(level)
            if len(self.down_blocks) < len(widths):
                level.downsamplers = nn.ModuleList([Scaling(made, stride=2)])


class Decoder(Coder):
    """The way to pixels."""

    def __init__(self, config: VaeConfig) -> None:
        widths = config.block_out_channels[::-1]
        super().__init__(config, config.latent_channels, config.out_channels, (widths[0], widths[-1]))
        self.up_blocks = nn.ModuleList()
        for given, made in zip((widths[0], *widths), widths, strict=False):
            level = Level(given, made, config.layers_per_block + 1, config.norm_num_groups)
            self.up_blocks.append(level)
            if len(self.up_blocks) < len(widths):
                level.upsamplers = nn.ModuleList([Scaling(made, padding=1)])


class Vae(nn.Module):
    """The autoencoder. What is `compiled` is the decoding of whole pictures: tiles come in many shapes."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        channels = config.latent_channels
        self.quant_conv = nn.Conv2d(2 * channels, 2 * channels, 1) if config.use_quant_conv else None
        self.post_quant_conv = nn.Conv2d(channels, channels, 1) if config.use_post_quant_conv else None
        self.compiled: Compiled | None = None
        self.use_tiling = False
        self.pixel_tile = int(config.sample_size)
        self.latent_tile = self.pixel_tile // 2 ** (len(config.block_out_channels) - 1)

    def attend_by(self, attend: Attend) -> None:
        """Attend in another way."""
        for module in self.modules():
            if isinstance(module, Attention):
                module.attend = attend

    @property
    def head(self) -> int:
        """How many channels its attention's one head has."""
        return int(self.config.block_out_channels[-1])

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self.decoder.conv_in.weight.dtype

    def decode(self, latents: Tensor) -> Tensor:
        """Return pixels (n, 3, 8 h, 8 w), -1 to 1, of latents (n, 16, h, w)."""
        if self.use_tiling and max(latents.shape[-2:]) > self.latent_tile:
            return in_tiles(self._decoded, latents, self.latent_tile, self.pixel_tile)
        return self._decoded(latents)

    def encode(self, pixels: Tensor) -> Tensor:
        """Return the middle of what the latents of pixels may be."""
        if self.use_tiling and max(pixels.shape[-2:]) > self.pixel_tile:
            moments = in_tiles(self._encoded, pixels, self.pixel_tile, self.latent_tile)
        else:
            moments = self._encoded(pixels)
        return moments.chunk(2, dim=1)[0]

    def _decoded(self, latents: Tensor) -> Tensor:
        given = latents if self.post_quant_conv is None else self.post_quant_conv(latents)
        go = decoded
        if self.compiled is not None and not self.use_tiling:
            key = "decoder", tuple(given.shape), given.dtype
            go = self.compiled.form_of(decoded, key, lambda: (self.decoder, torch.zeros_like(given)))
        return go(self.decoder, given)

    def _encoded(self, pixels: Tensor) -> Tensor:
        found = encoded(self.encoder, pixels)
        return found if self.quant_conv is None else cast(Tensor, self.quant_conv(found))


def in_tiles(go: Callable[[Tensor], Tensor], x: Tensor, side: int, made: int) -> Tensor:
    """Return what is made of x, in tiles of one side, of which `made` is the side of what is made of each."""
    step, blend = int(side * (1 - OVERLAP)), int(made * OVERLAP)
    height, width = x.shape[-2:]
    rows = [
        [go(x[:, :, top : top + side, left : left + side]) for left in range(0, width, step)]
        for top in range(0, height, step)
    ]
    for number, row in enumerate(rows):
        for place, tile in enumerate(row):
            if number:
                _blend(rows[number - 1][place], tile, blend, 2)
            if place:
                _blend(row[place - 1], tile, blend, 3)
    kept = slice(made - blend)
    return torch.cat([torch.cat([tile[:, :, kept, kept] for tile in row], dim=3) for row in rows], dim=2)


def _blend(before: Tensor, tile: Tensor, extent: int, side: int) -> None:
    """Let a tile begin as the one before it ends."""
    extent = min(before.shape[side], tile.shape[side], extent)
    for at in range(extent):
        line, old = tile.select(side, at), before.select(side, before.shape[side] - extent + at)
        line.copy_(old * (1 - at / extent) + line * (at / extent))
