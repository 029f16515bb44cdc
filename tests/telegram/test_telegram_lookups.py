"""From any copy of a picture back to how it was made."""

import io

import pytest
from PIL import Image
from writing import running

from bot.adapters.telegram.uploads import fits_photo
from generator.messages import PictureFormat
from storage.records import Picture
from tests.platforms.telegram import supergroup


async def painted(town, prompt="a red fox --seed 7"):
    town.imagine(prompt)
    await town.until(lambda: town.answers() and "Reroll" in town.answers()[0].buttons)
    return town.answers()[0]


async def test_our_own_message_is_known_by_its_buttons(town, tmp_path):
    async with running(town, tmp_path):
        message = await painted(town)
        town.says("/info", reply_to=message)
        await town.until(lambda: "Type this to draw it again" in town.last.text)

    assert "a red fox --size 256x256 --seed 7" in town.last.text
    assert list(town.last.buttons) == ["Edit", "Remix"]


async def test_a_picture_that_is_sent_without_a_word_is_looked_up(town, tmp_path):
    async with running(town, tmp_path):
        message = await painted(town)
        town.says("", photo=message.file.content)
        await town.until(lambda: "Type this to draw it again" in town.last.text)

    assert town.called("getFile")


async def test_a_picture_of_somebody_elses_in_a_group_can_be_asked_about(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path):
        message = await painted(town)
        copy = town.says("look", by=town.bob, chat=chat, photo=message.file.content)
        town.says("/info", chat=chat, reply_to=copy)
        await town.until(lambda: town.answers(chat))

    assert "a red fox --size 256x256" in town.answers(chat)[-1].text


async def test_an_unknown_picture_is_told_kindly(town, tmp_path):
    target = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(target, "JPEG")
    async with running(town, tmp_path):
        town.says("", photo=target.getvalue())
        await town.until(town.answers)
        assert town.last.text.startswith("I do not know this picture.")
        town.says("/info", photo=target.getvalue())
        await town.until(lambda: "not known here" in town.last.text)
        town.says("/info")
        await town.until(lambda: "Reply to a picture with /info" in town.last.text)


async def test_a_command_that_does_not_exist_is_told_in_a_private_chat_alone(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path):
        town.says("/frobnicate", chat=chat)
        town.says("/frobnicate <b>")
        await town.until(town.answers)

    assert "There is no command /" in town.last.text
    assert not town.answers(chat)


@pytest.mark.parametrize(
    ("width", "height", "size", "fits"),
    [
        (1024, 1024, 2**20, True),
        (5000, 5000, 2**20, True),
        (5000, 5001, 2**20, False),
        (2000, 100, 2**20, True),
        (2001, 100, 2**20, False),
        (100, 2001, 2**20, False),
        (1024, 1024, 10 * 2**20, True),
        (1024, 1024, 10 * 2**20 + 1, False),
    ],
)
def test_what_telegram_takes_as_a_photo(width, height, size, fits):
    picture = Picture(
        job="j",
        index=0,
        sha256="",
        format=PictureFormat.PNG,
        width=width,
        height=height,
        size_bytes=size,
        truncated=False,
        secret="s",
    )

    assert fits_photo(picture) is fits
