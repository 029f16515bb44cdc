"""Whoever owns Pinxit can ask in a chat how it is."""

import pytest
from stage import ScriptedGenerator, playing

from bot.checkup import line, painter
from bot.commands import Examine
from bot.refusals import NotAllowed
from bot.texts import LANGUAGES, describe
from bot.updates import Examined, Finding, Organ, Refused
from generator.messages import Loading, Ready, Unusable
from storage.oversight import Backlog, Waiting
from storage.records import JobState
from storage.store import StorageError

NOON = 1_790_000_000.0


async def test_all_is_well_where_everything_works(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.drawn()
        await stage.until_confirmed()

        answer = await stage.service.answer(Examine(by=stage.person(), vouched=True))

    assert isinstance(answer, Examined)
    assert answer.well
    assert [finding.organ for finding in answer.findings] == list(Organ)
    assert describe(answer, "en").splitlines()[:2] == [
        "Everything is well.",
        "✓ Every credit is accounted for.",
    ]


async def test_whoever_is_not_vouched_for_is_told_nothing(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        answer = await stage.service.answer(Examine(by=stage.person()))

    assert isinstance(answer, Refused)
    assert isinstance(answer.refusal, NotAllowed)


async def test_pictures_that_cannot_be_kept_are_told(tmp_path, monkeypatch):
    async def full(_: bytes) -> str:
        raise StorageError("The disk is full.")

    async with playing(ScriptedGenerator(), tmp_path) as stage:
        monkeypatch.setattr(stage.folder, "put", full)
        answer = await stage.service.answer(Examine(by=stage.person(), vouched=True))

    assert isinstance(answer, Examined)
    assert [finding.organ for finding in answer.findings if not finding.good] == [Organ.PICTURES]
    assert describe(answer, "en").startswith("Something needs you.")


@pytest.mark.parametrize(
    ("health", "finding"),
    [
        (Ready("embedded"), Finding(Organ.PAINTER, good=True)),
        (Loading(0.5), Finding(Organ.PAINTER, good=False, figure=50)),
        (Unusable("broken"), Finding(Organ.PAINTER, good=False)),
    ],
)
def test_a_painter_is_well_when_it_can_draw(health, finding):
    assert painter(health) == finding


def test_waiting_long_is_told_in_minutes():
    waiting = Waiting(platform="web", state=JobState.QUEUED, jobs=3, oldest_at=NOON - 1800)

    found = line(backlog(waiting=[waiting], undelivered=30, webhooks=2, oldest_webhook_at=NOON - 7200), NOON)

    assert [finding.good for finding in found] == [False] * 3
    assert [finding.figure for finding in found] == [30, 30, 2]


def test_nothing_that_waits_is_well():
    assert all(finding.good for finding in line(backlog(), NOON))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("good", [True, False])
def test_every_part_has_a_sentence_in_every_language(language, good):
    answer = Examined(findings=tuple(Finding(organ, good=good, figure=7) for organ in Organ))

    assert len(describe(answer, language).splitlines()) == len(Organ) + 1


def backlog(**changes: object) -> Backlog:
    nothing = {
        "waiting": [],
        "undelivered": 0,
        "webhooks": 0,
        "oldest_webhook_at": None,
        "accounts": 1,
        "available": 0,
        "held": 0,
    }
    return Backlog(**nothing | changes)
