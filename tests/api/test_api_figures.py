"""What /metrics tells an owner, and that nothing watches for what is not told."""

import asyncio
import json
import logging
import re
import shutil
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from apistage import playing_api
from prometheus_client.parser import text_string_to_metric_families
from stage import RECIPE, ScriptedGenerator, a_job, a_post, draws, fails

from bot.refusals import QueueIsFull
from bot.tally import MOST_SHAPES, ErrorCounter, Tally
from bot.updates import Delivered, KeyMade, Refused
from generator.messages import CardMemory, Loading, Paused, Ready, Resumed
from storage.records import Rung

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMTOOL = shutil.which("promtool")
NAME = re.compile(r"\b(?:pinxit|process)_[a-z_]+")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not here; Debian: apt install prometheus"
)


async def scraped(api: Any) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return every sample by its name and the values of its labels, in the order of their names."""
    text = (await api.get("/metrics", key="")).body.decode()
    families = text_string_to_metric_families(text)
    samples = (sample for family in families for sample in family.samples)
    return {(each.name, tuple(each.labels.values())): each.value for each in samples}


async def test_figures_tell_how_pictures_were_drawn_waited_for_and_shown(api):
    await scraped(api)
    job = await api.done((await api.order())["id"])
    await api.until_confirmed()

    figures = await scraped(api)

    assert job["state"] == "succeeded"
    assert figures["pinxit_jobs_ended_total", ("succeeded", "api")] == 1
    assert figures["pinxit_wait_seconds_count", ("api",)] == 1
    assert figures["pinxit_deliveries_total", ("api", "edited")] == 1
    [shape] = [labels for name, labels in figures if name == "pinxit_picture_seconds_count"]
    assert figures["pinxit_picture_seconds_count", shape] == 1
    assert figures["pinxit_picture_seconds_sum", shape] == 0.5
    assert figures["pinxit_credits_total", ("capture",)] == figures["pinxit_credits_total", ("hold",)] == 1
    assert figures["pinxit_credits_held", ()] == 0
    assert figures["pinxit_queue_length", ()] == 0


async def test_figures_tell_why_jobs_failed(tmp_path):
    async with playing_api(tmp_path, ScriptedGenerator(fails)) as api:
        await api.done((await api.order())["id"])
        await api.until_confirmed()

        figures = await scraped(api)

    assert figures["pinxit_jobs_ended_total", ("out_of_memory", "api")] == 1


async def test_figures_tell_who_waits_and_for_how_long(tmp_path):
    generator = ScriptedGenerator()
    async with playing_api(tmp_path, generator) as api:
        generator.health = Loading(0.5)
        await api.order()

        figures = await scraped(api)

    assert figures["pinxit_queue_jobs", ("api", "queued")] == 1
    assert figures["pinxit_queue_oldest_seconds", ("api",)] >= 0
    assert figures["pinxit_credits_held", ()] == 1
    assert figures["pinxit_painter_ready", ()] == 0


async def test_figures_tell_how_many_painters_draw_and_how_full_their_cards_are(tmp_path):
    generator = ScriptedGenerator()
    generator.health = Ready("embedded", drawing=1, painters=4, card=CardMemory(3 << 30, 24 << 30))
    async with playing_api(tmp_path, generator) as api:
        figures = await scraped(api)

    assert figures["pinxit_painters", ()] == 4
    assert figures["pinxit_painter_busy", ()] == 0.25
    assert figures["pinxit_card_memory_allocated_bytes", ()] == 3 << 30
    assert figures["pinxit_card_memory_bytes", ()] == 24 << 30


async def test_figures_tell_how_often_a_long_job_let_a_short_one_by(tmp_path):
    def is_paused(request):
        begun, *rest = draws(request)
        yield from (begun, Paused(), Resumed(), *rest)

    async with playing_api(tmp_path, ScriptedGenerator(is_paused)) as api:
        await api.done((await api.order())["id"])

        figures = await scraped(api)

    assert figures["pinxit_pauses_total", ()] == 1


async def test_without_a_card_there_are_no_figures_of_its_memory(api):
    figures = await scraped(api)

    assert not any(name.startswith("pinxit_card_memory") for name, _ in figures)


def test_a_no_is_counted_by_its_reason():
    tally = Tally()

    tally.answered("discord", Refused(QueueIsFull(limit=3, retry_seconds=1)))
    tally.answered("discord", KeyMade("the key"))

    assert tally.refusals == {("discord", "queue_is_full"): 1}


def test_sizes_are_anybodys_to_choose_and_fill_no_memory():
    tally = Tally()

    for width in range(64, 64 + 8 * 100, 8):
        job = replace(a_job("x"), recipe=replace(RECIPE, width=width), draw_seconds=1.0, ended_at=2.0)
        tally.shown(a_post(1), Delivered(job=job, pictures=()), Rung.EDITED)

    assert len(tally.drawing) == MOST_SHAPES + 1
    assert sum(tally.drawing["other"].counts) == 100 - MOST_SHAPES


def test_errors_are_counted_by_the_part_that_logs_them():
    tally = Tally()
    logger, counter = logging.getLogger("bot.adapters.discord.surface"), ErrorCounter(tally)
    logger.addHandler(counter)

    logger.error("a prompt that stays secret")
    logger.warning("no error")
    logger.removeHandler(counter)

    assert tally.errors == {"bot.adapters.discord": 1}


def watched() -> Iterator[tuple[str, str]]:
    """Yield every expression of the dashboard and of the alerts, with its place."""
    dashboard = json.loads((DEPLOY / "grafana/dashboards/pinxit.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    yield "alerts", (DEPLOY / "prometheus/alerts.yml").read_text()


async def test_nothing_is_watched_that_is_not_told(api):
    await api.done((await api.order())["id"])
    await api.until_confirmed()
    text = (await api.get("/metrics", key="")).body.decode()
    declared = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    told = declared | {f"{name}{end}" for name in declared for end in ("_bucket", "_sum", "_count")}

    missing = {(place, name) for place, said in watched() for name in NAME.findall(said)} - {
        (place, name) for place, _ in watched() for name in told
    }

    assert missing == set()


@needs_promtool
@pytest.mark.parametrize(
    "check",
    [
        ["check", "config", "--syntax-only", "prometheus.yml"],
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
    ],
    ids=lambda check: check[1],
)
def test_prometheus_own_tool_takes_our_files(check):
    said = subprocess.run(
        [str(PROMTOOL), *check], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
    )

    assert said.returncode == 0, said.stdout + said.stderr


@needs_promtool
@pytest.mark.parametrize(("place", "expression"), list(watched())[:-1], ids=lambda text: text[:30])
def test_prometheus_reads_every_expression_of_the_dashboard(tmp_path, place, expression):
    rules = {"groups": [{"name": place, "rules": [{"record": "x", "expr": expression}]}]}
    (tmp_path / "rules.yml").write_text(json.dumps(rules))

    said = subprocess.run(
        [str(PROMTOOL), "check", "rules", "rules.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stdout + said.stderr


@needs_promtool
async def test_prometheus_own_tool_takes_the_figures(api):
    await api.done((await api.order())["id"])
    text = (await api.get("/metrics", key="")).body

    checking = await asyncio.create_subprocess_exec(
        str(PROMTOOL), "check", "metrics", stdin=PIPE, stderr=PIPE
    )
    _, complaints = await checking.communicate(text)

    assert complaints == b""
