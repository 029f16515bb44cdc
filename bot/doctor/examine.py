"""Whether Pinxit has all it needs: every check in one line, and the one thing to fix next."""

import asyncio
import os
import secrets
import shutil
import socket
import stat
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import assert_never

from rich.console import Console
from rich.text import Text

from bot.doctor.memory import attention_of, cards, explained, told_of_cards
from bot.doctor.platforms import ask_platforms
from bot.doctor.store import company_checks, contents_check, jobs_check, ledger_check
from bot.doctor.verdicts import Check, Verdict, advice, worst
from bot.picture_places import pictures_at
from bot.settings import DOTENV, BadSettings, Reading, Settings, read_settings
from bot.styles import BadStyles, read_styles
from bot.words import BadWords, read_words
from generator.address import Address
from generator.checkpoint import HUB_FILE, check_local
from generator.choices import Compiling
from generator.client import GeneratorClient, NotReached
from generator.compiler import PACKAGES, lacking
from generator.machine import free_memory
from generator.messages import Health, Loading, Ready, Unusable
from generator.models import EMBEDDED
from generator.weights import UnusableModel
from storage.sql.scripts import newest
from storage.store import StorageError

MIB = 1024 * 1024
LITTLE_DISK = 1024 * MIB  # some hundred large pictures
NO_DISK = 64 * MIB
MONITORS = {Verdict.GOOD: (0, "OK"), Verdict.NOTE: (1, "WARNING"), Verdict.BAD: (2, "CRITICAL")}
NO_DATABASE = Check("database", Verdict.GOOD, "none yet; the first start makes it")
LIBRARIES = ("PIL", "aiohttp", "aiosqlite", "starlette", "structlog", "uvicorn")
OF_THE_GENERATOR = ("torch", "diffusers", "transformers", "safetensors")


def examine(*, deep: bool, monitor: bool = False) -> int:
    """Print every check and the one thing to fix next; return the exit code, 1 where Pinxit cannot run.

    A monitor is told one line, and the code by which such programs go: 0 good, 1 warning, 2 critical.
    """
    console = Console() if sys.stdout.isatty() else Console(width=160)
    checks = []
    for check in all_checks(deep=deep):
        if not monitor:
            console.print(line(check), soft_wrap=True)
        checks.append(check)
    if monitor:
        code, word = MONITORS[worst(checks)]
        console.print(Text(f"PINXIT {word} - {advice(checks)}"), soft_wrap=True)
        return code
    console.print(Text(advice(checks), "bold"), soft_wrap=True)
    return int(worst(checks) is Verdict.BAD)


def line(check: Check) -> Text:
    """Return a check as it is printed."""
    mark, style = {
        Verdict.GOOD: ("ok  ", "green"),
        Verdict.NOTE: ("note", "yellow"),
        Verdict.BAD: ("BAD ", "bold red"),
    }[check.verdict]
    return Text.assemble((mark, style), f"  {check.name}: {check.finding}")


def all_checks(*, deep: bool) -> Iterator[Check]:
    """Yield every check in the order in which faults should be mended."""
    yield python_check(sys.version_info[:3])
    yield libraries_check()
    try:
        reading = read_settings()
    except BadSettings as bad:
        yield Check("settings", Verdict.BAD, " ".join(bad.faults), bad.faults[0])
        return
    settings = reading.settings
    yield settings_check(reading)
    yield (folder := folder_check(settings.data))
    yield disk_check(settings.data)
    if settings.pictures is not None:
        yield asyncio.run(pictures_check(settings))
    if folder.verdict is not Verdict.BAD:
        yield lists_check(settings)
        yield from asyncio.run(database_checks(settings, deep=deep))
    painter = [libraries_check(OF_THE_GENERATOR), model_check(settings.model), gpu_check(settings.model)]
    painter += [memory_check(settings), *compiling_check(settings)]
    if (address := settings.generator_address) is not None:
        painter = [asyncio.run(generator_check(settings, address))]
    yield from painter
    yield port_check(settings)
    if not deep:
        return
    yield from ask_platforms(settings)
    if all(check.verdict is not Verdict.BAD for check in painter):
        yield picture_check(settings)


def python_check(version: tuple[int, ...]) -> Check:
    """Python 3.11 or newer is needed."""
    text = ".".join(str(part) for part in version)
    if version >= (3, 11):
        return Check("python", Verdict.GOOD, text)
    return Check("python", Verdict.BAD, f"{text} is too old", "install Python 3.11 or newer.")


def libraries_check(needed: Sequence[str] = LIBRARIES) -> Check:
    """Everything that is needed can be found, without loading it."""
    missing = [name for name in needed if find_spec(name) is None]
    if not missing:
        return Check("libraries", Verdict.GOOD, "all are installed")
    finding = f"missing: {', '.join(missing)}"
    return Check("libraries", Verdict.BAD, finding, "run `make setup`, which installs them.")


def settings_check(reading: Reading) -> Check:
    """They could be read; misspelled names are worth knowing, and secrets that anybody can read."""
    if reading.warnings:
        return Check("settings", Verdict.NOTE, " ".join(reading.warnings), reading.warnings[0])
    if DOTENV.is_file() and (open_to := _open_to_others(DOTENV)):
        fix = f"keep others out: `chmod 600 {DOTENV}`."
        return Check("settings", Verdict.NOTE, f"valid, but of {DOTENV.absolute()}: {open_to}", fix)
    return Check("settings", Verdict.GOOD, "valid")


def folder_check(folder: Path) -> Check:
    """The data folder is there, or can be made, and can be written to."""
    nearest = _nearest(folder)
    if nearest.is_dir() and os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        if nearest != folder:
            return Check("data folder", Verdict.GOOD, f"{folder} will be made")
        if open_to := _open_to_others(folder):
            finding = f"{folder} can be written to, and {open_to}"
            return Check("data folder", Verdict.NOTE, finding, f"keep others out: `chmod 700 {folder}`.")
        return Check("data folder", Verdict.GOOD, f"{folder} can be written to")
    what = "cannot be written to" if nearest.is_dir() else "is no folder"
    fix = f"make {nearest} a folder you may write to, or set PINXIT_DATA to another one."
    return Check("data folder", Verdict.BAD, f"{nearest} {what}", fix)


def _open_to_others(path: Path) -> str:
    """Say what other people on this machine may do with it, if anything."""
    return "others on this machine can read it" if path.stat().st_mode & stat.S_IROTH else ""


def lists_check(settings: Settings) -> Check:
    """The owner's styles and words can be read."""
    try:
        styles, _ = read_styles(settings.styles), read_words(settings.words)
    except (BadStyles, BadWords) as error:
        return Check("lists", Verdict.BAD, str(error), "mend that file, or move it away.")
    words = "a list of words" if settings.words.exists() else "no list of words"
    return Check("lists", Verdict.GOOD, f"{len(styles.all())} styles, {words}")


async def pictures_check(settings: Settings) -> Check:
    """The place for pictures can be written to, read and cleared."""
    content = secrets.token_bytes(1024)
    try:
        pictures = pictures_at(settings)
        sha256 = await pictures.put(content)
        same = await pictures.read(sha256) == content
        await pictures.remove([sha256])
    except StorageError as error:
        fix = (
            "mend PINXIT_PICTURES, the PINXIT_S3_ settings or the store's own rights: read, write and delete."
        )
        return Check("pictures", Verdict.BAD, str(error), fix)
    if not same:
        finding = f"{settings.pictures} does not give back what was put there"
        return Check("pictures", Verdict.BAD, finding, "look at what stands between Pinxit and the store.")
    return Check("pictures", Verdict.GOOD, f"{settings.pictures} can be written to, read and cleared")


def disk_check(folder: Path) -> Check:
    """There is room for pictures."""
    free = shutil.disk_usage(_nearest(folder)).free
    finding = f"{free // MIB} MiB are free in {_nearest(folder)}"
    if free < LITTLE_DISK:
        verdict = Verdict.BAD if free < NO_DISK else Verdict.NOTE
        return Check("disk", verdict, finding, f"free some space in {_nearest(folder)}.")
    return Check("disk", Verdict.GOOD, finding)


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.parents) if os.path.exists(each))  # noqa: PTH110 - no rights, no error


async def database_checks(settings: Settings, *, deep: bool) -> list[Check]:
    """The database can be read, every credit is accounted for, and nothing is left lying."""
    from bot.databases import is_begun, store_at, version_of  # noqa: PLC0415 - only where there is one

    if not is_begun(settings):
        return [NO_DATABASE]
    store = store_at(settings)
    try:
        if (version := await version_of(settings)) < newest():
            return [_behind(version)]
        await store.open()
        checks = [await ledger_check(store)]
        checks.append(await jobs_check(store, is_running=_is_running(settings.data)))
        checks += await company_checks(settings, store)
        if deep:
            checks.append(await contents_check(store, pictures_at(settings)))
    except StorageError as error:
        return [Check("database", Verdict.BAD, str(error), str(error))]
    finally:
        await store.close()
    if settings.database_url is not None:
        checks.insert(0, Check("PostgreSQL", Verdict.GOOD, f"{store.whereabouts} is reached"))
    return checks


def _behind(version: int) -> Check:
    """Opening it would bring it up to date, and looking is to change nothing."""
    if not version:
        return NO_DATABASE
    finding = f"at version {version}; the next start brings it to {newest()}"
    return Check("database", Verdict.NOTE, finding, "back up before that start: `pinxit backup FOLDER`.")


def model_check(source: str) -> Check:
    """The model's files are there, or its name is one of the Hub's."""
    if source == EMBEDDED:
        return _embedded_check()
    if Path(source).expanduser().exists() or source.startswith((".", "/", "~")):
        return _local_model_check(Path(source).expanduser())
    if source.count("/") == 1 or HUB_FILE.fullmatch(source):
        return Check("model", Verdict.GOOD, f"{source}, from the Hub (the first start downloads it)")
    fix = "set PINXIT_MODEL to embedded, a Hub id such as Tongyi-MAI/Z-Image-Turbo, a folder or a file."
    return Check("model", Verdict.BAD, f"{source!r} is neither a folder nor a Hub id", fix)


def _embedded_check() -> Check:
    found = find_spec("generator.embedded")
    folders = list(found.submodule_search_locations or ()) if found else []
    if any(next(Path(folder).rglob("*.safetensors"), None) for folder in folders):
        return Check("model", Verdict.GOOD, "the embedded demonstration model")
    fix = "install Pinxit again, or train the model: `python -m generator.embedded.train`."
    return Check("model", Verdict.BAD, "the files of the embedded model are missing", fix)


def _local_model_check(path: Path) -> Check:
    try:
        check_local(path)
    except UnusableModel as error:
        fix = "set PINXIT_MODEL to a whole model: `pinxit model list` shows which there are."
        return Check("model", Verdict.BAD, str(error).rstrip("."), fix)
    return Check("model", Verdict.GOOD, str(path))


def memory_check(settings: Settings) -> Check:
    """The model fits on the card, in the precision that is set."""
    found = cards()
    fits, finding = explained(settings.model, settings.precision, found, free_memory())
    if fits:
        kernel = f" {attention_of(found[0])}" if found else ""
        return Check("memory", Verdict.GOOD, finding + kernel)
    fix = "set PINXIT_PRECISION to auto, or use a larger card or machine."
    return Check("memory", Verdict.BAD, finding, fix)


def compiling_check(settings: Settings) -> Iterator[Check]:
    """Where there is a card, what compiling for it wants is there."""
    if settings.compile is Compiling.OFF or not cards():
        return
    if (missing := lacking()) is None:
        yield Check("compiling", Verdict.GOOD, "each size is compiled in the background while it is drawn")
        return
    finding = f"{missing} is lacking, so nothing is compiled and drawing is slower"
    fix = f"on Debian and Ubuntu: sudo apt-get install {PACKAGES}; then start the generator again."
    yield Check("compiling", Verdict.NOTE, finding, fix)


def gpu_check(model: str) -> Check:
    """Ask the driver for its cards; torch is not loaded for that."""
    if found := told_of_cards("name,memory.total,memory.used", "csv,noheader"):
        return cards_check(found)
    if model == EMBEDDED:
        return Check("GPU", Verdict.GOOD, "none; the embedded model paints on the CPU")
    fix = "use a machine with an NVIDIA card for this model: on a CPU a picture takes many minutes."
    return Check("GPU", Verdict.NOTE, "no NVIDIA card was found", fix)


def cards_check(cards: Sequence[str]) -> Check:
    """The cards' names, memory, and how much of it is taken already."""
    told = [dict(zip(("name", "total", "used"), card.split(", "), strict=False)) for card in cards]
    finding = "; ".join(
        f"{card.get('name')}, {card.get('used', '?')} of {card.get('total', '?')} taken" for card in told
    )
    full = [card for card in told if 2 * _mib(card.get("used")) > _mib(card.get("total")) > 0]
    if len(full) == len(told):
        fix = "look with nvidia-smi who else uses the card, unless it is Pinxit itself."
        return Check("GPU", Verdict.NOTE, f"{finding}: more than half", fix)
    return Check("GPU", Verdict.GOOD, finding)


def _mib(text: str | None) -> int:
    digits = (text or "").partition(" ")[0]
    return int(digits) if digits.isdigit() else 0


async def generator_check(settings: Settings, address: Address) -> Check:
    """The generator elsewhere answers, knows our secret, and draws with our model."""
    secret = settings.generator_secret
    client = GeneratorClient(address.socket, address.url, secret.get_secret_value() if secret else None)
    try:
        health = await client.health()
    except NotReached as error:
        fix = f"start the generator at {address}, or set PINXIT_GENERATOR_URL to where it is."
        return Check("generator", Verdict.BAD, f"{address} was not reached ({error})", fix)
    finally:
        await client.close()
    return judged(health, address, settings.model)


def judged(health: Health, address: Address, model: str) -> Check:
    """Say what a generator elsewhere has answered."""
    match health:
        case Loading(fraction):
            finding = f"{address} is loading its model, {fraction:.0%}"
            return Check("generator", Verdict.NOTE, finding, "wait until it has loaded.")
        case Unusable(reason):
            return Check("generator", Verdict.BAD, f"{address}: {reason}", reason)
        case Ready(theirs, _, painters) if theirs == model:
            return Check("generator", Verdict.GOOD, f"{address} draws {painters} at once with {theirs}")
        case Ready(theirs):
            fix = f"set PINXIT_MODEL to the same here and there: {theirs} or {model}."
            return Check("generator", Verdict.NOTE, f"{address} draws with {theirs}, not {model}", fix)
        case _:
            assert_never(health)


def port_check(settings: Settings) -> Check:
    """The port can be taken, or a running Pinxit has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return _taken(settings, error)
    finding = f"{settings.port} is free" if settings.port else "any free one will be taken"
    return Check("port", Verdict.GOOD, finding)


def _taken(settings: Settings, error: OSError) -> Check:
    if _is_running(settings.data):
        return Check("port", Verdict.GOOD, f"{settings.port} is taken; Pinxit is running in {settings.data}")
    finding = f"{settings.host}:{settings.port} cannot be listened on ({error.strerror})"
    return Check("port", Verdict.BAD, finding, "set PINXIT_PORT to a free port, or to 0 for any.")


def _is_running(folder: Path) -> bool:
    from storage.folder_lock import FolderLock  # noqa: PLC0415 - seldom needed

    return FolderLock.is_taken(folder)


def picture_check(settings: Settings) -> Check:
    """Paint one step of a test picture with a generator started just for it."""
    from bot.cli.generator import test_picture  # noqa: PLC0415 - only where asked for
    from bot.trouble import Trouble  # noqa: PLC0415

    try:
        seconds = asyncio.run(test_picture(settings))
    except Trouble as trouble:
        return Check("test picture", Verdict.BAD, str(trouble), str(trouble))
    return Check("test picture", Verdict.GOOD, f"one step took {seconds:.2f} s, loading not counted")
