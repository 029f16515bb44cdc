"""The parts of a model in memory: tokenizer, text encoder, transformer, VAE and noise schedule."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch

from generator.checkpoint import weights_in
from generator.choices import Precision
from generator.engine.described import described
from generator.engine.held import held_in_checkpoint, held_in_folder
from generator.engine.narrow import NarrowFile, narrow_matrices
from generator.engine.network import Room, empty_text_encoder, empty_transformer, empty_vae, with_room
from generator.engine.preview import FLUX_PREVIEW, PreviewMap
from generator.engine.products import narrow_linears, widen_linears
from generator.engine.reading import Wanted, fill
from generator.engine.schedule import ScheduleConfig
from generator.engine.shortage import is_out_of_memory
from generator.engine.text_encoder import TextEncoder
from generator.engine.tokenizer import Tokenizer
from generator.engine.transformer import Transformer
from generator.engine.vae import Vae
from generator.machine import free_memory
from generator.memory import Card, Lying, Plan, TooLarge, on_processor, planned, reason
from generator.weights import UnusableModel, precision_of, read_config

Progress = Callable[[float], None]

log = logging.getLogger(__name__)

CPU = torch.device("cpu")
IMPORTED, LOADED = 0.1, 0.9  # of the progress; importing torch takes a second, warming up the rest


@dataclass(frozen=True, slots=True)
class Parts:
    """A model, ready to compute on `device` in `dtype`."""

    tokenizer: Tokenizer
    text_encoder: TextEncoder
    transformer: Transformer
    vae: Vae
    schedule: ScheduleConfig
    preview: PreviewMap
    device: torch.device
    dtype: torch.dtype
    plan: Plan | None = None  # None: everything exact, on the device
    narrow: NarrowFile | None = None  # the transformer's files where they are in eight bits


class Advance:
    """Tells the progress by the bytes that are read, of all that will be."""

    def __init__(self, whole: int, progress: Progress) -> None:
        self._whole = max(whole, 1)
        self._progress = progress
        self._done = 0
        self.read(0)

    def read(self, count: int) -> None:
        """So many bytes more were read."""
        self._done += count
        self._progress(IMPORTED + (LOADED - IMPORTED) * self._done / self._whole)


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
    with _one_sentence(checkpoint or folder):
        preview = load_preview(folder)
        levels = described(ScheduleConfig, read_config(folder / "scheduler" / "scheduler_config.json"))
        networks = Networks.empty(folder)
        _check_fit(networks, preview)
        narrow, wanted = _with_room(networks, folder, checkpoint, plan, device, dtype)
        advance = Advance(sum(stored.bytes for stored, _ in wanted), progress)
        with ThreadPoolExecutor(1, thread_name_prefix="loading") as beside:
            reading = beside.submit(fill, wanted, advance.read)
            tokenizer = Tokenizer(folder / "tokenizer")
            reading.result()
        text_encoder, transformer, vae = networks
        _lay(text_encoder, folder / "text_encoder", plan, device, dtype)
        if device.type == "cuda":  # whose convolutions read channels together; processors gain nothing by it
            cast(Any, vae).to(memory_format=torch.channels_last)
        vae.use_tiling = plan.tiled
    return Parts(tokenizer, text_encoder, transformer, vae, levels, preview, device, dtype, plan, narrow)


class Networks(NamedTuple):
    """What is large in a model, in the order of need."""

    text_encoder: TextEncoder
    transformer: Transformer
    vae: Vae

    @classmethod
    def empty(cls, folder: Path) -> "Networks":
        """Return those of a folder's configurations, their weights on no device."""
        return cls(
            empty_text_encoder(folder / "text_encoder"),
            empty_transformer(folder / "transformer"),
            empty_vae(folder / "vae"),
        )


def _with_room(  # noqa: PLR0913, PLR0917 - one for each thing that it depends on
    networks: Networks,
    folder: Path,
    checkpoint: Path | None,
    plan: Plan,
    device: torch.device,
    dtype: torch.dtype,
) -> tuple[NarrowFile | None, Wanted]:
    """Give networks room, and return what is to be read into it, in the order of need."""
    text_encoder, transformer, vae = networks
    wanted = _text_encoder(text_encoder, folder / "text_encoder", plan, device, dtype)
    narrow, weights = _transformer(transformer, folder / "transformer", checkpoint, plan, device, dtype)
    return narrow, wanted + weights + with_room(vae, held_in_folder(folder / "vae"), Room(device, dtype))


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
    """Return what the planner wants to know of a card: what is free there for this process counts."""
    properties = torch.cuda.get_device_properties(device)
    free, whole = torch.cuda.mem_get_info(device)
    allowed = int(whole * torch.cuda.get_per_process_memory_fraction(device))
    return Card(properties.name, min(free, allowed), (properties.major, properties.minor))


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


def _transformer(  # noqa: PLR0913, PLR0917 - one for each thing that it depends on
    network: Transformer,
    folder: Path,
    checkpoint: Path | None,
    plan: Plan,
    device: torch.device,
    dtype: torch.dtype,
) -> tuple[NarrowFile | None, Wanted]:
    """Give a transformer room: where it computes, or whole in the machine's memory.

    It is carried from there, or made narrower; what its files keep in eight bits is read to where that is
    multiplied with.
    """
    if checkpoint is None and (kept := precision_of(folder)) is not Precision.EXACT:
        held = held_in_folder(folder)
        wanted = with_room(network, held, Room(CPU, dtype), set(narrow_matrices(network)))
        narrow = NarrowFile(network, held, kept)
        return narrow, wanted + narrow.with_room(device)
    held = held_in_folder(folder) if checkpoint is None else held_in_checkpoint(checkpoint)
    carried, passing = plan.transformer is Lying.CARRIED, plan.precision is not Precision.EXACT
    room = Room(CPU if carried or passing else device, dtype, carried=carried, passing=passing)
    return None, with_room(network, held, room)


def _text_encoder(
    network: TextEncoder, folder: Path, plan: Plan, device: torch.device, dtype: torch.dtype
) -> Wanted:
    """Give a text encoder room, in as many bits as its files have."""
    kept = precision_of(folder)
    if kept is not Precision.EXACT:
        narrow_linears(network, kept)
    room = Room(device if _as_planned(kept, plan) else CPU, dtype)
    return with_room(network, held_in_folder(folder), room)


def _as_planned(kept: Precision, plan: Plan) -> bool:
    """Whether a text encoder lies as its files have it, which are in some precision."""
    return plan.text_encoder is Lying.RESIDENT and plan.precision is kept


def _lay(network: TextEncoder, folder: Path, plan: Plan, device: torch.device, dtype: torch.dtype) -> None:
    """Bring a text encoder to where the plan says, in as many bits."""
    if _as_planned(precision_of(folder), plan):
        return
    widen_linears(network, dtype)
    if plan.text_encoder is Lying.CARRIED:  # only a card is too small for one: diffusers carries each layer
        from diffusers.hooks import apply_group_offloading  # noqa: PLC0415  seconds

        apply_group_offloading(network, onload_device=device, offload_type="leaf_level", use_stream=True)
        return
    narrow_linears(network, plan.precision, device)
    network.to(device)


def _check_fit(networks: Networks, preview: PreviewMap) -> None:
    text_encoder, transformer, vae = networks
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
