# mypy: allow-untyped-calls
"""Training the autoencoder on crops of the very pictures that the transformer will learn to draw."""

import math
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from PIL import Image
from torch import Tensor

from generator.embedded.architecture import (
    LATENT_CHANNELS,
    NOISE,
    build_autoencoder,
    freeze_posterior,
)
from generator.embedded.drawing import draw
from generator.embedded.progress import Average, Log, load_checkpoint, save_checkpoint
from generator.embedded.scenes import RATIOS, Scene, any_scene
from generator.embedded.team import Team

CHECKPOINT = "autoencoder.pt"
POLISHED = "polished.pt"
CROP, CROPS = 64, 8


def as_tensor(picture: Image.Image) -> Tensor:
    """(3, h, w) in -1..1."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1


def half(size: tuple[int, int]) -> tuple[int, int]:
    """The size of a quarter of the area, in whole transformer patches."""
    width, height = (side // 2 // 16 * 16 for side in size)
    return width, height


def train_autoencoder(team: Team, folder: Path, steps: int, seed: int) -> None:
    """Train so many steps from the checkpoint, or from the start."""
    torch.manual_seed(seed + team.rank)
    rng = random.Random(f"{seed}-autoencoder-{team.rank}")
    model = build_autoencoder()
    if team.size > 1:
        for parameter in model.parameters():
            torch.distributed.broadcast(parameter.data, 0)
    gallery = Gallery(rng, 600 if steps > 100 else 8)
    course = Course(rate=1.5e-3, steps=steps, late_from=0.7)
    _train(team, folder / CHECKPOINT, model, gallery, course, Log(folder, "autoencoder"))


def polish_decoder(team: Team, folder: Path, steps: int, seed: int) -> None:
    """Let the decoder alone go on; the latents, and so the transformer's task, stay exactly as they are."""
    torch.manual_seed(seed + 50 + team.rank)
    rng = random.Random(f"{seed}-polish-{team.rank}")
    model = load_autoencoder(folder)
    model.encoder.requires_grad_(False)
    gallery = Gallery(rng, 600 if steps > 100 else 8)
    course = Course(rate=6e-4, steps=steps, late_from=0.0)
    _train(team, folder / POLISHED, model, gallery, course, Log(folder, "polish"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Peak learning rate, length, and from when on whole pictures are frequent."""

    rate: float
    steps: int
    late_from: float

    def rate_at(self, step: int) -> float:
        """A short warm-up, then down a cosine."""
        return self.rate * min(1, (step + 1) / 100) * (0.02 + 0.98 * _cosine(step / self.steps))


def _train(
    team: Team, checkpoint: Path, model: AutoencoderKL, gallery: "Gallery", course: Course, log: Log
) -> None:
    model = model.to(memory_format=torch.channels_last)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=course.rate, betas=(0.9, 0.98), weight_decay=1e-3)
    average = Average(model, 0.998)
    first = 0
    if saved := load_checkpoint(checkpoint):
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        average.weights = saved["average"]
        first = saved["step"]
    for step in range(first, course.steps):
        for group in optimizer.param_groups:
            group["lr"] = course.rate_at(step)
        loss = _loss(model, gallery.batch(late=step > course.late_from * course.steps))
        optimizer.zero_grad()
        loss.backward()
        team.average_gradients(learning)
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        average.follow(model, step)
        if team.leads and (step % 250 == 249 or step == course.steps - 1):
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            save_checkpoint(checkpoint, **state, average=average.weights, step=step + 1)
            trained = load_autoencoder(checkpoint.parent)
            log.write(step=step + 1, loss=loss.item(), psnr=psnr(trained, 6))


def _cosine(done: float) -> float:
    return 0.5 + 0.5 * math.cos(math.pi * min(1.0, done))


class Gallery:
    """A stock of pictures that changes slowly, and crops of them that mostly hold an edge."""

    def __init__(self, rng: random.Random, stock: int) -> None:
        self._rng = rng
        self._pictures = [self._draw(halved=index % 3 == 0) for index in range(stock)]

    def _draw(self, *, halved: bool) -> Tensor:
        size = self._rng.choice(list(RATIOS.values()))
        return as_tensor(draw(any_scene(self._rng), *(half(size) if halved else size), self._rng))

    def batch(self, *, late: bool) -> Tensor:
        """Crops at first; towards the end more whole pictures, whose norms see mostly plain ground."""
        self._pictures[self._rng.randrange(len(self._pictures))] = self._draw(halved=self._rng.random() < 0.4)
        kind = self._rng.random()
        if late and kind < 0.3:
            return torch.stack([self._draw(halved=False)])
        if kind < (0.6 if late else 0.2):
            size = half(self._rng.choice(list(RATIOS.values())))
            scenes = [any_scene(self._rng) for _ in range(3)]
            return torch.stack([as_tensor(draw(scene, *size, self._rng)) for scene in scenes])
        return torch.stack([self._crop() for _ in range(CROPS)])

    def _crop(self) -> Tensor:
        picture = self._rng.choice(self._pictures)
        _, height, width = picture.shape
        best, most = picture, -1.0
        for _ in range(3):
            top, left = self._rng.randrange(height - CROP + 1), self._rng.randrange(width - CROP + 1)
            crop = picture[:, top : top + CROP, left : left + CROP]
            spread = crop[:, ::4, ::4].std().item()
            if spread > most:
                best, most = crop, spread
        return best


def _loss(model: AutoencoderKL, pictures: Tensor) -> Tensor:
    pictures = pictures.to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        z = model.encoder(pictures)[:, :LATENT_CHANNELS]
        seen = model.decoder(z + NOISE * torch.randn_like(z))
    z, seen = z.float(), seen.float()
    pixels = F.l1_loss(seen, pictures) + 0.5 * F.mse_loss(seen, pictures)
    tone = F.l1_loss(F.avg_pool2d(seen, 8), F.avg_pool2d(pictures, 8))
    edges = _edge_loss(seen, pictures)
    loss: Tensor = pixels + 0.5 * tone + 0.5 * edges + 1e-3 * z.square().mean()
    return loss


def _edge_loss(seen: Tensor, pictures: Tensor) -> Tensor:
    """People look at edges: the steps between neighbours must match as well."""
    error = seen - pictures
    across = error[..., 1:] - error[..., :-1]
    down = error[..., 1:, :] - error[..., :-1, :]
    return across.abs().mean() + down.abs().mean()


def load_autoencoder(folder: Path) -> AutoencoderKL:
    """The averaged weights, polished if they are, with the latents' scale if it is known."""
    saved = load_checkpoint(folder / POLISHED) or load_checkpoint(folder / CHECKPOINT)
    if saved is None:
        raise FileNotFoundError(folder / CHECKPOINT)
    model = build_autoencoder()
    model.load_state_dict(saved["average"])
    freeze_posterior(model)
    if scale := load_checkpoint(folder / "scale.pt"):
        model.register_to_config(**scale)
    return model.eval()


def held_out(count: int, seed: int = 77) -> list[tuple[Scene, Image.Image]]:
    """Scenes with native pictures of every ratio that no training draws again."""
    rng = random.Random(f"{seed}-held-out")
    sizes = list(RATIOS.values())
    scenes = [any_scene(rng) for _ in range(count)]
    return [(scene, draw(scene, *sizes[turn % 5], rng)) for turn, scene in enumerate(scenes)]


def held_out_pictures(count: int, seed: int = 77) -> list[Tensor]:
    """The same as tensors, without their scenes."""
    return [as_tensor(picture) for _, picture in held_out(count, seed)]


@torch.no_grad()
def psnr(model: AutoencoderKL, count: int) -> float:
    """Mean peak signal-to-noise ratio of held-out pictures, in decibels."""
    values = []
    for picture in held_out_pictures(count):
        seen = model.decode(encode(model, picture[None])).sample.clamp(-1, 1)
        values.append(10 * math.log10(4 / F.mse_loss(seen, picture[None]).item()))
    return sum(values) / len(values)


@torch.no_grad()
def encode(model: AutoencoderKL, pictures: Tensor) -> Tensor:
    """The latents' mean, (n, 16, h/8, w/8)."""
    mean: Tensor = model.encoder(pictures)[:, :LATENT_CHANNELS]
    return mean


@torch.no_grad()
def measure_scale(model: AutoencoderKL, folder: Path, count: int) -> None:
    """Fix shift and scale so that latents have mean 0 and deviation 1; the transformer depends on them."""
    latents = [encode(model, picture[None]).flatten() for picture in held_out_pictures(count, 5)]
    every = torch.cat(latents)
    scale = {"shift_factor": every.mean().item(), "scaling_factor": 1 / every.std().item()}
    save_checkpoint(folder / "scale.pt", **scale)
    model.register_to_config(**scale)


@torch.no_grad()
def fit_preview(model: AutoencoderKL, count: int) -> dict[str, object]:
    """The linear map from scaled latents to a small picture that fits best."""
    inputs, targets = [], []
    for picture in held_out_pictures(count, 6):
        z = (encode(model, picture[None]) - model.config.shift_factor) * model.config.scaling_factor
        inputs.append(z[0].flatten(1).T)
        targets.append(F.avg_pool2d(picture, 8).flatten(1).T)
    x = torch.cat(inputs)
    x = torch.cat([x, torch.ones(len(x), 1)], dim=1)
    fit = torch.linalg.lstsq(x, torch.cat(targets)).solution
    return {
        "about": "RGB in -1..1, an eighth of the size = latents @ matrix + bias; "
        "latents are x0 = (z - shift_factor) * scaling_factor, as the transformer sees them",
        "matrix": [[round(value, 5) for value in row] for row in fit[:-1].tolist()],
        "bias": [round(value, 5) for value in fit[-1].tolist()],
    }
