"""How the model will lie on the card, and in what precision: told before anything is loaded."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from generator.checkpoint import check_local, own_home, transformer_bytes, weights_in
from generator.choices import Precision
from generator.embedded import WEIGHTS
from generator.memory import Z_IMAGE_TURBO, Card, TooLarge, Weights, on_processor, planned, reason
from generator.models import EMBEDDED
from generator.weights import UnusableModel, check_folder, precision_of

MIB = 2**20


def explained(model: str, wish: Precision, cards: list[Card], free: int | None) -> tuple[bool, str]:
    """Return whether it works, how, and why so. `free` is what the machine's own memory has left."""
    weights, kept = weights_of(model), kept_in(model)
    try:
        if not cards:
            return True, on_processor(free, weights, wish, kept).without_card()
        plan = planned(cards[0], weights, wish, kept=kept)
    except TooLarge as error:
        return False, str(error)
    return True, f"{plan.sentence(cards[0])} {reason(cards[0], weights, wish, plan, kept)}"


def kept_in(model: str) -> Precision:
    """Return what a model's files are in, where they are at hand."""
    folder = Path(model).expanduser()
    try:
        check_folder(folder)
    except UnusableModel:
        return Precision.EXACT
    return precision_of(folder / "transformer")


def attention_of(card: Card) -> str:
    """Return in a sentence which kernel attends on a card; torch says so, in a process of its own."""
    ask = [sys.executable, "-P", "-m", "generator.engine.attention"]
    try:
        answer = subprocess.run(ask, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return f"Torch could not be asked how it attends on {card.name}."
    return f"Attention is computed by {answer.stdout.strip()}."


def weights_of(model: str) -> Weights:
    """Return a model's sizes from its files, or the published ones where they are not at hand."""
    path = WEIGHTS if model == EMBEDDED else Path(model).expanduser()
    try:
        check_local(path)
    except UnusableModel:
        return Z_IMAGE_TURBO
    if path.is_dir():
        return weights_in(path)
    home = own_home(path)
    return weights_in(home, path) if home else replace(Z_IMAGE_TURBO, transformer=transformer_bytes(path))


def cards() -> list[Card]:
    """Ask the driver for its cards; torch is not loaded for that."""
    told = told_of_cards("name,memory.total,compute_cap", "csv,noheader,nounits")
    return [card for line in told if (card := card_in(line)) is not None]


def told_of_cards(what: str, form: str) -> list[str]:
    """Return the driver's line for each card; none where there is no driver or it does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    ask = [program, f"--query-gpu={what}", f"--format={form}"]
    try:
        answer = subprocess.run(ask, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def card_in(line: str) -> Card | None:
    """Return the card that a line of the driver's answer tells of, or None where it tells of none."""
    try:
        name, memory, capability = (part.strip() for part in line.rsplit(",", 2))
        major, minor = capability.split(".")
        return Card(name, int(memory) * MIB, (int(major), int(minor)))
    except ValueError:
        return None
