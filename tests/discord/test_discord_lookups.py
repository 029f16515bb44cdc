"""What a message's menu tells about a picture, whatever way that picture took."""

import io

import pytest
from painting import running, shows
from PIL import Image, ImageDraw

from generator.messages import Begun, End, Finished
from generator.metadata import recipe_for_png
from generator.recipe import Recipe

INFO, SETTINGS, REMIX = "Picture info", "Use these settings", "Remix this picture"


async def painted(town, prompt="a lighthouse", **options):
    asked = town.imagine(prompt, **options)
    await town.until(lambda: asked.original and asked.original.attachments)
    return asked.original


def text_of(form):
    return form.modal["components"][0]["component"]["value"]


async def test_the_menu_speaks_three_languages(town, tmp_path):
    async with running(town, tmp_path):
        menu = [command for command in town.world.commands[""] if command["type"] == 3]

    assert [entry["name"] for entry in menu] == [INFO, SETTINGS, REMIX]
    assert all(set(entry["name_localizations"]) == {"ru", "zh-CN"} for entry in menu)


async def test_info_about_a_message_of_the_bot_needs_no_look_at_its_file(town, tmp_path):
    async with running(town, tmp_path):
        message = await painted(town, seed="7")
        asked = town.on_message(INFO, message, by=town.bob)
        await town.until(lambda: shows(asked.original, "/imagine a lighthouse --size 256x256 --seed 7"))

    assert asked.original.ephemeral
    assert town.rest.fetched == 0


async def test_settings_of_a_message_of_the_bot_open_as_a_form_even_after_a_restart(town, tmp_path):
    async with running(town, tmp_path):
        message = await painted(town, seed="7", count=2)

    async with running(town, tmp_path):
        form = town.on_message(SETTINGS, message)
        await town.until(lambda: form.modal)

    assert text_of(form).startswith("a lighthouse --size 256x256 --seed 7 --steps 8 --n 2")


async def test_a_remix_leaves_the_seed_to_chance(town, tmp_path):
    async with running(town, tmp_path) as bot:
        message = await painted(town, seed="7")
        form = town.on_message(REMIX, message)
        await town.until(lambda: form.modal)
        sent = town.submit(form, text_of(form).replace("lighthouse", "windmill"))
        await town.until(lambda: sent.original and sent.original.attachments)
        new, _ = await bot.jobs()

    assert "--seed" not in text_of(form)
    assert new.recipe.prompt == "a windmill"
    assert new.recipe.seed != 7


async def test_a_saved_picture_that_somebody_sends_again_leads_back_to_its_job(town, tmp_path):
    async with running(town, tmp_path):
        message = await painted(town, seed="7")
        again = town.posted(town.bob, message.attachments[0]["filename"], message.pictures[0])
        form = town.on_message(SETTINGS, again, by=town.bob)
        await town.until(lambda: form.modal)

    assert "--seed 7" in text_of(form)
    assert town.rest.fetched == 0


async def test_a_renamed_picture_is_found_by_its_bytes_and_opened_from_there(town, tmp_path):
    async with running(town, tmp_path):
        message = await painted(town, seed="7")
        again = town.posted(town.bob, "IMG_1.png", message.pictures[0])
        asked = town.on_message(REMIX, again, by=town.bob)
        await town.until(lambda: shows(asked.original, "--seed 7"))
        form = town.press(asked.original, "Remix", by=town.bob)
        await town.until(lambda: form.modal)

    assert asked.original.ephemeral
    assert text_of(form) == "a lighthouse --strength 0.6"


async def test_a_smaller_copy_without_its_recipe_is_known_by_its_looks(town, tmp_path):
    async with running(town, tmp_path, draws_a_lighthouse):
        message = await painted(town, seed="7")
        copy = io.BytesIO()
        smaller = Image.open(io.BytesIO(message.pictures[0])).convert("RGB").resize((200, 200))
        smaller.save(copy, "WEBP", quality=80)
        again = town.posted(town.bob, "image0.webp", copy.getvalue())
        asked = town.on_message(INFO, again, by=town.bob)
        await town.until(lambda: shows(asked.original, "/imagine a lighthouse"))


def draws_a_lighthouse(request):
    image = Image.new("RGB", (256, 256), "skyblue")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 190, 256, 256), fill="navy")
    pen.polygon([(150, 190), (162, 60), (190, 60), (202, 190)], fill="white")
    pen.ellipse((30, 30, 80, 80), fill="gold")
    target = io.BytesIO()
    image.save(target, "PNG")
    yield Begun()
    for order in request.orders:
        yield Finished(
            order=order.id, file=target.getvalue(), format=order.format, width=256, height=256, seconds=0.1
        )
    yield End()


async def test_a_recipe_in_a_file_from_elsewhere_is_told(town, tmp_path):
    recipe = Recipe(prompt="a `quiet` sea", model="other", width=512, height=512, steps=9, seed=99)
    target = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(target, "PNG", pnginfo=recipe_for_png(recipe))
    async with running(town, tmp_path):
        message = town.posted(town.bob, "sea.png", target.getvalue())
        asked = town.on_message(INFO, message)
        await town.until(lambda: shows(asked.original, "--size 512x512 --seed 99 --steps 9"))

    assert "not known here" in asked.original.content


@pytest.mark.parametrize("entry", [INFO, SETTINGS, REMIX])
async def test_the_prompt_of_a_private_picture_stays_its_owner_s(town, tmp_path, entry):
    async with running(town, tmp_path):
        message = await painted(town, "my secret", private=True)
        leaked = town.posted(town.bob, message.attachments[0]["filename"], message.pictures[0])
        theirs = town.on_message(entry, leaked, by=town.bob)
        await town.until(lambda: theirs.original and theirs.original.content)
        mine = town.on_message(INFO, leaked, by=town.ann)
        await town.until(lambda: shows(mine.original, "my secret"))

    kind = "The picture is here." if entry is REMIX else "This picture is not known here"
    assert theirs.original.content.startswith(kind)
    assert "my secret" not in theirs.original.content
    assert theirs.modal is None


async def test_buttons_that_another_bot_wrote_lead_nowhere(town, tmp_path):
    async with running(town, tmp_path) as bot:
        await painted(town, "my secret", private=True)
        [job] = await bot.jobs()
        forged = town.posted(town.bob, "x.txt", b"no picture")
        forged.components = [
            {
                "type": 1,
                "components": [{"type": 2, "style": 2, "label": "x", "custom_id": f"pinxit:info:{job.id}:0"}],
            }
        ]
        forged.attachments = []
        asked = town.on_message(INFO, forged, by=town.bob)
        await town.until(lambda: shows(asked.original, "There is no picture in this message."))


async def test_a_file_that_cannot_be_fetched_is_told_as_unknown(town, tmp_path):
    async with running(town, tmp_path):
        message = town.posted(town.bob, "gone.png", b"x")
        message.files.clear()
        asked = town.on_message(INFO, message)
        await town.until(lambda: shows(asked.original, "This picture is not known here"))
