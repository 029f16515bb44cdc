"""What is compared: the reference pipeline plain, compiled and tuned, and the engine, on the same weights.

Every arm has the same three stages. Weights are shared, so that all arms fit on one card at once.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from diffusers import ZImagePipeline
from torch import Tensor, nn

from generator.bench.sizes import Networks
from generator.choices import Choices, Precision
from generator.embedded import WEIGHTS
from generator.engine.decode import decode
from generator.engine.denoise import Wish, denoise
from generator.engine.described import described
from generator.engine.levers import head_of, levers_for
from generator.engine.load import Parts
from generator.engine.network import text_encoder_like, transformer_like, vae_like
from generator.engine.painter import ZImagePainter
from generator.engine.preview import FLUX_PREVIEW
from generator.engine.products import narrow_linears
from generator.engine.schedule import ScheduleConfig, schedule
from generator.engine.text import Text
from generator.engine.tokenizer import Tokenizer
from generator.engine.tokens import PATCH
from generator.loras import Shelf
from generator.memory import FP8_FROM, Lying, Plan
from generator.models import EMBEDDED_MODEL

SHIFT = 3.0
MOST_COMPILED = 128


class Arm(Protocol):
    """One way to draw. `encode` is given prompts it has not seen, unless a hit is to be measured."""

    def encode(self, prompts: Sequence[str]) -> Any:
        """Return what the prompts mean."""

    def denoise(self, meaning: Any, noise: Tensor, steps: int) -> Tensor:
        """Return the clean latents, (pictures, 16, h / 8, w / 8)."""

    def decode(self, latents: Tensor) -> list[Any]:
        """Return the pictures, 8 bits a channel, in the machine's own memory."""

    def warming(self) -> bool:
        """Whether what it has drawn so far says little about how quick it is going to be."""

    def levers(self) -> dict[str, str]:
        """Return what makes it quick, in words."""


def twin(network: nn.Module) -> Any:
    """Return a copy of the network that shares its weights: cutting one leaves the other whole."""
    shared = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    return copy.deepcopy(network, shared)


def channels_together(network: nn.Module) -> Any:
    """Return a copy whose convolutions read channels together: twins would all get weights that lie so."""
    copied: Any = copy.deepcopy(network)
    return copied.to(memory_format=torch.channels_last)


class Stock:
    """diffusers' own pipeline, as its documentation calls it."""

    def __init__(self, model: Networks) -> None:
        self.tuning = {"attention": "diffusers' own choice"}
        self.pipeline = ZImagePipeline(
            scheduler=model.scheduler,
            vae=twin(model.vae),
            text_encoder=twin(model.text_encoder),
            tokenizer=model.tokenizer,
            transformer=twin(model.transformer),
        )
        self.pipeline.set_progress_bar_config(disable=True)

    def warming(self) -> bool:
        """What it compiles, it compiles while it is waited for."""
        return False

    def levers(self) -> dict[str, str]:
        """Return what was tuned from outside."""
        return self.tuning

    @torch.no_grad()
    def encode(self, prompts: Sequence[str]) -> Any:
        """Encode as the pipeline does inside its call."""
        return self.pipeline.encode_prompt(list(prompts), do_classifier_free_guidance=False)[0]

    def denoise(self, meaning: Any, noise: Tensor, steps: int) -> Tensor:
        """Call the pipeline without its text encoder and its VAE."""
        height, width = (8 * side for side in noise.shape[-2:])
        latents: Tensor = self.pipeline(
            prompt_embeds=list(meaning),
            latents=noise,
            height=height,
            width=width,
            num_inference_steps=steps,
            guidance_scale=0.0,
            output_type="latent",
        ).images
        return latents

    @torch.no_grad()
    def decode(self, latents: Tensor) -> list[Any]:
        """Do what the pipeline does with its last latents."""
        vae = self.pipeline.vae
        scaled = latents.to(vae.dtype) / vae.config.scaling_factor + vae.config.shift_factor
        return list(self.pipeline.image_processor.postprocess(vae.decode(scaled, return_dict=False)[0]))


def compiled(model: Networks) -> Stock:
    """Return the pipeline with the one line that its documentation advises."""
    _allow_many_shapes()
    arm = Stock(model)
    arm.pipeline.transformer.compile_repeated_blocks(fullgraph=True)
    arm.tuning["compiled"] = "repeated blocks"
    return arm


def tuned(model: Networks) -> Stock:
    """Return the pipeline with everything that a user can tune from outside."""
    _allow_many_shapes()
    arm = Stock(model)
    arm.pipeline.transformer.compile_repeated_blocks(fullgraph=True, dynamic=False)
    arm.tuning["compiled"] = "repeated blocks and VAE, static"
    if model.device.type == "cuda":
        arm.pipeline.transformer.set_attention_backend("_native_cudnn")
        arm.tuning["attention"] = "cuDNN"
    arm.pipeline.vae = channels_together(model.vae)
    arm.pipeline.vae.decode = torch.compile(arm.pipeline.vae.decode)
    return arm


def _allow_many_shapes() -> None:
    """Let one block be compiled for every shape of a run; the limit is meant for code that never settles."""
    torch._dynamo.config.recompile_limit = MOST_COMPILED  # noqa: SLF001  it has no public name


class Ours:
    """The engine's own functions in the painter's order, and the painter that they belong to."""

    precision = Precision.EXACT

    def __init__(self, model: Networks) -> None:
        text_encoder = text_encoder_like(model.text_encoder)
        if self.precision is not Precision.EXACT:
            narrow_linears(text_encoder, self.precision)
        transformer = transformer_like(model.transformer)
        self._levers = levers_for(model.device, head_of(transformer), Choices(), None)
        self._parts = Parts(
            tokenizer=Tokenizer(WEIGHTS / "tokenizer"),
            text_encoder=text_encoder,
            transformer=transformer,
            vae=vae_like(channels_together(model.vae) if model.device.type == "cuda" else model.vae),
            schedule=described(ScheduleConfig, model.scheduler.config),
            preview=FLUX_PREVIEW,
            device=model.device,
            dtype=model.dtype,
            plan=Plan(self.precision, Lying.RESIDENT, Lying.RESIDENT, tiled=False, peak=0),
        )
        row = replace(EMBEDDED_MODEL, native_area=None)  # any model's: each size is drawn itself
        self.painter = ZImagePainter(self._parts, row, Shelf(), self._levers)
        self.net, self._prompts = self.painter._net, self.painter._prompts  # noqa: SLF001  what is measured

    def warming(self) -> bool:
        """Whether shapes are being compiled; until then they are drawn plainly."""
        return self._levers.warming

    def levers(self) -> dict[str, str]:
        """Return what is on now; compiled shapes and recorded steps grow in number as it draws."""
        return self._levers.report() | {"precision": self.precision.value}

    @torch.inference_mode()
    def encode(self, prompts: Sequence[str]) -> list[Text]:
        """Encode with the cache that re-rolls meet."""
        return [self._prompts.encode(prompt) for prompt in prompts]

    @torch.inference_mode()
    def denoise(self, meaning: list[Text], noise: Tensor, steps: int) -> Tensor:
        """Take all steps."""
        tokens = (noise.shape[2] // PATCH) * (noise.shape[3] // PATCH)
        plan = schedule(self._parts.schedule, steps, SHIFT, tokens)
        *_, last = denoise(self.net, noise, Wish(meaning), plan)
        return last.latents

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> list[Any]:
        """Decode one by one, as the painter does to keep memory low."""
        return [decode(self._parts.vae, each[None]) for each in latents]


class OursFp8(Ours):
    """The engine with its large matrices in fp8."""

    precision = Precision.FP8


class OursInt8(Ours):
    """The engine with its large matrices in int8."""

    precision = Precision.INT8


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table: its name, how it is made, and whether its numbers are the reference's."""

    name: str
    title: str
    make: Callable[[Networks], Arm]
    compiles: bool = False
    exact: bool = True


ARMS = (
    Entry("stock", "ZImagePipeline, eager", Stock),
    Entry("compiled", "ZImagePipeline, compile_repeated_blocks", compiled, compiles=True),
    Entry("tuned", "ZImagePipeline, tuned from outside", tuned, compiles=True),
    Entry("exact", "Pinxit, exact", Ours),
    Entry("fp8", "Pinxit, fp8", OursFp8, exact=False),
    Entry("int8", "Pinxit, int8", OursInt8, exact=False),
)


def why_not(entry: Entry, device: torch.device) -> str | None:
    """Return a sentence where this device cannot run an arm."""
    if entry.name == "fp8" and device.type == "cuda" and torch.cuda.get_device_capability(device) < FP8_FROM:
        return "this card cannot multiply in fp8"
    if entry.compiles and not can_compile(device):
        return "torch.compile finds no compiler for this device"
    return None


def can_compile(device: torch.device) -> bool:
    """Whether a compiler is there for a device."""
    if device.type == "cuda":
        return torch.utils._triton.has_triton()  # noqa: SLF001  there is no public question
    from torch._inductor.cpp_builder import get_cpp_compiler  # noqa: PLC0415
    from torch._inductor.exc import InvalidCxxCompiler  # noqa: PLC0415

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        return False
    return True
