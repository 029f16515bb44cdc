"""The LoRAs of orders: looked at before they are paid, and the same content ever after."""

import shutil
from contextlib import asynccontextmanager

import pytest
from stage import ScriptedGenerator, playing

from bot.commands import FetchLora, Reroll, ShowLoras
from bot.refusals import LoraUnusable
from bot.texts import LANGUAGES, describe
from bot.updates import Delivered, LoraList, Queued, Refused
from generator.embedded import ADAPTERS
from generator.loras import Shelf
from generator.recipe import Lora


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "shelf"
    folder.mkdir()
    shutil.copyfile(ADAPTERS / "snow.safetensors", folder / "it.safetensors")
    return Shelf((folder,))


@asynccontextmanager
async def dressing(shelf, tmp_path):
    async with playing(ScriptedGenerator(), tmp_path / "pictures", shelf=shelf) as stage:
        yield stage


async def ordered(stage, text="a fox --lora it:0.8"):
    answer = await stage.imagine(text)
    assert isinstance(answer, Queued), answer
    return answer.job


async def again(stage, job):
    command = Reroll(by=stage.person(), key=stage.key(), job=job.id, post=stage.post())
    return await stage.service.answer(command)


def reason(answer):
    assert isinstance(answer, Refused)
    assert isinstance(answer.refusal, LoraUnusable)
    return answer.refusal.rule


async def test_an_order_names_the_content_of_its_loras(shelf, tmp_path):
    async with dressing(shelf, tmp_path) as stage:
        job = await ordered(stage)

        content = shelf.found(Lora("it"))[1]
        assert job.recipe.loras == (Lora("it", 0.8, content),)
        assert (await again(stage, job)).job.recipe.loras == job.recipe.loras


async def test_a_lora_that_was_replaced_is_noticed_and_a_new_order_takes_the_new_one(shelf, tmp_path):
    async with dressing(shelf, tmp_path) as stage:
        job = await ordered(stage)
        assert isinstance(await stage.end(job), Delivered)
        before = await stage.balance()

        shutil.copyfile(ADAPTERS / "outline.safetensors", shelf.file("it"))

        assert reason(await again(stage, job)) == "changed"
        assert await stage.balance() == before
        assert (await ordered(stage)).recipe.loras != job.recipe.loras


async def test_a_lora_that_is_gone_is_refused_where_a_picture_is_made_again(shelf, tmp_path):
    async with dressing(shelf, tmp_path) as stage:
        job = await ordered(stage)
        shelf.file("it").unlink()

        answer = await again(stage, job)

        assert reason(answer) == "gone"
        assert all("it" in describe(answer.refusal, language) for language in LANGUAGES)


async def test_a_file_that_does_not_fit_is_refused_before_anything_is_paid(shelf, tmp_path):
    async with dressing(shelf, tmp_path) as stage:
        before = await stage.balance()
        shelf.file("it").write_bytes(b"\x80\x04pickle")

        assert reason(await stage.imagine("a fox --lora it")) == "pickle"
        assert await stage.balance() == before


async def test_the_shelf_is_listed_and_nothing_else_is_taken_where_nothing_fetches(shelf, tmp_path):
    async with dressing(shelf, tmp_path) as stage:
        assert await stage.service.answer(ShowLoras(stage.person())) == LoraList(("it",))
        fetch = FetchLora(by=stage.person(), name="x", address="https://93.184.216.34/x")
        assert reason(await stage.service.answer(fetch)) == "off"
