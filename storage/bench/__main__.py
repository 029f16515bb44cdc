"""`python -m storage.bench`: accepted jobs, claims and ends a second, by engine, history and processes.

The databases take turns, so that whatever else the machine does slows all of them alike.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from storage.bench.crowd import Crowd, press
from storage.bench.places import InFile, OnServer, Place, prepare, server, sync_ms
from storage.bench.report import Measured, combined, table, write

SIZES = (10_000, 1_000_000)  # rows of history
JOBS = 1000
WAITING = 10_000
RESULT = Path(__file__).parent.parent / "bench_results" / "storage.json"

Databases = Sequence[tuple[int, Place]]


def crowds(jobs: int) -> list[Crowd]:
    """Return who presses, in turn."""
    return [Crowd(1, 1, jobs // 2), Crowd(1, 16, jobs), Crowd(4, 16, jobs)]


def rounds(databases: Databases, jobs: int, times: int, waiting: int) -> Iterator[Measured]:
    """Let every crowd press on every database, so many times; then one behind a long queue."""
    turns = [crowd for _ in range(times) for crowd in crowds(jobs)]
    for crowd in (*turns, Crowd(1, 16, jobs, waiting)):
        for rows, place in databases:
            measured = Measured(place.engine, rows, crowd, press(place, crowd))
            print(table([measured]).splitlines()[-1], flush=True)  # noqa: T201 - a command's output
            yield measured


def main() -> None:
    """Measure in a folder, and on a server, that are removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m storage.bench")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="sizes of history to compare")
    parser.add_argument("--jobs", type=int, default=JOBS, help="jobs that each crowd brings")
    parser.add_argument("--rounds", type=int, default=3, help="of which the middle is taken")
    parser.add_argument("--waiting", type=int, default=WAITING, help="jobs in the long queue")
    parser.add_argument("--write", type=Path, default=RESULT, help="where the result is kept")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pinxit-bench-")))
        postgres = stack.enter_context(server())
        databases: list[tuple[int, Place]] = [(rows, InFile(folder / f"{rows}.db")) for rows in asked.rows]
        if postgres is not None:
            databases += [(rows, OnServer(postgres.make(f"rows{rows}"))) for rows in asked.rows]
        for rows, place in databases:
            asyncio.run(prepare(place, rows))
        took = sync_ms(folder)
        measured = combined(list(rounds(databases, asked.jobs, asked.rounds, asked.waiting)))
        settings = {} if postgres is None else {"PostgreSQL": postgres.settings()}
    print(f"\nThis disk keeps 4 KiB for good in {took:.2f} ms.\n\n{table(measured)}")  # noqa: T201
    write(asked.write, measured, settings, took)


if __name__ == "__main__":
    main()
