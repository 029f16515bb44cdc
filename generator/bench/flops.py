"""The least that a picture costs: multiplications and additions, counted by formula.

A block has four square matrices and three of the feed-forward (10 240 wide in Z-Image): 2 FLOPs per weight
and token. Attention costs 4 FLOPs per pair of tokens and channel, two for the scores and two for the values.
The main layers see picture and caption, the refiners one of them each; the caption's is done once
per picture. A test holds this beside torch's own counter.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from generator.bench.sizes import Size, skeleton

BUCKET = 32
LATENT = 8  # pixels along a latent's side
TOKEN = 16  # pixels along a token's side


@dataclass(frozen=True, slots=True)
class Work:
    """FLOPs of one picture, by stage."""

    text: int
    steps: int
    decode: int

    @property
    def all(self) -> int:
        """Everything."""
        return self.text + self.steps + self.decode


def work(size: Size, width: int, height: int, caption: int, steps: int) -> Work:
    """Return what one picture costs whose caption fills so many tokens."""
    transformer, text_encoder = skeleton("transformer", size), skeleton("text_encoder", size)
    return Work(
        text=_text(text_encoder.config, _filled(caption)),
        steps=steps * step_flops(transformer.config, _tokens(width, height), _filled(caption)),
        decode=_decode(skeleton("vae", size), width, height),
    )


def step_flops(config: Any, image: int, caption: int) -> int:
    """Return what one step costs for so many tokens of picture and caption."""
    image = _filled(image)
    whole = image + caption
    weights = 4 * config.dim**2 + 3 * config.dim * int(config.dim / 3 * 8)
    matrices = 2 * weights * (config.n_layers * whole + config.n_refiner_layers * image)
    attention = 4 * config.dim * (config.n_layers * whole**2 + config.n_refiner_layers * image**2)
    return int(matrices + attention)


def _text(config: Any, tokens: int) -> int:
    width, heads, kept = config.hidden_size, config.num_attention_heads, config.num_key_value_heads
    head = config.head_dim
    weights = 2 * width * heads * head + 2 * width * kept * head + 3 * width * config.intermediate_size
    layers = config.num_hidden_layers - 1  # the last one is never read
    return int(layers * (2 * weights * tokens + 4 * tokens**2 * heads * head))


def _decode(vae: Any, width: int, height: int) -> int:
    latents = torch.empty(1, vae.config.latent_channels, height // LATENT, width // LATENT, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        vae.decode(latents, return_dict=False)
    return int(counter.get_total_flops())


def _tokens(width: int, height: int) -> int:
    return (width // TOKEN) * (height // TOKEN)


def _filled(tokens: int) -> int:
    return -(-tokens // BUCKET) * BUCKET
