"""A picture leads back to its job, in whatever state it comes back."""

import io
import random

import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from stage import ScriptedGenerator, playing

from bot.commands import FindPicture
from bot.file_names import file_name, named_job
from bot.looks import colours_apart, look_of
from bot.lookup import COLOURS
from bot.options import Defaults, parse, render
from bot.refusals import PictureUnknown
from bot.updates import FoundRecipe, Info, Refused
from generator.messages import Begun, End, Finished
from generator.metadata import parameters, recipe_for_png
from generator.models import EMBEDDED_MODEL
from generator.recipe import Recipe
from storage.sql.looks import MOST_BITS, apart


def scene(seed: int, side: int = 256) -> Image.Image:
    """Some shapes, never the same."""
    dice = random.Random(seed)
    image = Image.new("RGB", (side, side), _colour(dice))
    for _ in range(3):
        x, y, size = dice.randrange(side), dice.randrange(side), dice.randrange(30, 100)
        ImageDraw.Draw(image).ellipse([x - size, y - size, x + size, y + size], fill=_colour(dice))
    return image


def _colour(dice):
    return tuple(dice.randrange(256) for _ in range(3))


def saved(image: Image.Image, format: str = "PNG", **how) -> bytes:
    target = io.BytesIO()
    image.save(target, format, **how)
    return target.getvalue()


def png(recipe: Recipe) -> bytes:
    return saved(scene(recipe.seed), pnginfo=recipe_for_png(recipe))


def paints(request):
    yield Begun()
    for order in request.orders:
        yield Finished(
            order=order.id,
            file=png(order.recipe),
            format=order.format,
            width=256,
            height=256,
            seconds=0.5,
        )
    yield End()


def again(file: bytes, format: str, side: int = 256, **how) -> bytes:
    """Save a file anew, without what was in it beside the picture."""
    return saved(Image.open(io.BytesIO(file)).resize((side, side)), format, **how)


COPIES = {
    "as it was": lambda file: file,
    "without its recipe": lambda file: again(file, "PNG"),
    "as a chat makes it smaller": lambda file: again(file, "JPEG", 160, quality=70),
    "as WebP": lambda file: again(file, "WEBP", quality=60),
    "larger": lambda file: again(file, "JPEG", 500),
}


@pytest.fixture
async def stage(tmp_path):
    async with playing(ScriptedGenerator(usually=paints), tmp_path) as stage:
        yield stage


async def find(stage, file=b"", name="", by="Ada"):
    return await stage.service.answer(FindPicture(by=stage.person(by), file=file, name=name))


async def ordered(stage, text, by="Ada", *, private=False):
    job = (await stage.imagine(text, by, private=private)).job
    await stage.end(job)
    return job


@pytest.mark.parametrize("copy", COPIES)
async def test_a_copy_leads_back_to_its_job(stage, copy):
    for seed in range(5):
        await ordered(stage, f"others --seed {seed}")
    job = await ordered(stage, "a star --seed 100 --n 3")

    answer = await find(stage, COPIES[copy](png(job.recipe.picture(1))))

    assert isinstance(answer, Info)
    assert (answer.job.id, answer.picture) == (job.id, 1)


async def test_the_file_s_name_is_enough(stage):
    job = await ordered(stage, "a star --n 2")

    answer = await find(stage, name=f"SPOILER_{file_name(job.id, 1, 'png')}")

    assert (answer.job.id, answer.picture) == (job.id, 1)


async def test_somebody_else_s_picture_is_told_without_the_receipt(stage):
    job = await ordered(stage, "a star --seed 7")

    answer = await find(stage, png(job.recipe), by="Bob")

    assert answer.job.id == job.id
    assert answer.receipt == ()
    assert (await find(stage, png(job.recipe))).receipt != ()


@pytest.mark.parametrize("copy", COPIES)
async def test_a_private_picture_is_found_by_its_owner_alone(stage, copy):
    job = await ordered(stage, "a secret --seed 7", private=True)
    file = COPIES[copy](png(job.recipe))

    theirs = await find(stage, file, file_name(job.id, 0, "png"), by="Bob")

    assert isinstance(theirs, Refused)
    assert isinstance(theirs.refusal, PictureUnknown)
    assert (await find(stage, file)).job.id == job.id


async def test_of_the_same_picture_the_public_one_is_told(stage):
    await ordered(stage, "a star --seed 7", private=True)
    public = await ordered(stage, "a star --seed 7", by="Bob")

    assert (await find(stage, png(public.recipe), by="Cy")).job.id == public.id


async def test_a_deleted_picture_is_found_no_more(stage):
    job = await ordered(stage, "a star --seed 7")
    await stage.delete(job)

    answer = await find(stage, saved(scene(7)), file_name(job.id, 0, "png"))

    assert isinstance(answer.refusal, PictureUnknown)


async def test_a_stranger_s_file_is_told_by_the_recipe_in_it(stage):
    await ordered(stage, "a star --seed 7")
    recipe = Recipe(prompt="elsewhere", model="embedded", width=256, height=256, steps=8, seed=99)

    assert await find(stage, png(recipe)) == FoundRecipe(recipe)


async def test_what_only_looks_a_little_alike_is_not_taken_for_it(stage):
    for seed in range(20):
        await ordered(stage, f"a star --seed {seed}")

    answers = [await find(stage, saved(scene(seed))) for seed in range(1000, 1040)]

    assert all(isinstance(answer, Refused) for answer in answers)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"no picture",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        png(Recipe(prompt="x", model="embedded", width=256, height=256, steps=8, seed=5))[:300],
        saved(Image.new("RGB", (300, 300), "white")),
        saved(Image.new("1", (20_000, 20_000))),
        saved(Image.new("RGBA", (1, 1))),
    ],
    ids=["nothing", "text", "broken", "cut", "blank", "bomb", "pixel"],
)
async def test_whatever_is_sent_the_answer_is_kind(stage, file):
    await ordered(stage, "a star")

    answer = await find(stage, file, "../../etc/passwd")

    assert isinstance(answer, Refused | FoundRecipe)


def test_a_name_leads_back_though_the_job_s_id_has_hyphens():
    assert named_job(file_name("a-b_C-1", 2, "webp")) == ("a-b_C-1", 2)
    assert named_job("holiday.png") is None


def test_nearly_all_copies_differ_in_few_bits():
    scenes = [saved(scene(seed)) for seed in range(100)]
    looks = [(look_of(file), look_of(again(file, "JPEG", 200, quality=60))) for file in scenes]

    recognised = sum(apart(look.bits, copy.bits) <= MOST_BITS for look, copy in looks)

    assert recognised >= 96


@pytest.mark.parametrize("ground", ["white", "black", "blue", "#7f7f7f"])
@pytest.mark.parametrize("figure", ["red", "yellow", "#101010"])
def test_a_plain_drawing_is_recognised_by_its_figure(ground, figure):
    drawing = Image.new("RGB", (256, 256), ground)
    ImageDraw.Draw(drawing).ellipse([70, 70, 186, 186], fill=figure)
    look = look_of(saved(drawing))

    for copy in (saved(drawing, "JPEG", quality=40), saved(drawing.resize((150, 150)), "WEBP", quality=50)):
        again_seen = look_of(copy)
        assert apart(look.bits, again_seen.bits) <= MOST_BITS
        assert colours_apart(look.colours, again_seen.colours) <= COLOURS


def test_a_picture_without_contrast_has_no_look():
    assert look_of(saved(Image.new("RGB", (300, 200), "teal"))).bits is None


async def test_what_another_program_wrote_into_its_file_is_told_with_its_model(stage):
    chunks = PngInfo()
    chunks.add_text("parameters", "a fox\nSteps: 28, Seed: 7, Size: 512x512, Model: sd_xl_base")

    answer = await find(stage, saved(scene(99), pnginfo=chunks))

    assert answer.made_with == "sd_xl_base"
    assert (answer.recipe.prompt, answer.recipe.seed, answer.recipe.steps) == ("a fox", 7, 28)


async def test_a_recipe_from_elsewhere_is_told_as_it_can_be_ordered_here(stage):
    chunks = PngInfo()
    wished = (
        "a fox\nNegative prompt: text\nSteps: 28, CFG scale: 7, Seed: 7, Size: 512x512, Model: sd_xl_base"
    )
    chunks.add_text("parameters", wished)

    answer = await find(stage, saved(scene(99), pnginfo=chunks))

    wish = parse(render(answer.recipe, 1), EMBEDDED_MODEL, Defaults())
    assert (wish.prompt, wish.negative, wish.guidance) == ("a fox", "", None)


async def test_what_is_private_is_not_told_by_another_program_s_words_either(stage):
    recipe = (await ordered(stage, "a secret --seed 7", private=True)).recipe
    chunks = PngInfo()
    chunks.add_text("parameters", parameters(recipe))

    answer = await find(stage, saved(scene(recipe.seed), pnginfo=chunks), by="Bob")

    assert isinstance(answer.refusal, PictureUnknown)
