"""What people prefer holds where their orders say nothing."""

import pytest
from stage import ScriptedGenerator, Stage, living, opened, playing

from bot.commands import ChangeSettings, ShowSettings, ShowStyles
from bot.refusals import BadOption
from bot.updates import PreferencesView, Queued, Refused, StyleList
from generator.messages import PictureFormat
from storage.pictures import PictureFolder
from storage.records import Identity, Preferences


async def prefers(stage, by="Ada", **changes):
    return await stage.service.answer(ChangeSettings(by=stage.person(by), **changes))


async def test_at_first_everything_is_as_usual(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        answer = await stage.service.answer(ShowSettings(stage.person()))

        assert answer == PreferencesView(Preferences())


async def test_only_what_is_given_changes_and_none_sets_it_back(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await prefers(stage, aspect="16:9", count=2)
        await prefers(stage, language="ru", count=None)

        assert await stage.service.answer(ShowSettings(stage.person())) == PreferencesView(
            Preferences(aspect="16:9", language="ru")
        )


async def test_an_order_that_says_nothing_is_as_preferred(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await prefers(stage, aspect="16:9", count=2, format=PictureFormat.WEBP, private=True)

        job = await stage.accepted()

        assert (job.recipe.width, job.recipe.height) == (336, 192)
        assert (job.count, job.format, job.private) == (2, PictureFormat.WEBP, True)


async def test_what_an_order_says_wins(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await prefers(stage, aspect="16:9", count=2, format=PictureFormat.WEBP)

        job = await stage.accepted("a star --ar 1:1 --n 1 --format png")

        assert (job.recipe.width, job.recipe.height) == (256, 256)
        assert (job.count, job.format, job.private) == (1, PictureFormat.PNG, False)


async def test_a_preference_is_nobody_else_s(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await prefers(stage, count=2)

        assert (await stage.accepted(by="Bob")).count == 1


async def test_preferences_are_known_at_once_after_a_restart(tmp_path):
    async with opened(tmp_path / "db") as store:
        async with living(_stage(store, tmp_path)) as stage:
            await prefers(stage, private=True)
        again = _stage(store, tmp_path)
        await again.people.open()

        assert again.people.preferences(Identity("stage", "Ada")).private


@pytest.mark.parametrize(
    "impossible", [{"aspect": "9:1"}, {"count": 0}, {"count": 99}, {"language": "tlh"}], ids=str
)
async def test_what_cannot_be_preferred_is_refused_kindly(tmp_path, impossible):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        answer = await prefers(stage, **impossible)

        assert isinstance(answer, Refused)
        assert isinstance(answer.refusal, BadOption)
        assert stage.people.preferences(stage.person().identity) == Preferences()


async def test_what_comes_of_a_private_picture_is_private(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        first = await stage.imagine(private=True)
        assert isinstance(first, Queued)
        await stage.end(first.job)

        assert (await stage.reroll(first.job)).job.private
        assert (await stage.vary(first.job)).job.private


async def test_the_styles_are_listed(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        answer = await stage.service.answer(ShowStyles(stage.person()))

        assert isinstance(answer, StyleList)
        assert "watercolour" in [style.name for style in answer.styles]


def _stage(store, folder):
    return Stage(store, ScriptedGenerator(), PictureFolder(folder / "pictures"))
