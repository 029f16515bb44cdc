"""The one table at a run's end: every arm at every size, beside the reference and the floor."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from generator.bench.results import Result
from generator.bench.traffic import ALL

BASE, EXACT = "stock", "exact"
HOWS = ("in order", "letting by")


def show(result: Result, console: Console) -> None:
    """Print what was measured."""
    console.print(f"{result.device}, {result.size} model in {result.dtype}, {result.steps} steps")
    console.print("seconds are " + ("the clock's" if "cuda" in result.machine else "the processor's own"))
    console.print(f"floor: {result.floor.get('source', 'not measured')}")
    console.print(_solo(result))
    for told in result.told:
        console.print(_told(told))
    if result.batches:
        console.print(_batches(result))
    if result.waits:
        console.print(_waits(result))
    if any(row["letting_by"] for row in result.waits):
        console.print(_letting_by(result))
    for name, levers in result.levers.items():
        console.print(f"{name}: " + ", ".join(f"{lever} {how}" for lever, how in levers.items()))
    for fresh in result.fresh:
        console.print(_fresh(fresh))
    for name, reason in result.skipped.items():
        console.print(f"{name} was skipped: {reason}.")


def _solo(result: Result) -> Table:
    heads = ("picture", "arm", "encode", "denoise", "decode", "to pixels", "file", "× stock", "× floor")
    table = _table(*heads)
    for row in result.shapes:
        stages = [_milliseconds(row["stages"][stage]["p50"]) for stage in ("encode", "denoise", "decode")]
        table.add_row(
            row["picture"],
            row["arm"],
            *stages,
            _milliseconds(row["whole"]["p50"]),
            _milliseconds(row["stages"]["file"]["p50"]),
            _ratio(row["to_stock"]),
            f"{row['to_floor']:.2f}",
        )
    return table


def _told(told: Mapping[str, Any]) -> str:
    return (
        f"{told['picture']} {told['arm']}: kernel by kernel a step tells a card {told['kernels']}; "
        f"{told['products']} multiply, {told['attention']} attend, the rest move {told['moved'] / 1e9:.1f} GB"
    )


def _batches(result: Result) -> Table:
    counts = list(result.batches[0]["per_second"])
    table = _table("picture", "arm", *(f"batch {count}" for count in counts))
    for row in result.batches:
        table.add_row(row["picture"], row["arm"], *(f"{row['per_second'][count]:.3g}/s" for count in counts))
    return table


def _waits(result: Result) -> Table:
    table = _table("load", "arm", "orders/s", "p50", "p95", "p99")
    for row in result.waits:
        if row["kind"] == ALL and not row["letting_by"]:
            found = _seconds(row, "p50", "p95", "p99")
            table.add_row(row["load"], row["arm"], f"{row['rate']:g}", *found)
    return table


def _letting_by(result: Result) -> Table:
    """Show what each kind waits in order, and where long orders let short ones by, with the exact engine."""
    parts = ("mean", "p99")
    table = _table("orders/s", EXACT, *(f"{part}, {how}" for part in parts for how in HOWS))
    rows = [row for row in result.waits if row["arm"] == EXACT]
    in_order = {(row["load"], row["rate"], row["kind"]): row for row in rows if not row["letting_by"]}
    for row in rows:
        if row["letting_by"]:
            both = (in_order[row["load"], row["rate"], row["kind"]], row)
            found = [_seconds(each, part)[0] for part in parts for each in both]
            table.add_row(f"{row['rate']:g}", row["kind"], *found)
    return table


def _seconds(row: Mapping[str, Any], *parts: str) -> list[str]:
    return ["overload" if row["overload"] else f"{row[part]:.2f} s" for part in parts]


def _fresh(fresh: Mapping[str, Any]) -> str:
    if "error" in fresh:
        return f"{fresh['what']}: {fresh['error']}"
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in fresh["seconds"].items())
    peaks = ", ".join(f"{name} {value:.2f} GiB" for name, value in fresh["peaks"].items())
    return f"{fresh['what']}: {seconds}; at most {peaks}"


def _table(*heads: str) -> Table:
    return Table(*heads, box=None, pad_edge=False)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def _ratio(ratio: Mapping[str, float] | None) -> str:
    return "" if ratio is None else f"{ratio['middle']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"
