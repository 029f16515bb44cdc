"""`pinxit model`: the owner downloads models, makes them quick to load, and sees which there are."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bot.settings import Settings
from bot.trouble import Trouble
from generator.checkpoint import ENDINGS, GGUF, find_place
from generator.choices import Precision
from generator.embedded import WEIGHTS
from generator.fetched import check_sums, kept_files, kept_models
from generator.models import EMBEDDED
from generator.weights import NETWORKS, UnusableModel, precision_of, size_of

MIB = 2**20


def fetch_model(source: str) -> None:
    """Download a model, going on where an earlier download ended, and check every byte. Raises Trouble."""
    try:
        with _shown("downloading") as show:
            place = find_place(source, show)
        with _shown("checking") as show:
            files = check_sums(place, show)
    except UnusableModel as error:
        raise Trouble(str(error)) from None
    print(f"{source} is whole ({files} files checked). Draw with it: PINXIT_MODEL={source}")  # noqa: T201


def convert_model(settings: Settings, source: str, target: Path | None, precision: Precision) -> None:
    """Write a model as one file per network, in a process of its own. Raises Trouble."""
    target = target or settings.data / "models" / _name(source, precision)
    command = [sys.executable, "-m", "generator.engine.convert", source, str(target)]
    command += ["--precision", precision.value]
    with (
        _shown("converting") as show,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as converting,  # noqa: S603
    ):
        assert converting.stdout is not None
        assert converting.stderr is not None
        for line in converting.stdout:
            show(float(line))
        said = converting.stderr.read().strip().splitlines()
    if converting.returncode:
        raise Trouble(said[-1] if said else "The model could not be converted.")
    print(f"{target} is ready. Draw with it: PINXIT_MODEL={target}")  # noqa: T201


def list_models(settings: Settings) -> None:
    """Print every model that can be drawn with, and what PINXIT_MODEL would be for it."""
    table = Table("PINXIT_MODEL", "MiB", "kept", "in use", box=None, pad_edge=False)
    for name, folder in _models(settings):
        used = "yes" if name == settings.model else ""
        table.add_row(name, str(_size(folder) // MIB), _kept(folder), used)
    (Console() if sys.stdout.isatty() else Console(width=160)).print(table)


def _models(settings: Settings) -> Iterator[tuple[str, Path]]:
    from huggingface_hub.constants import HF_HUB_CACHE  # noqa: PLC0415  half a second

    yield EMBEDDED, WEIGHTS
    yield from kept_models(Path(HF_HUB_CACHE))
    own = settings.data / "models"
    yield from ((str(folder), folder) for folder in sorted(own.glob("[!.]*")) if folder.is_dir())
    yield from ((str(file), file) for file in kept_files(own, within="[!.]*"))


def _name(source: str, precision: Precision) -> str:
    """Return what a converted model is called."""
    name = source.rstrip("/").replace("/", "--")
    stem = Path(name).stem if name.lower().endswith(ENDINGS) else name
    return stem if precision is Precision.EXACT else f"{stem}-{precision}"


def _size(model: Path) -> int:
    return sum(size_of(model / part) for part in NETWORKS) if model.is_dir() else model.stat().st_size


def _kept(model: Path) -> str:
    """Return the precision of a model's matrices, or what kind of file it is."""
    if model.is_dir():
        return precision_of(model / "transformer")
    return "GGUF" if model.suffix.lower() == GGUF else Precision.EXACT


@contextmanager
def _shown(what: str) -> Iterator[Callable[[float], None]]:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda fraction: progress.update(task, completed=fraction)
