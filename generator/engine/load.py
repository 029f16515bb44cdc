"""The parts of a model in memory: tokenizer, text encoder, transformer, VAE and noise schedule."""

import itertools
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImageTransformer2DModel
from diffusers.hooks import apply_group_offloading
from torch import nn
from transformers import AutoTokenizer

from generator.checkpoint import GGUF, weights_in
from generator.choices import Precision
from generator.engine.gguf_weights import transformer_in_gguf
from generator.engine.narrow import NarrowFile, narrow_matrices
from generator.engine.network import empty_text_encoder, empty_transformer, filled_from
from generator.engine.preview import FLUX_PREVIEW, PreviewMap
from generator.engine.products import narrow_linears, widen_linears
from generator.engine.reading import Told
from generator.engine.shortage import is_out_of_memory
from generator.machine import free_memory
from generator.memory import Card, Lying, Plan, TooLarge, on_processor, planned, reason
from generator.weights import NETWORKS, UnusableModel, check_none_missing, precision_of, size_of

diffusers.utils.logging.disable_progress_bar()
transformers.utils.logging.disable_progress_bar()

Progress = Callable[[float], None]

log = logging.getLogger(__name__)

CPU = torch.device("cpu")
IMPORTED, LOADED = 0.3, 0.9  # of the progress; importing torch takes seconds, warming up the rest


@dataclass(frozen=True, slots=True)
class Parts:
    """A model, ready to compute on `device` in `dtype`."""

    tokenizer: Any
    text_encoder: Any
    transformer: ZImageTransformer2DModel
    vae: AutoencoderKL
    scheduler: FlowMatchEulerDiscreteScheduler
    preview: PreviewMap
    device: torch.device
    dtype: torch.dtype
    plan: Plan | None = None  # None: everything exact, on the device
    narrow: NarrowFile | None = None  # the transformer's files where they are in eight bits


class Advance:
    """Tells the progress by bytes."""

    def __init__(self, folder: Path, progress: Progress, checkpoint: Path | None) -> None:
        sizes = [size_of(folder / part) for part in NETWORKS]
        if checkpoint is not None:
            sizes[0] = checkpoint.stat().st_size
        self._ends = list(itertools.accumulate(sizes))
        self._progress = progress
        self._whole = self._ends[-1]
        self._done = 0
        self.read(0)

    def read(self, count: int) -> None:
        """So many bytes more were read."""
        self._done = min(self._done + count, self._ends[0])
        self._progress(IMPORTED + (LOADED - IMPORTED) * self._done / self._whole)

    def network_read(self) -> None:
        """One more network is there, whatever of its files was not needed."""
        self.read(self._ends[0])
        self._ends.pop(0)


def load_parts(
    folder: Path,
    progress: Progress,
    device: torch.device | None = None,
    wish: Precision = Precision.AUTO,
    checkpoint: Path | None = None,
) -> Parts:
    """Load a checked folder, its transformer from `checkpoint` where that is given.

    Raises UnusableModel with a sentence where the parts do not fit.
    """
    device = device or best_device()
    plan = plan_for(folder, device, wish, checkpoint)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    advance = Advance(folder, progress, checkpoint)
    with _one_sentence(checkpoint or folder):
        here = plan.transformer is Lying.RESIDENT and plan.precision is Precision.EXACT
        home = device if here else CPU  # whole, to be carried or made narrower
        transformer = load_transformer(folder / "transformer", checkpoint, home, dtype, advance.read)
        advance.network_read()
        vae = _vae(folder / "vae", device, dtype)
        advance.network_read()
        text_encoder = _text_encoder(folder / "text_encoder", plan, device, dtype, advance.read)
        advance.network_read()
        tokenizer = AutoTokenizer.from_pretrained(
            folder / "tokenizer", local_files_only=True, trust_remote_code=False
        )
        scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler")
        preview = load_preview(folder)
    _check_fit(transformer, vae, text_encoder, preview)
    if plan.tiled:
        vae.enable_tiling()
    if device.type == "cuda":  # a card's convolutions read channels together; on processors it gains nothing
        vae = vae.to(memory_format=torch.channels_last)
    narrow = _narrow_file(transformer, folder / "transformer", checkpoint)
    return Parts(tokenizer, text_encoder, transformer, vae, scheduler, preview, device, dtype, plan, narrow)


def plan_for(folder: Path, device: torch.device, wish: Precision, checkpoint: Path | None = None) -> Plan:
    """Return how the model will lie on a device, and log it. Raises UnusableModel where it does not fit."""
    kept = Precision.EXACT if checkpoint else precision_of(folder / "transformer")
    try:
        weights = weights_in(folder, checkpoint)
        if device.type != "cuda":
            plan = on_processor(free_memory(), weights, wish, kept)
            log.info("memory planned", extra={"plan": plan.without_card()})
            return plan
        card = card_of(device)
        plan = planned(card, weights, wish, kept=kept)
    except TooLarge as error:
        raise UnusableModel(str(error)) from error
    why = reason(card, weights, wish, plan, kept)
    log.info("memory planned", extra={"plan": plan.sentence(card), "reason": why})
    return plan


def card_of(device: torch.device) -> Card:
    """Return what the planner wants to know of a card: what is free there counts, not what was built in."""
    properties = torch.cuda.get_device_properties(device)
    free, _ = torch.cuda.mem_get_info(device)
    return Card(properties.name, free, (properties.major, properties.minor))


def best_device() -> torch.device:
    """Return the card where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_preview(folder: Path) -> PreviewMap:
    """Return the model's own map from latents to colours, or the published one of the Flux VAE."""
    path = folder / "preview.json"
    if not path.exists():
        return FLUX_PREVIEW
    stored = json.loads(path.read_bytes())
    return PreviewMap.of(stored["matrix"], stored["bias"])


def without_last_layer(text_encoder: Any) -> Any:
    """Return the encoder cut after its last but one layer, whose output is all that Z-Image reads."""
    text_encoder.layers = text_encoder.layers[:-1]
    text_encoder.norm = nn.Identity()
    text_encoder.config.num_hidden_layers = len(text_encoder.layers)
    return text_encoder


def load_transformer(
    folder: Path, checkpoint: Path | None, device: torch.device, dtype: torch.dtype, told: Told
) -> Any:
    """Load the transformer whole: from its folder, or from a file by diffusers' names or Z-Image's own."""
    if checkpoint is None:
        return _from_folder(folder, device, dtype, told)
    quantised = checkpoint.suffix.lower() == GGUF
    weights = transformer_in_gguf(checkpoint, device, dtype) if quantised else str(checkpoint)
    try:
        network = ZImageTransformer2DModel.from_single_file(
            weights, config=str(folder), dtype=dtype, device=device, local_files_only=True
        ).to(device)
    except NotImplementedError as error:  # a weight without numbers cannot be moved
        raise UnusableModel(f"{checkpoint} is not whole: it lacks weights of the transformer.") from error
    return network.eval().requires_grad_(False)


def _from_folder(folder: Path, device: torch.device, dtype: torch.dtype, told: Told) -> Any:
    """What the folder keeps in eight bits stays there, to be read to where it is multiplied with."""
    network = empty_transformer(folder)
    exact = precision_of(folder) is Precision.EXACT
    return filled_from(network, folder, device, dtype, told, () if exact else set(narrow_matrices(network)))


def _narrow_file(transformer: Any, folder: Path, checkpoint: Path | None) -> NarrowFile | None:
    kept = Precision.EXACT if checkpoint else precision_of(folder)
    return None if kept is Precision.EXACT else NarrowFile(transformer, folder, kept)


def _text_encoder(folder: Path, plan: Plan, device: torch.device, dtype: torch.dtype, told: Told) -> Any:
    """Load the text encoder to where the plan says, in as many bits."""
    network, kept = without_last_layer(empty_text_encoder(folder)), precision_of(folder)
    if kept is not Precision.EXACT:
        narrow_linears(network, kept)
    as_planned = plan.text_encoder is Lying.RESIDENT and plan.precision is kept
    network = filled_from(network, folder, device if as_planned else CPU, dtype, told)
    return network if as_planned else _lying(network, plan, device, dtype)


def _lying(network: Any, plan: Plan, device: torch.device, dtype: torch.dtype) -> Any:
    widen_linears(network, dtype)
    if plan.text_encoder is Lying.CARRIED:  # only a card is too small for one: diffusers carries each layer
        apply_group_offloading(network, onload_device=device, offload_type="leaf_level", use_stream=True)
        return network
    narrow_linears(network, plan.precision)
    return network.to(device)


def _vae(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """Load the VAE, which is small, as diffusers does: it knows what older files call its weights."""
    network, report = AutoencoderKL.from_pretrained(
        folder,
        dtype=dtype,
        local_files_only=True,
        use_safetensors=True,
        output_loading_info=True,
    )
    check_none_missing(folder, list(report["missing_keys"]))
    return network.to(device).eval().requires_grad_(False)


def _check_fit(transformer: Any, vae: Any, text_encoder: Any, preview: PreviewMap) -> None:
    channels = transformer.config.in_channels
    pairs = (
        ("the preview map's size", tuple(preview.matrix.shape), (channels, 3)),
        ("the VAE's latent channels", vae.config.latent_channels, channels),
        ("the text encoder's width", text_encoder.config.hidden_size, transformer.config.cap_feat_dim),
    )
    for what, found, wanted in pairs:
        if found != wanted:
            raise UnusableModel(f"The model's parts do not fit: {what} is {found}, but {wanted} is expected.")


@contextmanager
def _one_sentence(place: Path) -> Iterator[None]:
    """Turn whatever the libraries raise over a broken folder or file into UnusableModel."""
    try:
        yield
    except UnusableModel:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise UnusableModel(f"The model in {place} does not fit into memory.") from error
        log.exception("loading failed")
        first_line = (str(error).strip().splitlines() or [""])[0][:200]
        raise UnusableModel(
            f"The model in {place} could not be loaded: {type(error).__name__}: {first_line}"
        ) from error
