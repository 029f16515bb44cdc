"""From noise to clean latents: the flow's Euler steps, one yield per step.

The transformer's blocks are the reference's; what does not change between steps is computed once.
Captions are padded to multiples of 32 and the padding is attended to, so only captions of one padded
length can share a batch exactly; others are computed one group after the other within a step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from generator.engine.start import Beginning
from generator.engine.text import Text

PATCH = 2  # latent pixels along a token's side
BUCKET = 32  # tokens
KEY = f"{PATCH}-1"  # the name of the layers for that patch


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


@dataclass(frozen=True, slots=True)
class Schedule:
    """Noise levels from 1 down to 0, one more than steps, and the times the transformer is told."""

    sigmas: Tensor  # (steps + 1)
    times: Tensor  # (steps)

    def last(self, steps: int) -> "Schedule":
        """Return the schedule's end, so many steps."""
        first = len(self.times) - steps
        return Schedule(self.sigmas[first:], self.times[first:])


def schedule(scheduler: Any, steps: int, shift: float, tokens: int) -> Schedule:
    """Return the reference's schedule for a number of steps, a time shift and image tokens."""
    config = scheduler.config
    fresh = scheduler.from_config(config, shift=shift)
    slope = (config.max_shift - config.base_shift) / (config.max_image_seq_len - config.base_image_seq_len)
    mu = tokens * slope + (config.base_shift - slope * config.base_image_seq_len)
    fresh.set_timesteps(sigmas=torch.linspace(1.0, 1 / steps, steps).tolist(), mu=mu)
    return Schedule(sigmas=fresh.sigmas, times=(1000 - fresh.timesteps) / 1000)


def denoise(
    transformer: Any, latents: Tensor, wish: Wish, plan: Schedule, start: Beginning | None = None
) -> Iterator[Step]:
    """Yield after each step. What a `start` holds fast stays as it is there."""
    flow = Flow(transformer, [*wish.texts, *wish.negatives], latents.shape[-2:])
    sigmas = plan.sigmas.to(latents.device)
    for index, time in enumerate(plan.times.to(latents.device)):
        velocity = -_velocity(flow, latents, time, wish)
        clean = latents - sigmas[index] * velocity
        latents = latents + (sigmas[index + 1] - sigmas[index]) * velocity
        if start is not None:
            latents = start.held(latents, sigmas[index + 1])
        yield Step(index + 1, latents, clean)


def _velocity(flow: "Flow", latents: Tensor, time: Tensor, wish: Wish) -> Tensor:
    if not wish.negatives:
        return flow(latents, time)
    wanted, unwanted = flow(latents.repeat(2, 1, 1, 1), time).chunk(2)
    return wanted + wish.guidance * (wanted - unwanted)


class Flow:
    """The transformer for given texts and a given size: latents and time in, velocity out."""

    def __init__(self, transformer: Any, texts: Sequence[Text], size: Sequence[int]) -> None:
        groups: dict[int, list[int]] = {}
        for row, text in enumerate(texts):
            groups.setdefault(_padded(len(text.features)), []).append(row)
        self._groups = [
            (rows, Canvas(transformer, [texts[row] for row in rows], size)) for rows in groups.values()
        ]

    def __call__(self, latents: Tensor, time: Tensor) -> Tensor:
        """Return the velocity, (rows, 16, h / 8, w / 8), in float32."""
        if len(self._groups) == 1:
            return self._groups[0][1](latents, time)
        velocity = torch.empty_like(latents)
        for rows, canvas in self._groups:
            velocity[rows] = canvas(latents[rows], time)
        return velocity


class Canvas:
    """One group of captions of the same padded length, with all that is the same in every step."""

    def __init__(self, transformer: Any, texts: Sequence[Text], size: Sequence[int]) -> None:
        self._transformer = transformer
        self._rows, self._columns = size[0] // PATCH, size[1] // PATCH
        self._tokens = self._rows * self._columns
        self._padding = -self._tokens % BUCKET
        caption = _padded(len(texts[0].features))
        device = texts[0].features.device
        self._freqs, caption_freqs = self._rope(caption, len(texts), device)
        self._captions = self._refined(texts, caption_freqs)
        self._all_freqs = torch.cat([self._freqs, caption_freqs], dim=1)

    def __call__(self, latents: Tensor, time: Tensor) -> Tensor:
        """Return the velocity of these latents at this time."""
        net = self._transformer
        patches = self._patches(latents.to(net.dtype))
        moment = net.t_embedder(time.expand(len(latents)) * net.t_scale).type_as(patches)
        tokens = self._embedded(patches)  # (rows, tokens, dim)
        for layer in net.noise_refiner:
            tokens = layer(tokens, None, self._freqs, moment)
        tokens = torch.cat([tokens, self._captions], dim=1)
        for layer in net.layers:
            tokens = layer(tokens, None, self._all_freqs, moment)
        return self._unpatched(net.all_final_layer[KEY](tokens, c=moment)).float()

    def _rope(self, caption: int, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return the rotations of image and caption tokens, (rows, tokens, head / 2), complex.

        Caption tokens count from 1 along the first axis; the image stands behind them, its rows
        and columns on the other two. Padding of the image is at the origin.
        """
        image_ids = np.zeros((self._tokens + self._padding, 3), dtype=np.int32)
        grid = np.indices((self._rows, self._columns)).reshape(2, -1).T
        image_ids[: self._tokens, 0] = caption + 1
        image_ids[: self._tokens, 1:] = grid
        caption_ids = np.zeros((caption, 3), dtype=np.int32)
        caption_ids[:, 0] = np.arange(1, caption + 1)
        embed = self._transformer.rope_embedder
        image, words = (embed(torch.from_numpy(ids).to(device)) for ids in (image_ids, caption_ids))
        return image.expand(count, -1, -1), words.expand(count, -1, -1)

    def _refined(self, texts: Sequence[Text], freqs: Tensor) -> Tensor:
        """Return the captions as the main layers read them, (rows, tokens, dim). No step changes them."""
        net = self._transformer
        features = [text.features.to(net.dtype) for text in texts]
        length = freqs.shape[1]
        padded = torch.stack([torch.cat([f, f[-1:].repeat(length - len(f), 1)]) for f in features])
        tokens = net.cap_embedder(padded.flatten(0, 1)).view(len(texts), length, -1)
        for row, feature in enumerate(features):
            tokens[row, len(feature) :] = net.cap_pad_token
        for layer in net.context_refiner:
            tokens = layer(tokens, None, freqs)
        return cast(Tensor, tokens)

    def _patches(self, latents: Tensor) -> Tensor:
        count, channels = latents.shape[:2]
        cut = latents.view(count, channels, self._rows, PATCH, self._columns, PATCH)
        return cut.permute(0, 2, 4, 3, 5, 1).reshape(count, self._tokens, PATCH * PATCH * channels)

    def _embedded(self, patches: Tensor) -> Tensor:
        net = self._transformer
        padded = torch.cat([patches, patches[:, -1:].repeat(1, self._padding, 1)], dim=1)
        tokens = net.all_x_embedder[KEY](padded.flatten(0, 1)).view(len(patches), padded.shape[1], -1)
        tokens[:, self._tokens :] = net.x_pad_token
        return cast(Tensor, tokens)

    def _unpatched(self, tokens: Tensor) -> Tensor:
        count = len(tokens)
        cut = tokens[:, : self._tokens].reshape(count, self._rows, self._columns, PATCH, PATCH, -1)
        return cut.permute(0, 5, 1, 3, 2, 4).reshape(count, -1, self._rows * PATCH, self._columns * PATCH)


def _padded(tokens: int) -> int:
    return -(-tokens // BUCKET) * BUCKET
