"""How fast storage is, and whether history slows it: `python -m storage.bench` prints a table.

Fills a database for each size of history with ended jobs, then measures accepting, claiming and settling,
with a short queue and with 10 000 jobs queued. The databases take turns call by call, so that whatever
else the machine does slows all of them alike.
"""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from zlib import crc32

from generator.messages import PictureFormat
from generator.recipe import Recipe
from storage.records import Accepted, Identity, Job, Limits, NewJob, NewPost, Picture
from storage.sql.rows import recipe_text
from storage.sqlite import SqliteStore

RECIPE = Recipe(prompt="a red fox in snow", model="embedded", width=256, height=256, steps=8, seed=7)
LIMITS = Limits(per_account=1_000_000, whole_queue=1_000_000, daily_allowance=0)
SIZES = (10_000, 1_000_000)  # rows of history
SAMPLES = 500
ACCOUNTS = 100
QUEUED = 10_000
CALLERS = 16

# History as the verbs would have left it: hold and capture, a shown post, a picture.
HISTORY = """
begin;
insert into ledger (key, account, kind, available, held, note, created_at)
    select 'grant:bench' || id, id, 'grant', 1000000000, 0, '', 0.0 from accounts;
insert into jobs (id, key, account, recipe, count, format, price, cost_seconds, state, attempt, tag, charge,
        created_at, ended_at, draw_seconds)
    with recursive n (i) as (select 1 union all select i + 1 from n where i < {rows})
    select printf('history%09d', i), printf('key%d', i), 1 + i % {accounts}, '{recipe}', 1, 'png', 15, 2.0,
        'succeeded', 1, 0.0, 2.0, i * 1.0, i + 2.0, 2.0 from n;
insert into ledger (key, account, kind, available, held, job, note, created_at)
    select 'hold:' || id, account, 'hold', -price, price, id, '', created_at from jobs;
insert into ledger (key, account, kind, available, held, job, note, created_at)
    select 'capture:' || id, account, 'capture', 0, -price, id, '', ended_at from jobs;
insert into posts (job, platform, address, language, rung)
    select id, 'web', '{{"tab": 1}}', 'en', 'edited' from jobs;
insert into pictures (job, place, sha256, format, width, height, size_bytes, truncated, secret)
    select id, 0, printf('%064x', seq), 'png', 256, 256, 90000, 0, 'secret' || seq from jobs;
commit;
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """A store with so many rows of history, and how long each verb took there, in seconds."""

    rows: int
    store: SqliteStore
    accounts: Sequence[int]
    claimed: list[Job] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    async def submit(self, key: str) -> Job:
        """Accept one order; the accounts take turns."""
        account = self.accounts[crc32(key.encode()) % len(self.accounts)]
        accepted = await self.store.submit(new_job(account, key), LIMITS, 1e9)
        assert isinstance(accepted, Accepted)
        return accepted.job

    async def submit_and_place(self, key: str) -> None:
        """Accept one order and look up its place, as answering /imagine does."""
        job = await self.submit(key)
        assert await self.store.place(job.id)

    async def claim(self, _: str) -> None:
        """Claim the first job in line."""
        job = await self.store.claim("bench", 1e9)
        assert job is not None
        self.claimed.append(job)

    async def settle(self, _: str) -> None:
        """Let the job that was claimed first succeed."""
        job = self.claimed.pop(0)
        assert await self.store.succeed(job.id, job.attempt, [picture_of(job)], 2.1, 1e9)

    async def timed(self, name: str, verb: Callable[[str], Awaitable[object]], key: str) -> None:
        """Call once, and note how long it took."""
        began = time.perf_counter()
        await verb(key)
        self.seconds.setdefault(name, []).append(time.perf_counter() - began)

    def quantile(self, name: str, part: float) -> float:
        """Return the seconds that `part` of the calls stayed below."""
        seconds = sorted(self.seconds[name])
        return seconds[int(part * (len(seconds) - 1))]

    def line(self, name: str) -> str:
        """Return a row of the table."""
        seconds = self.seconds[name]
        middle, slow = self.quantile(name, 0.5) * 1000, self.quantile(name, 0.99) * 1000
        return f"{name:<34}{middle:>9.2f}{slow:>9.2f}{len(seconds) / sum(seconds):>10.0f}"


def new_job(account: int, key: str) -> NewJob:
    """Return an order as a chat would make it."""
    return NewJob(
        key=key,
        account=account,
        recipe=RECIPE,
        count=1,
        format=PictureFormat.PNG,
        price=15,
        cost_seconds=2.0,
        parent=None,
        post=NewPost(platform="web", address="{}", language="en"),
    )


def picture_of(job: Job) -> Picture:
    """Return a picture as the dispatcher would record it."""
    return Picture(
        job=job.id,
        index=0,
        sha256="0" * 64,
        format=job.format,
        width=256,
        height=256,
        size_bytes=90_000,
        truncated=False,
        secret=f"secret of {job.id}",
    )


async def prepared(path: Path, rows: int) -> Bench:
    """Return an open store with `rows` ended jobs."""
    store = SqliteStore(path)
    await store.open()
    accounts = [
        (await store.account(Identity("bench", str(number)), f"Person {number}")).id
        for number in range(ACCOUNTS)
    ]
    await asyncio.to_thread(_fill, path, rows)
    return Bench(rows, store, accounts)


def _fill(path: Path, rows: int) -> None:
    recipe = recipe_text(RECIPE).replace("'", "''")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = off")
        connection.executescript(HISTORY.format(rows=rows, accounts=ACCOUNTS, recipe=recipe))
        connection.execute("pragma wal_checkpoint(truncate)")


async def measure(benches: Sequence[Bench]) -> None:
    """Call every verb on every store in turn."""
    for phase, call in (("submit", Bench.submit), ("claim", Bench.claim), ("settle", Bench.settle)):
        await _by_turns(benches, phase, call, SAMPLES)
    await _by_turns(benches, f"submit, until {QUEUED} wait", Bench.submit, QUEUED)
    await _by_turns(benches, f"submit and place, {QUEUED} wait", Bench.submit_and_place, SAMPLES)
    await _by_turns(benches, f"claim, {QUEUED} wait", Bench.claim, SAMPLES)
    await _by_turns(benches, f"settle, {QUEUED} wait", Bench.settle, SAMPLES)


async def _by_turns(
    benches: Sequence[Bench], name: str, verb: Callable[[Bench, str], Awaitable[object]], calls: int
) -> None:
    for call in range(calls):
        for bench in benches:
            await bench.timed(name, partial(verb, bench), f"{name} {call}")


async def at_once(bench: Bench) -> str:
    """Let CALLERS accept and place at the same time; return a sentence about it."""
    crowd = replace(bench, seconds={})

    async def caller(number: int) -> None:
        for call in range(SAMPLES // CALLERS):
            await crowd.timed("at once", crowd.submit_and_place, f"{number} at once {call}")

    began = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    rate = len(crowd.seconds["at once"]) / (time.perf_counter() - began)
    return f"{bench.rows} rows: {rate:.0f} a second, p99 {crowd.quantile('at once', 0.99) * 1000:.0f} ms"


def report(benches: Sequence[Bench]) -> None:
    """Print a table for each store, and the last one's middle times against the first one's."""
    for bench in benches:
        print(f"\n{bench.rows} rows of history")  # noqa: T201 - a command's output
        print(f"{'':<34}{'p50 ms':>9}{'p99 ms':>9}{'a second':>10}")  # noqa: T201
        print(*(bench.line(name) for name in bench.seconds), sep="\n")  # noqa: T201
    first, last = benches[0], benches[-1]
    print(f"\np50 with {last.rows} rows of history against {first.rows}")  # noqa: T201
    for name in first.seconds:
        print(f"{name:<34}{last.quantile(name, 0.5) / first.quantile(name, 0.5):>8.2f}x")  # noqa: T201


async def compare(sizes: Sequence[int], folder: Path) -> None:
    """Prepare a store of each size, measure, print."""
    benches = [await prepared(folder / f"{rows}.db", rows) for rows in sizes]
    try:
        await measure(benches)
        crowds = [await at_once(bench) for bench in benches]
        report(benches)
        print(f"\nsubmit and place, {CALLERS} callers at once, {QUEUED} wait")  # noqa: T201
        print(*crowds, sep="\n")  # noqa: T201
    finally:
        for bench in benches:
            await bench.store.close()


def main() -> None:
    """Run the benchmark in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m storage.bench")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="sizes of history to compare")
    sizes = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="pinxit-bench-") as folder:
        asyncio.run(compare(sizes, Path(folder)))


if __name__ == "__main__":
    main()
