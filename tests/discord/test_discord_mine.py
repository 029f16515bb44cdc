"""Joining accounts, exporting, deleting: for the person alone."""

import gzip
import json
import re

from painting import running, shows

from storage.records import Identity


async def answer(town, name, **how):
    asked = town.command(name, **how)
    await town.until(lambda: asked.original and asked.original.content)
    return asked.original


async def pressed(town, message, label, **how):
    press = town.press(message, label, **how)
    await town.until(lambda: press.original and press.original.content and not press.original.loading)
    return press.original


async def test_a_code_joins_two_accounts_and_only_its_owner_sees_it(town, tmp_path):
    async with running(town, tmp_path) as bot:
        given = await answer(town, "link")
        code = re.search(r"[2-9A-Z]{8}", given.content)[0]
        asked = await answer(town, "link", by=town.bob, options={"code": code})
        joined = await pressed(town, asked, "Join", by=town.bob)
        accounts = [
            await bot.store.account(Identity("discord", each.id), "") for each in (town.ann, town.bob)
        ]

    assert given.ephemeral
    assert asked.content.startswith("This code is from Ann (Discord).")
    assert joined.content.startswith("Your accounts are one now.")
    assert accounts[0].id == accounts[1].id


async def test_a_wrong_code_is_told(town, tmp_path):
    async with running(town, tmp_path):
        message = await answer(town, "link", options={"code": "NONSENSE"})

    assert message.content.startswith("This code is not valid")


async def test_everything_that_is_kept_comes_as_a_file(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()
        page = await answer(town, "privacy")
        exported = await pressed(town, page, "Save everything that is kept")

    assert page.ephemeral
    assert exported.ephemeral
    assert json.loads(exported.pictures[0])["jobs"][0]["recipe"]["prompt"] == "a hat"


async def test_a_file_that_is_too_large_is_packed(town, tmp_path):
    async with running(town, tmp_path):
        page = await answer(town, "privacy")
        press = town.press(page, "Save everything that is kept", file_limit=100)
        await town.until(lambda: press.original and press.original.attachments)

    assert press.original.attachments[0]["filename"].endswith(".json.gz")
    assert "identities" in json.loads(gzip.decompress(press.original.pictures[0]))


async def test_deleting_asks_back_and_then_deletes_everything(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()
        page = await answer(town, "privacy")
        sure = await pressed(town, page, "Delete everything")
        kept = [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()]
    async with running(town, tmp_path):
        press = town.press(sure, "Yes, delete it for good")
        await town.until(lambda: shows(press.original, "Done. Your pictures, prompts and settings are gone"))

    assert sure.content.startswith("This deletes 1 order of yours")
    assert len(kept) == 1
    assert [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()] == []


async def test_a_message_that_is_left_when_everything_was_deleted_can_be_removed_by_whoever_asked(
    town, tmp_path
):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)
        await bot.until_confirmed()
        sure = await pressed(town, await answer(town, "privacy"), "Delete everything")
        await pressed(town, sure, "Yes, delete it for good")
        stranger = town.press(asked.original, "Delete", by=town.bob)
        await town.until(lambda: stranger.follow_ups)
        there = not asked.original.deleted
        town.press(asked.original, "Delete")
        await town.until(lambda: asked.original.deleted)

    assert there
