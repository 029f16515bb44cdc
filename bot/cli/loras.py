"""`pinxit lora`: the owner puts LoRAs on the shelf, lists them and takes them off; a running bot sees it."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table
from rich.text import Text

from bot.cli.owner import console
from bot.settings import Settings
from bot.trouble import Misuse, Trouble
from generator.layers import Layers, layers_for
from generator.lora_file import Piece, UnusableLora, check_file
from generator.loras import ENDING, Shelf, name_of, shelf_for
from generator.recipe import LORA_NAME


def add_lora(settings: Settings, file: Path, wished: str | None) -> None:
    """Check a file and copy it to the shelf under a name. Raises Trouble with the reason it does not fit."""
    name = wished if wished is not None else name_of(file.stem)
    if not LORA_NAME.fullmatch(name):
        raise Misuse("A LoRA's name has up to 48 small letters, digits, - and _; give one with --name.")
    if name in Shelf((settings.loras,)):
        raise Trouble(f"{name} is on the shelf already; `pinxit lora remove {name}` makes room.")
    layers = layers_for(settings.model)
    try:
        check_file(file, layers)
        pieces = _copied(file, settings.loras / f"{name}{ENDING}", layers)
    except UnusableLora as error:
        raise Trouble(f"{file} cannot be used. {error}") from None
    except OSError as error:
        raise Trouble(f"{file} cannot be copied to {settings.loras}: {error.strerror}.") from None
    print(f"{name} is on the shelf; it changes {len(pieces)} matrices. Try: --lora {name}:0.8")  # noqa: T201


def _copied(file: Path, target: Path, layers: Layers) -> tuple[Piece, ...]:
    """Copy, and look again at the copy: only a whole one gets its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".adding-") as folder:
        copy = Path(shutil.copyfile(file, Path(folder, target.name)))
        pieces = check_file(copy, layers)
        copy.rename(target)
    return pieces


def list_loras(settings: Settings) -> None:
    """Print every LoRA that people can name."""
    shelf, layers = shelf_for(settings.model, settings.loras), layers_for(settings.model)
    table = Table("name", "MiB", "whose", "fits", box=None, pad_edge=False)
    for name in shelf:
        file = shelf.file(name)
        whose = "yours" if file.parent == settings.loras else "the model's"
        table.add_row(name, f"{file.stat().st_size / (1 << 20):.1f}", whose, Text(_fit(file, layers)))
    console().print(table)


def _fit(file: Path, layers: Layers) -> str:
    try:
        ranks = sorted({piece.rank for piece in check_file(file, layers)})
    except UnusableLora as error:
        return f"no: {error}"
    return f"yes, rank {', '.join(map(str, ranks))}"


def remove_lora(settings: Settings, name: str) -> None:
    """Delete one of the owner's. Raises Trouble where there is none."""
    if name not in Shelf((settings.loras,)):
        if name in shelf_for(settings.model, settings.loras):
            raise Trouble(f"{name} comes with the model and stays.")
        raise Trouble(f"There is no LoRA {name[:48]!r} of yours; `pinxit lora list` shows them.")
    (settings.loras / f"{name}{ENDING}").unlink()
    print(f"{name} is off the shelf.")  # noqa: T201
