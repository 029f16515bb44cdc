"""The benchmark of the HTTP API measures something; the figures of a busy machine are no failure."""

from bot.bench.api import bear
from bot.settings import Settings


async def test_a_short_run_measures_every_figure(tmp_path):
    borne = await bear(Settings(data=tmp_path / "own"), tmp_path, streams=20, seconds=1.0)

    assert len(borne.submits) == 200
    assert borne.refused == 0
    assert borne.chats
    assert 0 < borne.poll_cpu_ms < 50
    assert borne.resident_mib < 250
