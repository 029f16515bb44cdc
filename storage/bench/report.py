"""What was measured, as a table for people and as JSON to keep."""

import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from storage.bench.crowd import Crowd, Rate

HEAD = ("engine", "old jobs", "waiting", "processes × callers", "accepted/s", "claims/s", "ends/s")


@dataclass(frozen=True, slots=True)
class Measured:
    """One crowd on one database in one round."""

    engine: str
    rows: int
    crowd: Crowd
    rates: Sequence[Rate]


def combined(rounds: Sequence[Measured]) -> list[Measured]:
    """Return the middle of all rounds for each database and crowd, in the order they were first seen."""
    seen: dict[tuple[str, int, Crowd], list[Measured]] = {}
    for each in rounds:
        seen.setdefault((each.engine, each.rows, each.crowd), []).append(each)
    return [
        Measured(
            engine, rows, crowd, [_middle(rates) for rates in zip(*(m.rates for m in same), strict=True)]
        )
        for (engine, rows, crowd), same in seen.items()
    ]


def _middle(rates: Sequence[Rate]) -> Rate:
    return Rate(
        rates[0].verb,
        round(median(rate.per_second for rate in rates), 1),
        round(median(rate.p50_ms for rate in rates), 2),
        round(median(rate.p99_ms for rate in rates), 2),
    )


def table(measured: Sequence[Measured]) -> str:
    """Return the rates as lines of text, each verb with the milliseconds of its middle call."""
    rows = [HEAD, *(_row(each) for each in measured)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def _row(each: Measured) -> tuple[str, ...]:
    crowd = f"{each.crowd.processes} × {each.crowd.callers}"
    rates = (f"{rate.per_second:.0f} ({rate.p50_ms:.1f} ms)" for rate in each.rates)
    return each.engine, str(each.rows), str(each.crowd.waiting), crowd, *rates


def write(file: Path, measured: Sequence[Measured], settings: dict[str, str], sync_ms: float) -> None:
    """Keep everything as JSON."""
    result = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "load": os.getloadavg()[0],
            "sync_ms": round(sync_ms, 3),
        },
        "settings": {"SQLite": f"{sqlite3.sqlite_version}, WAL, synchronous = full"} | settings,
        "measured": [asdict(each) for each in measured],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
