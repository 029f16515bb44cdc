"""Queue, history, credits, help: seen by whoever asks, in their language."""

import asyncio
import io
import re

import pytest
from painting import running, shows, waits_for
from PIL import Image


async def shown(town, name, **how):
    asked = town.command(name, **how)
    await town.until(lambda: asked.original and asked.original.content)
    return asked.original


async def test_the_queue_shows_mine_with_a_cancel_for_each(town, tmp_path):
    async with running(town, tmp_path, waits_for(asyncio.Event()), seconds=10.0):
        first = town.imagine("a cat")
        await town.until(lambda: shows(first.original, "step 3"))
        second = town.imagine("a dog")
        await town.until(lambda: shows(second.original, "a dog"))
        queue = await shown(town, "queue")
        town.press(queue, "Cancel 2")
        await town.until(lambda: shows(second.original, "Cancelled"))

    assert queue.ephemeral
    assert queue.content.startswith("2 orders of yours are under way.")
    assert "1\\. a cat" in queue.content


async def test_a_key_for_the_api_is_seen_by_whoever_asks_alone_and_can_be_copied(town, tmp_path):
    async with running(town, tmp_path):
        shown_key = await shown(town, "apikey")

    assert shown_key.ephemeral
    assert re.search(r"`pinxit_[0-9a-f]{12}_[0-9a-f]{48}`", shown_key.content)


async def test_credits_show_balance_and_receipts(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a cat")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()
        wallet = await shown(town, "credits")

    assert wallet.ephemeral
    assert wallet.content.startswith("You have 99,999 credits.")
    assert "Spent: −1" in wallet.content
    assert "Set aside" not in wallet.content


async def test_history_has_pages_with_thumbnails(town, tmp_path):
    async with running(town, tmp_path) as bot:
        for number in range(7):
            asked = town.imagine(f"picture {number}")
            await town.until(lambda asked=asked: asked.original and asked.original.attachments)
        await bot.until_confirmed()
        first = await shown(town, "history")
        turned = town.press(first, "Show older pictures")
        await town.until(lambda: turned.original and turned.original.content)
        second = turned.original

    assert [entry["description"].splitlines()[0] for entry in first.embeds] == [
        f"picture {number}" for number in (6, 5, 4, 3, 2)
    ]
    assert [entry["description"].splitlines()[0] for entry in second.embeds] == ["picture 1", "picture 0"]
    assert len(first.attachments) == 5
    assert Image.open(io.BytesIO(first.pictures[0])).format == "JPEG"
    assert first.embeds[0]["thumbnail"]["url"] == f"attachment://{first.attachments[0]['filename']}"
    assert "Show older pictures" not in second.buttons


async def test_an_empty_history_says_what_to_do(town, tmp_path):
    async with running(town, tmp_path):
        history = await shown(town, "history")

    assert "/imagine" in history.content


@pytest.mark.parametrize(
    ("locale", "part"),
    [
        ("en-GB", "Paint a picture"),
        ("ru", "Нарисовать картинку"),
        ("zh-CN", "画一幅画"),
        ("pt-BR", "Paint a picture"),
    ],
)
async def test_help_is_in_the_reader_s_language(town, tmp_path, locale, part):
    async with running(town, tmp_path):
        text = (await shown(town, "help", locale=locale)).content

    assert part in text
    assert "--ar 16:9" in text
    assert len(text) <= 2000


@pytest.mark.parametrize(
    ("locale", "label", "sentence"),
    [("ru", "Отменить", "Кредиты не списаны"), ("zh-CN", "取消", "已取消")],
)
async def test_a_job_speaks_the_language_of_whoever_asked(town, tmp_path, locale, label, sentence):
    async with running(town, tmp_path, waits_for(asyncio.Event()), seconds=10.0):
        asked = town.command("imagine", options={"prompt": "a cat"}, locale=locale)
        await town.until(lambda: asked.original and label in asked.original.buttons)
        town.press(asked.original, label, locale=locale)
        await town.until(lambda: sentence in asked.original.content)
