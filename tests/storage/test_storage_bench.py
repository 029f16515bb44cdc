"""The benchmark measures what it says, on databases that are sound."""

import asyncio
import json
import sys

import pytest

from storage.bench import __main__ as bench
from storage.bench import by_turns
from storage.bench.crowd import Crowd
from storage.bench.places import InFile, OnServer, Place, prepare


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def place(request, path) -> Place:
    match request.param:
        case "SQLite":
            return InFile(path)
        case _:
            return OnServer(request.getfixturevalue("postgres"))


def test_it_measures_both_engines_and_keeps_the_figures(tmp_path, monkeypatch, capsys, postgres_server):
    del postgres_server  # is there one, the benchmark starts another
    file = tmp_path / "results" / "storage.json"
    monkeypatch.setattr(bench, "crowds", lambda jobs: [Crowd(2, 4, jobs)])
    asked = ["--rows", "50", "--jobs", "32", "--rounds", "1", "--waiting", "40", "--write", str(file)]
    monkeypatch.setattr(sys, "argv", ["bench", *asked])

    bench.main()

    result = json.loads(file.read_text())
    assert [(each["engine"], each["crowd"]["processes"]) for each in result["measured"]] == [
        (engine, processes) for processes in (2, 1) for engine in ("SQLite", "PostgreSQL")
    ]
    assert all(rate["per_second"] > 0 for each in result["measured"] for rate in each["rates"])
    assert "fsync = on" in result["settings"]["PostgreSQL"]
    assert "2 × 4" in capsys.readouterr().out


async def test_the_history_it_fills_in_is_sound(place):
    await prepare(place, 50)

    store = place.store()
    await store.open()
    try:
        assert await store.ledger_faults() == []
        assert len(await store.jobs(100)) == 50
    finally:
        await store.close()


def test_histories_are_compared_call_by_call(tmp_path, monkeypatch):
    monkeypatch.setattr(by_turns, "CALLS", 5)

    few, many = asyncio.run(by_turns.claims([10, 20], tmp_path))

    assert few > 0
    assert many > 0
