"""What this machine does: measured on the real product in a folder of its own, printed as one table.

It only measures; the goals beside the figures are those of a quiet machine of two cores.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from rich.console import Console

from bot.bench.acceptance import acceptance
from bot.bench.product import Drawn, Product
from bot.cli.generator import events_of
from bot.settings import Settings
from bot.trouble import Misuse, Trouble
from generator.client import GeneratorClient
from generator.figures import Figure, show, write
from generator.messages import Order
from generator.models import model_for
from generator.recipe import Recipe

SIDE, STEPS = 256, 8
HISTORIES = (10_000, 1_000_000)  # old jobs
WARM = 2  # pictures before it counts: caches fill, the estimate is learned


def measure(  # noqa: PLR0913 - one for each option
    settings: Settings, *, pictures: int, queued: int, history: bool, api: bool, file: Path | None
) -> None:
    """Measure everything that is asked for, print it, and write it to `file` as JSON."""
    if file is not None and not file.absolute().parent.is_dir():
        raise Misuse(f"There is no folder {file.parent} to write {file.name} in.")
    with tempfile.TemporaryDirectory(prefix="pinxit-bench-") as folder:
        figures = asyncio.run(_measured(settings, pictures, queued, Path(folder)))
        if api:
            figures += asyncio.run(_api_figures(settings, Path(folder)))
        if history:
            figures += asyncio.run(_claims_behind_history(Path(folder)))
    show(figures)
    if file is not None:
        _write(file, figures)


async def _measured(settings: Settings, pictures: int, queued: int, folder: Path) -> list[Figure]:
    console = Console(stderr=True)
    with console.status("painting"):
        figures = await _painted(settings, pictures, folder / "product")
    with console.status(f"accepting behind {queued} queued jobs"):
        accepted = await acceptance(folder / "acceptance", model_for(settings.model), queued)
    return [
        *figures,
        Figure(f"accepting with {queued} queued, p50", 1000 * quantile(accepted.seconds, 0.5), "ms"),
        Figure(
            f"accepting with {queued} queued, p99", 1000 * quantile(accepted.seconds, 0.99), "ms", "≤ 100"
        ),
        Figure(f"accepted with {queued} queued", accepted.per_second, "jobs/s", "≥ 200"),
    ]


async def _painted(settings: Settings, pictures: int, data: Path) -> list[Figure]:
    """Paint through the whole product and with its generator alone by turns, so that load hits both alike."""
    drawn: list[Drawn] = []
    alone: list[float] = []
    async with Product(settings, data) as product:
        for number in range(WARM + pictures):
            drawn.append(await product.draw(wish(number)))
            alone.append(await _drawn_alone(product.generator, settings, number))
        resident = product.resident_mib()
    return [
        *_picture_figures(drawn[WARM:], alone[WARM:]),
        *_bot_figures(product.start_seconds, resident),
    ]


def _picture_figures(drawn: Sequence[Drawn], alone: Sequence[float]) -> list[Figure]:
    whole = [each.seconds for each in drawn]
    engine = [each.engine_seconds for each in drawn]
    overhead = [1000 * each.overhead_seconds for each in drawn]
    return [
        Figure(f"{SIDE}×{SIDE}, {STEPS} steps, Enter to picture, p50", quantile(whole, 0.5), "s", "≤ 1.5"),
        Figure(f"{SIDE}×{SIDE}, {STEPS} steps, Enter to picture, p95", quantile(whole, 0.95), "s", "≤ 1.5"),
        Figure("  of it the engine, p50", quantile(engine, 0.5), "s"),
        Figure("  of it queue, storage, file, frames, delivery, p50", quantile(overhead, 0.5), "ms", "≤ 60"),
        Figure("  of it queue, storage, file, frames, delivery, p95", quantile(overhead, 0.95), "ms"),
        Figure("the generator alone, asked over its socket, p50", quantile(alone, 0.5), "s"),
    ]


def _bot_figures(start_seconds: float, resident_mib: float) -> list[Figure]:
    return [
        Figure("start to the first HTTP answer", start_seconds, "s", "≤ 2"),
        Figure("memory of the bot process", resident_mib, "MiB", "≤ 150"),
    ]


def wish(number: int) -> str:
    """Return what is typed for one picture; each prompt is new, so no cache helps."""
    return f"a red circle, number {number} --size {SIDE}x{SIDE} --steps {STEPS} --seed {number}"


async def _drawn_alone(client: GeneratorClient, settings: Settings, number: int) -> float:
    """Ask the generator itself: no queue, no storage, no page."""
    began = time.perf_counter()
    async with aclosing(events_of(client, (_order(settings, number),), settings.language)) as events:
        async for _ in events:
            pass
    return time.perf_counter() - began


def _order(settings: Settings, number: int) -> Order:
    recipe = Recipe(
        prompt=f"a red circle, by itself, number {number}",
        model=model_for(settings.model).name,
        width=SIDE,
        height=SIDE,
        steps=STEPS,
        seed=number,
    )
    return Order(id=str(number), recipe=recipe)


async def _api_figures(settings: Settings, folder: Path) -> list[Figure]:
    from bot.bench.api import RATE, STREAMS, bear  # noqa: PLC0415 - seldom asked for

    with Console(stderr=True).status("asking the HTTP API"):
        borne = await bear(settings, folder)
    beside = f"at {RATE:.0f}/s beside {STREAMS} streams"
    return [
        Figure(f"HTTP API: order {beside}, p50", 1000 * quantile(borne.submits, 0.5), "ms"),
        Figure(f"HTTP API: order {beside}, p99", 1000 * quantile(borne.submits, 0.99), "ms", "≤ 25"),
        Figure("  of them refused", float(borne.refused), "", "0"),
        Figure("  chat acknowledged meanwhile, p99", 1000 * quantile(borne.chats, 0.99), "ms", "≤ 100"),
        Figure("  memory of the bot process", borne.resident_mib, "MiB"),
        Figure("HTTP API: memory per open stream", borne.stream_kib, "KiB", "≤ 40"),
        Figure("HTTP API: CPU of a status poll", borne.poll_cpu_ms, "ms", "≤ 5"),
    ]


async def _claims_behind_history(folder: Path) -> list[Figure]:
    from storage.bench.by_turns import claims  # noqa: PLC0415 - slow, and seldom asked for

    with Console(stderr=True).status("claiming behind history"):
        few, many = await claims(HISTORIES, folder)
    return [
        Figure(f"claim with {HISTORIES[0]} old jobs, p50", 1000 * few, "ms"),
        Figure(f"claim with {HISTORIES[1]} old jobs, p50", 1000 * many, "ms"),
        Figure("  ratio", many / few, "×", "about 1"),
    ]


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value that `part` of all stay below or at."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]


def _write(file: Path, figures: Sequence[Figure]) -> None:
    try:
        write(file, figures)
    except OSError as error:
        raise Trouble(f"{file} cannot be written: {error.strerror}.") from None
