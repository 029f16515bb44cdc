# mypy: allow-untyped-calls
"""Training the transformer: rectified flow from noise to latents, small pictures first, native ones after."""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, ZImageTransformer2DModel
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen3Model

from generator.embedded import forward
from generator.embedded.architecture import build_transformer
from generator.embedded.autoencoder import half, load_autoencoder
from generator.embedded.captions import any_language
from generator.embedded.pool import Example, Pool
from generator.embedded.progress import Average, Log, load_checkpoint, save_checkpoint
from generator.embedded.prompts import training_caption
from generator.embedded.reading import CHATTER, garbled, load_reading, states, tokenized
from generator.embedded.scenes import RATIOS, Scene
from generator.embedded.team import Team

CHECKPOINT = "transformer.pt"
NATIVE = tuple(RATIOS.values())
HALVED = tuple(half(size) for size in NATIVE)
DOUBLED = ((512, 512),)
MORE_SMALL = 3
DROPPED = 0.08
"""Share of captions left empty, so that the model also knows pictures in general."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of training: shares of steps on pictures of half the side and of twice the side.

    Small ones are cheap: a batch holds `MORE_SMALL` times as many, and of large ones a quarter.
    """

    halved: float
    doubled: float = 0.0
    steps: int
    batch: int
    shift: float
    guidance: float = 0.0
    """How far the answer is pushed away from what an empty caption gives; the product runs unguided."""

    def draw(self, rng: random.Random) -> tuple[tuple[tuple[int, int], ...], int]:
        """The sizes that the next step is about, and how many pictures it takes."""
        at = rng.random()
        if at < self.halved:
            return HALVED, self.batch * MORE_SMALL
        if at < self.halved + self.doubled:
            return DOUBLED, max(1, self.batch // 4)
        return NATIVE, self.batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole run of the transformer."""

    phases: tuple[Phase, ...]
    room: int = 1500
    """Pictures kept of either size; each is used about `uses` times."""
    uses: int = 5
    matrix_rate: float = 4e-3
    rate: float = 1.5e-3
    cool_from: float = 0.55
    muon: bool = True
    meet_every: int = 5
    """Members train alone between meetings, so that one held up by other work does not hold up the rest."""
    compiled: bool = True

    @property
    def steps(self) -> int:
        """Of all phases."""
        return sum(phase.steps for phase in self.phases)

    def phase_at(self, step: int) -> Phase:
        """The phase that this step belongs to."""
        for phase in self.phases:
            if step < phase.steps:
                return phase
            step -= phase.steps
        return self.phases[-1]

    def warmth(self, step: int) -> float:
        """The learning rate's factor: a short warm-up, a plateau, a straight way down."""
        done = step / self.steps
        if done < self.cool_from:
            return min(1.0, (step + 1) / 200)
        return max(0.03, (1 - done) / (1 - self.cool_from))


class Reader:
    """Captions of scenes as the transformer's text input; the encoder no longer learns."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, encoder: Qwen3Model, rng: random.Random) -> None:
        self._tokenizer, self._encoder, self._rng = tokenizer, encoder.eval(), rng

    def read(self, scenes: Sequence[Scene], dropped: float = DROPPED) -> tuple[Tensor, Tensor]:
        """States (n, length, width) filled up to a multiple of 32, and which of them are real."""
        texts = [self._say(scene) for scene in scenes]
        if self._rng.random() < 0.03:
            texts[0] += " " + " ".join(self._rng.choices(CHATTER, k=20))
        return self.embed(["" if self._rng.random() < dropped else text for text in texts])

    def _say(self, scene: Scene) -> str:
        return garbled(training_caption(scene, any_language(self._rng), self._rng), self._rng)

    @torch.no_grad()
    def embed(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """The same for given captions."""
        ids, mask = tokenized(self._tokenizer, texts)
        hidden = states(self._encoder, ids, mask).float()
        missing = -ids.shape[1] % forward.MULTIPLE
        return F.pad(hidden, (0, 0, 0, missing)), F.pad(mask, (0, missing))


def sample_sigmas(count: int, shift: float) -> Tensor:
    """Noise levels, (n,): the loud ones, where the layout is decided, more often."""
    s = torch.where(torch.rand(count) < 0.5, torch.rand(count), torch.randn(count).sigmoid())
    return shift * s / (1 + (shift - 1) * s)


def train_flow(team: Team, folder: Path, plan: Plan, seed: int, stop_at: float = math.inf) -> None:
    """Train by the plan from the checkpoint, or from the start, until the plan's or the clock's end."""
    torch.manual_seed(seed)
    model = build_transformer()
    optimizers = build_optimizers(model, plan)
    average = Average(model, 0.998)
    first = _restore(folder, model, optimizers, average)
    torch.manual_seed(seed + 1000 * first + team.rank)
    rng = random.Random(f"{seed}-flow-{team.rank}-{first}")
    autoencoder = load_autoencoder(folder).to(memory_format=torch.channels_last)
    reader = Reader(*load_reading(folder), rng)
    log = Log(folder, "flow")
    trial = trial_examples(autoencoder)
    if plan.compiled:
        compile_blocks()
    pools = {sizes: Pool(autoencoder, rng, sizes=sizes, room=plan.room) for sizes in (HALVED, NATIVE)}
    pools[DOUBLED] = Pool(autoencoder, rng, sizes=DOUBLED, room=plan.room // 8)
    recent = 0.0
    for step in range(first, plan.steps):
        phase = plan.phase_at(step)
        _set_rates(optimizers, plan.warmth(step))
        sizes, count = phase.draw(rng)
        loss = flow_loss(model, reader, pools[sizes].batch(count, max(1, count // plan.uses)), phase)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        if step % plan.meet_every == plan.meet_every - 1:
            team.average_weights(model)
        average.follow(model, step)
        recent += (loss.item() - recent) * max(0.01, 1 / (step - first + 1))
        over = team.size == 1 and time.time() > stop_at
        if team.leads and (step % 250 == 249 or step == plan.steps - 1 or over):
            log.write(step=step + 1, loss=recent, **gap(model, reader, trial))
            _save(folder, model, optimizers, average, step + 1)
        if over:
            return


def compile_blocks() -> None:
    """Fuse the element-wise half of every block; costs a minute at the start of each picture size."""
    torch._dynamo.config.recompile_limit = 64  # noqa: SLF001 - has no public name
    forward.block = torch.compile(forward.block, dynamic=False)


def flow_loss(
    model: ZImageTransformer2DModel, reader: Reader, examples: Sequence[Example], phase: Phase
) -> Tensor:
    """The mean square error of the predicted velocity x0 - noise."""
    x0 = torch.stack([example.latents for example in examples]).float()
    noise = torch.randn_like(x0)
    sigma = sample_sigmas(len(x0), phase.shift)
    noisy = torch.lerp(x0, noise, sigma[:, None, None, None])
    text, said = reader.read([example.scene for example in examples])
    with torch.autocast("cpu", torch.bfloat16):
        seen = forward.velocity(model, noisy, 1 - sigma, text, said).float()
    target = x0 - noise
    if phase.guidance:
        empty, nothing = (part.expand(len(x0), *part.shape[1:]) for part in reader.embed([""]))
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            unguided = forward.velocity(model, noisy, 1 - sigma, empty, nothing).float()
        target = target + phase.guidance * (seen.detach() - unguided)
    return F.mse_loss(seen, target)


def build_optimizers(model: ZImageTransformer2DModel, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for everything else."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        inner = ".attention.to_" in name or ".feed_forward." in name
        (matrices if plan.muon and inner and parameter.ndim == 2 else others).append(parameter)
    adam = torch.optim.AdamW(others, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01)
    if not matrices:
        return [adam]
    muon = torch.optim.Muon(
        matrices, lr=plan.matrix_rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw", ns_steps=4
    )
    return [adam, muon]


def _set_rates(optimizers: Sequence[torch.optim.Optimizer], warmth: float) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = optimizer.defaults["lr"] * warmth


def trial_examples(autoencoder: AutoencoderKL) -> list[Example]:
    """Sixteen small square pictures that stay the same, to be compared over time."""
    pool = Pool(autoencoder, random.Random("trial"), sizes=HALVED, room=80)
    pool.fill(80)
    return pool.shelves[0][:16]


@torch.no_grad()
def gap(model: ZImageTransformer2DModel, reader: Reader, examples: Sequence[Example]) -> dict[str, float]:
    """The error from pure noise with the right captions and with each other's: words that bind make a gap."""
    state = torch.get_rng_state()
    torch.manual_seed(9)
    x0 = torch.stack([example.latents for example in examples]).float()
    noise = torch.randn_like(x0)
    torch.set_rng_state(state)
    text, said = reader.read([example.scene for example in examples], dropped=0)
    sigma = torch.full((len(x0),), 0.99)
    noisy = torch.lerp(x0, noise, 0.99)
    errors = {}
    for name, turned in (("right", 0), ("wrong", 1)):
        seen = forward.velocity(model, noisy, 1 - sigma, text.roll(turned, 0), said.roll(turned, 0))
        errors[name] = F.mse_loss(seen, x0 - noise).item()
    return errors


def _save(
    folder: Path,
    model: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    average: Average,
    step: int,
) -> None:
    save_checkpoint(
        folder / CHECKPOINT,
        model=model.state_dict(),
        optimizers=[optimizer.state_dict() for optimizer in optimizers],
        average=average.weights,
        step=step,
    )


def _restore(
    folder: Path,
    model: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    average: Average,
) -> int:
    saved = load_checkpoint(folder / CHECKPOINT)
    if saved is None:
        return 0
    model.load_state_dict(saved["model"])
    average.weights = saved["average"]
    for optimizer, state in zip(optimizers, saved.get("optimizers", ()), strict=False):
        optimizer.load_state_dict(state)
    return int(saved["step"])


def load_transformer(folder: Path) -> ZImageTransformer2DModel:
    """The averaged weights of the checkpoint."""
    saved = load_checkpoint(folder / CHECKPOINT)
    if saved is None:
        raise FileNotFoundError(folder / CHECKPOINT)
    model = build_transformer()
    model.load_state_dict(saved["average"])
    return model.eval()
