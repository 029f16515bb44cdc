"""Measured figures: one line each in a table for people, and in a file to keep."""

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `goal` is "" where there is none."""

    name: str
    value: float
    unit: str
    goal: str = ""


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    from rich.console import Console  # noqa: PLC0415 - only benchmarks print tables
    from rich.table import Table  # noqa: PLC0415

    table = Table("measured", "value", "unit", "goal", box=None, pad_edge=False)
    for figure in figures:
        table.add_row(figure.name, f"{figure.value:.4g}", figure.unit, figure.goal)
    (Console() if sys.stdout.isatty() else Console(width=120)).print(table)


def write(file: Path, figures: Sequence[Figure]) -> None:
    """Write them as JSON. Raises OSError."""
    machine = {"machine": platform.machine(), "python": platform.python_version()}
    told = machine | {"figures": [asdict(figure) for figure in figures]}
    file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
