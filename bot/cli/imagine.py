"""`pinxit imagine`: pictures from the command line, without a server and without a database."""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bot.cli.generator import events_of, ready_generator
from bot.loras import Loras
from bot.options import FORMATS, Defaults, Wish, parse
from bot.refusals import Refusal, TooManyAlternatives
from bot.settings import Settings
from bot.styles import BadStyles, read_styles
from bot.texts import describe
from bot.trouble import Misuse, Trouble
from bot.wildcards import alternatives
from generator.layers import layers_for
from generator.loras import shelf_for
from generator.messages import (
    Begun,
    End,
    Event,
    Failed,
    Finished,
    Order,
    Paused,
    PictureFormat,
    Preview,
    Resumed,
    StepDone,
)
from generator.models import model_for
from generator.recipe import Recipe

SEEDS = 2**32  # short enough to be typed again
ENDINGS = {PictureFormat.PNG: ".png", PictureFormat.JPEG: ".jpg", PictureFormat.WEBP: ".webp"}


def paint(prompt: str, flags: Mapping[str, str], out: Path | None, settings: Settings) -> None:
    """Paint what the prompt and the flags say, save it, and print where and with which seed."""
    texts = _texts(with_flags(prompt, flags), settings.language)
    wishes = [_read(text, out, settings) for text in texts]
    works = list(_works(wishes, settings))
    orders = list(itertools.chain(*works))
    first = out or Path(f"pinxit-{orders[0].recipe.seed}")
    if not first.parent.is_dir():
        raise Misuse(f"There is no folder {first.parent} to save in.")
    files = names(first, len(orders))
    if out is None:
        files = [file.with_suffix(ENDINGS[order.format]) for file, order in zip(files, orders, strict=True)]
    asyncio.run(_painted(works, files, settings))


def _texts(text: str, language: str) -> tuple[str, ...]:
    """Return every text that wildcards stand for."""
    try:
        return alternatives(text)
    except TooManyAlternatives as refusal:
        raise Misuse(describe(refusal, language)) from None


def _works(wishes: Iterable[Wish], settings: Settings) -> Iterator[tuple[Order, ...]]:
    """Yield the orders of each wish, once its recipe can be drawn; they are numbered throughout."""
    number = itertools.count()
    for wish in wishes:
        recipe = wish.recipe(model_for(settings.model), secrets.randbelow(SEEDS))
        recipe = asyncio.run(_fixed(recipe, settings))
        yield tuple(
            Order(id=str(next(number)), recipe=recipe.picture(index), format=wish.format)
            for index in range(wish.count)
        )


def with_flags(prompt: str, flags: Mapping[str, str]) -> str:
    """Return what would have been typed after /imagine, so that one parser reads everything."""
    return " ".join([prompt, *(f"--{name} {_quoted(value)}" for name, value in flags.items())])


def _quoted(value: str) -> str:
    return f'"{value}"' if '"' not in value else f"'{value}'"


def _read(text: str, out: Path | None, settings: Settings) -> Wish:
    ending = _ending(out)
    try:
        defaults = Defaults(
            max_count=settings.max_count,
            format=ending or PictureFormat.PNG,
            styles=read_styles(settings.styles),
            loras=shelf_for(settings.model, settings.loras),
        )
        wish = parse(text, model_for(settings.model), defaults)
    except BadStyles as error:
        raise Trouble(str(error)) from None
    except Refusal as refusal:
        raise Misuse(describe(refusal, settings.language)) from None
    if ending and wish.format is not ending:
        raise Misuse(f"{out} ends like another format than {wish.format}.")
    return wish


async def _fixed(recipe: Recipe, settings: Settings) -> Recipe:
    """Return the recipe with the contents of its LoRAs, once they fit the model."""
    shelf = shelf_for(settings.model, settings.loras)
    try:
        return await Loras(shelf, layers_for(settings.model)).fixed(recipe)
    except Refusal as refusal:
        raise Misuse(describe(refusal, settings.language)) from None


def _ending(out: Path | None) -> PictureFormat | None:
    if out is None:
        return None
    try:
        return FORMATS[out.suffix.lower().removeprefix(".")]
    except KeyError:
        raise Misuse(f"{out} must end in .png, .jpg or .webp.") from None


def names(first: Path, count: int) -> list[Path]:
    """Return one file for each picture: ``out.png``, or ``out-1.png``, ``out-2.png`` and so on."""
    if count == 1:
        return [first]
    return [first.with_stem(f"{first.stem}-{number}") for number in range(1, count + 1)]


async def _painted(works: Iterable[tuple[Order, ...]], files: list[Path], settings: Settings) -> None:
    with _bar() as bar:
        task = bar.add_task("loading the model", total=1.0)
        async with ready_generator(settings, lambda done: bar.update(task, completed=done)) as client:
            for orders in works:
                bar.reset(task, description="painting", total=orders[0].recipe.steps)
                async with aclosing(events_of(client, orders, settings.language)) as events:
                    async for event in events:
                        _tell(event, {order.id: order for order in orders}, files, partial(bar.update, task))


def _tell(
    event: Event, orders: Mapping[str, Order], files: list[Path], progress: Callable[..., None]
) -> None:
    match event:
        case StepDone(step, steps):
            progress(completed=step, total=steps)
        case Finished(order=id):
            _save(files[int(id)], orders[id], event)
        case Begun() | Paused() | Resumed() | Preview() | Failed() | End():
            pass


def _bar() -> Progress:
    """Return a bar on standard error, so that standard output has only what was saved."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _save(file: Path, order: Order, picture: Finished) -> None:
    try:
        file.write_bytes(picture.file)
    except OSError as error:
        raise Trouble(f"{file} cannot be written: {error.strerror}.") from None
    facts = f"{picture.width}×{picture.height}  seed {order.recipe.seed}  {picture.seconds:.2f} s"
    print(f"{file}  {facts}", flush=True)  # noqa: T201 - this is the command's answer
