"""The one table at a run's end: every arm at every size, beside the reference and the floor."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from generator.bench.results import Result
from generator.bench.traffic import ALL, PATIENCE, SCALES

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
    for rows, table in (
        (result.roofline, _roofline),
        (result.attended, _attended),
        (result.files, _files),
        (result.texts, _texts),
        (result.batches, _batches),
        (result.waits, _waits),
        ([row for row in result.waits if row["letting_by"]], _letting_by),
        (result.gates, _gates),
        (result.targets, _targets),
    ):
        if rows:
            console.print(table(result))
    for row in result.most:
        console.print(
            f"{row['load']}, {row['arm']}: p99 is {PATIENCE:g} s at {row['per_second']:.2f} orders/s"
        )
    for name, kernels in result.attending.items():
        console.print(f"{name} attends by {', '.join(kernels) or 'nothing that has a name for it'}")
    for name, levers in result.levers.items():
        console.print(f"{name}: " + ", ".join(f"{lever} {how}" for lever, how in levers.items()))
    for fresh in result.fresh:
        console.print(_fresh(fresh))
    for name, reason in result.skipped.items():
        console.print(f"{name}: not measured, {reason}.")


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


def _roofline(result: Result) -> Table:
    """Tera-FLOPs a second at each number of tokens; gigabytes of what is only moved."""
    lengths = sorted({row["tokens"] for row in result.roofline if row["tokens"]})
    table = _table("a block's", "in", *(f"{tokens} tokens" for tokens in lengths))
    for what, precision in dict.fromkeys((row["what"], row["precision"]) for row in result.roofline):
        found = {
            row["tokens"]: row["per_second"]
            for row in result.roofline
            if (row["what"], row["precision"]) == (what, precision)
        }
        speeds = [f"{found[tokens]:.3g} TFLOP/s" for tokens in lengths if tokens in found]
        table.add_row(what, precision, *(speeds or [f"{found[0]:.3g} GB/s"]))
    return table


def _attended(result: Result) -> Table:
    """What whoever waits for a picture meets; the file and the processors' work are of a whole picture."""
    kinds = ("preview", "step", "pause", "cancel", "file", "work")
    heads = ("first preview", "step", "pause", "cancel", "order to file", "processors")
    table = _table("picture", "arm", *heads, "joules")
    for row in result.attended:
        times = [_milliseconds(row[kind]["p50"]) if row[kind] else "none" for kind in kinds]
        joules = f"{row['card']['watts'] * row['file']['p50']:.0f}" if row["card"] else ""
        table.add_row(row["picture"], row["arm"], *times, joules)
    return table


def _files(result: Result) -> Table:
    table = _table("file", "wait", "× Pillow", "bytes, × Pillow")
    for row in result.files:
        times, size = row["wait"] / row["pillow_wait"], row["bytes"] / row["pillow_bytes"]
        table.add_row(row["format"], _milliseconds(row["wait"]), f"{times:.2f}", f"{size:.2f}")
    return table


def _texts(result: Result) -> Table:
    lengths = sorted({row["tokens"] for row in result.texts})
    table = _table("new text", *(f"{tokens} tokens" for tokens in lengths))
    for arm in dict.fromkeys(row["arm"] for row in result.texts):
        found = {row["tokens"]: row["seconds"] for row in result.texts if row["arm"] == arm}
        table.add_row(arm, *(_milliseconds(found[each]["p50"]) if found[each] else "" for each in lengths))
    return table


def _batches(result: Result) -> Table:
    counts = sorted({count for row in result.batches for count in row["per_second"]})
    table = _table("picture", "arm", *(f"batch {count}" for count in counts))
    for row in result.batches:
        rates = [f"{rate:.3g}/s" if (rate := row["per_second"].get(count)) else "" for count in counts]
        table.add_row(row["picture"], row["arm"], *rates)
    return table


def _gates(result: Result) -> Table:
    table = _table("arm", "cosine with stock", "decibels", "fp32 difference")
    for row in result.gates:
        difference = "" if row["difference"] is None else f"{row['difference']:.1g}"
        table.add_row(row["arm"], f"{row['cosine']:.6f}", f"{row['decibels']:.0f}", difference)
    return table


def _targets(result: Result) -> Table:
    """On whatever card: the targets are those of an H200."""
    table = _table("target on an H200", "measured", "target", "")
    words = {True: "met", False: "missed", None: "not measured"}
    for row in result.targets:
        value = "" if row["value"] is None else f"{row['value']:.3g} {row['unit']}"
        table.add_row(row["name"], value, row["target"], words[row["met"]])
    return table


def _waits(result: Result) -> Table:
    within = (f"within {scale:g}×" for scale in SCALES)
    table = _table("load", "arm", "orders/s", "p50", "p95", "p99", *within)
    for row in result.waits:
        if row["kind"] == ALL and not row["letting_by"]:
            found = _seconds(row, "p50", "p95", "p99")
            found += [f"{part:.0%}" for part in row["within"].values()]
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
    stock = f"; × stock {fresh['to_stock']:.2f}" if "to_stock" in fresh else ""
    return f"{fresh['what']}: {seconds}; at most {peaks}{stock}"


def _table(*heads: str) -> Table:
    return Table(*heads, box=None, pad_edge=False)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def _ratio(ratio: Mapping[str, float] | None) -> str:
    return "" if ratio is None else f"{ratio['middle']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"
