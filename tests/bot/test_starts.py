"""Orders that start from a picture, through the whole core: what may be used, what is paid, what is kept."""

import io
from dataclasses import replace

import pytest
from PIL import Image
from stage import LIMITS, ScriptedGenerator, finished, playing
from test_sent_picture import BAD

from bot.commands import (
    DeleteMine,
    Draw,
    Enlarge,
    ExportMine,
    Extend,
    From,
    Imagine,
    KeepPicture,
    PictureOf,
    Quote,
)
from bot.options import Defaults, parse
from bot.pricing import price
from bot.refusals import (
    BadOption,
    BadRecipe,
    LargeAlready,
    NoStartsHere,
    NoSuchJob,
    NotAPicture,
    NothingToStartFrom,
    StartUnknown,
)
from bot.sweeper import DAY_SECONDS
from bot.updates import Broken, Delivered, Exported, PictureKept, Queued, Quoted, Refused
from generator.messages import Begun, End, Fault, name_of
from generator.metadata import parameters
from generator.models import EMBEDDED_MODEL, Z_IMAGE_TURBO
from generator.recipe import Start


def a_picture(colour="red", size=(320, 180), mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "png")
    return file.getvalue()


def draws_real_files(request):
    yield Begun()
    for order in request.orders:
        yield replace(finished(order), file=a_picture((order.recipe.seed % 256, 0, 0), (256, 256)))
    yield End()


@pytest.fixture
async def stage(tmp_path):
    async with playing(ScriptedGenerator(usually=draws_real_files), tmp_path) as playing_stage:
        yield playing_stage


async def imagined(stage, text="a red circle", by="Ada", **start):
    command = Imagine(by=stage.person(by), key=stage.key(), text=text, post=stage.post(), start=From(**start))
    return await stage.service.answer(command)


async def begun(stage, text="a red circle", by="Ada", **start):
    answer = await imagined(stage, text, by, **start)
    delivered = await stage.audience.sees(answer.job.id, Delivered)
    return delivered.job


async def test_an_order_starts_from_the_picture_that_came_with_it(stage):
    job = await begun(stage, picture=a_picture())

    (request,) = stage.generator.requests
    assert [name_of(picture) for picture in request.pictures] == [job.recipe.start.picture]
    assert job.recipe.start.strength == 0.6
    assert Image.open(io.BytesIO(request.pictures[0])).size == (320, 180)


async def test_without_a_size_of_its_own_the_order_has_the_pictures_ratio(stage):
    plain = await begun(stage, picture=a_picture())
    asked = await begun(stage, "a red circle --ar 1:1", picture=a_picture())
    wide = await begun(stage, picture=a_picture(size=(900, 40)))

    assert (plain.recipe.width, plain.recipe.height) == EMBEDDED_MODEL.aspects["16:9"]
    assert asked.recipe.width == asked.recipe.height
    assert (wide.recipe.width, wide.recipe.height) == EMBEDDED_MODEL.size_for(4)


async def test_the_strength_in_the_text_comes_first(stage):
    said = await begun(stage, "a red circle --strength 0,3", picture=a_picture(), strength=0.9)
    given = await begun(stage, picture=a_picture(), strength=0.9)
    masked = await begun(stage, picture=a_picture(), mask=a_picture("white"))

    assert [job.recipe.start.strength for job in (said, given, masked)] == [0.3, 0.9, 1.0]


async def test_a_strength_without_a_picture_or_out_of_range_is_refused(stage):
    alone = await stage.imagine("a red circle --strength 0.3")
    much = await imagined(stage, "a red circle --strength 60", picture=a_picture())

    assert isinstance(alone.refusal, NothingToStartFrom)
    assert isinstance(much.refusal, BadRecipe)
    assert stage.generator.requests == []


async def test_what_is_no_picture_is_refused_and_costs_nothing(stage):
    before = await stage.balance()

    answer = await imagined(stage, picture=b"not a picture")

    assert isinstance(answer.refusal, NotAPicture)
    assert await stage.balance() == before


async def test_whatever_is_wrong_with_a_picture_costs_nothing_and_the_next_is_painted(stage):
    before = await stage.balance()

    for kind, (make, refusal) in BAD.items():
        answer = await imagined(stage, picture=make())
        assert isinstance(answer.refusal, refusal), kind
    assert await stage.balance() == before

    assert await begun(stage, picture=a_picture())


async def test_a_model_that_cannot_start_from_pictures_says_so(stage):
    stage.service._starts._model = replace(EMBEDDED_MODEL, takes_pictures=False)

    answer = await imagined(stage, picture=a_picture())

    assert answer == Refused(answer.refusal)
    assert isinstance(answer.refusal, NoStartsHere)


async def test_a_picture_painted_before_can_be_started_from(stage):
    first = (await stage.drawn()).job

    second = await begun(stage, "a blue circle", picture=PictureOf(first.id))

    assert second.parent == first.id
    assert second.recipe.start is not None


async def test_somebody_elses_picture_needs_the_platforms_word(stage):
    first = (await stage.drawn()).job

    unknown = await imagined(stage, by="Bea", picture=PictureOf(first.id))
    vouched = await imagined(stage, by="Bea", picture=PictureOf(first.id, vouched=True))

    assert isinstance(unknown.refusal, NoSuchJob)
    assert isinstance(vouched, Queued | Delivered)


async def test_what_comes_of_a_private_picture_is_private(stage):
    answer = await stage.imagine(private=True)
    await stage.audience.sees(answer.job.id, Delivered)

    assert (await begun(stage, picture=PictureOf(answer.job.id))).private


async def test_a_picture_kept_before_the_order_is_the_persons_alone(stage):
    kept = await stage.service.answer(KeepPicture(by=stage.person(), file=a_picture()))
    mask = await stage.service.answer(KeepPicture(by=stage.person(), file=a_picture("white"), mask=True))

    mine = await begun(stage, picture=kept.sha256, mask=mask.sha256)
    others = await imagined(stage, by="Bea", picture=kept.sha256)

    assert (kept.width, kept.height) == (320, 180)
    assert isinstance(kept, PictureKept)
    assert mine.recipe.start == Start(picture=kept.sha256, mask=mask.sha256, strength=1.0)
    assert isinstance(others.refusal, StartUnknown)


async def test_rerolls_and_variations_keep_what_they_start_from(stage):
    first = await begun(stage, picture=a_picture())

    again = (await stage.reroll(first)).job
    sibling = (await stage.vary(first)).job
    anew = await begun(stage, "something else", picture=From.of(first.recipe).picture)

    assert again.recipe.start == sibling.recipe.start == first.recipe.start
    assert anew.recipe.start.picture == first.recipe.start.picture


async def test_whoever_repeats_somebodys_order_starts_from_the_same_picture(stage):
    first = await begun(stage, picture=a_picture())
    job = (await stage.vary(first)).job
    await stage.audience.sees(job.id, Delivered)

    await stage.delete(first)
    assert (await stage.reroll(job)).job.recipe.start == first.recipe.start


async def test_a_program_orders_with_exact_values(stage):
    wish = parse("a red circle", EMBEDDED_MODEL, Defaults())
    command = Draw(
        by=stage.person(),
        key="k",
        wish=wish,
        post=stage.post(),
        start=From(picture=a_picture(), strength=0.5),
    )

    answer = await stage.service.answer(command)

    assert answer.job.recipe.start.strength == 0.5
    assert (answer.job.recipe.width, answer.job.recipe.height) == EMBEDDED_MODEL.size


async def test_the_price_asked_for_is_the_price_paid(stage):
    wish = replace(parse("a red circle --size 1024x1024 --n 2", EMBEDDED_MODEL, Defaults()), strength=0.5)
    start = From(picture=a_picture())

    quoted = await stage.service.answer(Quote(by=stage.person(), wish=wish, start=start))
    job = (
        await stage.service.answer(
            Draw(by=stage.person(), key="k", wish=wish, post=stage.post(), start=start)
        )
    ).job

    assert isinstance(quoted, Quoted)
    assert quoted.price == job.price == price(job.recipe, 2)


async def files(stage):
    return {file.name for file in stage.folder._root.glob("??/??/*")}


async def test_a_deleted_order_takes_its_picture_along(stage):
    first = await begun(stage, picture=a_picture())
    second = await begun(stage, picture=first.recipe.start.picture)
    name = first.recipe.start.picture

    await stage.delete(first)
    assert name in await files(stage)
    await stage.delete(second)

    assert name not in await files(stage)
    assert isinstance((await imagined(stage, picture=name)).refusal, StartUnknown)


async def test_deleting_everything_takes_the_pictures_from_everybody(stage):
    first = await begun(stage, picture=a_picture())
    name = first.recipe.start.picture
    answer = await imagined(stage, by="Bea", picture=PictureOf(first.id, vouched=True))
    theirs = (await stage.audience.sees(answer.job.id, Delivered)).job
    own = await begun(stage, by="Bea", picture=a_picture("blue"))
    await stage.until_confirmed()

    await stage.service.answer(DeleteMine(by=stage.person(), confirmed=True))

    there = await files(stage)
    assert not {name, theirs.recipe.start.picture} & there
    assert own.recipe.start.picture in there
    assert (await stage.store.job(first.id)).recipe.start is None


async def test_the_export_names_the_pictures(stage):
    job = await begun(stage, picture=a_picture())

    exported = await stage.service.answer(ExportMine(by=stage.person()))

    assert isinstance(exported, Exported)
    assert job.recipe.start.picture.encode() in exported.file


async def test_what_is_not_ordered_with_is_kept_for_a_day(stage):
    kept = await stage.service.answer(KeepPicture(by=stage.person(), file=a_picture()))
    job = await begun(stage, picture=a_picture("blue"))
    later = job.created_at + 1.0

    await stage.gallery.let_go(lambda: stage.store.starts.remove_unused(later))

    assert kept.sha256 not in await files(stage)
    assert job.recipe.start.picture in await files(stage)
    assert DAY_SECONDS > 1


async def test_of_many_pictures_without_an_order_the_oldest_go(stage):
    kept = [
        await stage.service.answer(KeepPicture(by=stage.person(), file=a_picture((n, 0, 0))))
        for n in range(25)
    ]

    there = await files(stage)

    assert sum(each.sha256 in there for each in kept) == 20
    assert kept[-1].sha256 in there


async def test_a_picture_that_is_gone_ends_the_order_and_costs_nothing(stage):
    before = await stage.balance()
    kept = await stage.service.answer(KeepPicture(by=stage.person(), file=a_picture()))
    stage.folder.path(kept.sha256).unlink()

    answer = await imagined(stage, picture=kept.sha256)
    broken = await stage.audience.sees(answer.job.id, Broken)

    assert broken.fault is Fault.START_GONE
    assert await stage.balance() == before
    assert LIMITS.daily_allowance == sum(before)


async def test_a_repeated_command_looks_at_no_picture_again(stage):
    command = Imagine(
        by=stage.person(), key="k", text="a star", post=stage.post(), start=From(picture=a_picture())
    )
    first = await stage.service.answer(command)

    again = await stage.service.answer(replace(command, start=From(picture=b"broken")))

    assert again.job.id == first.job.id


def onward(stage, kind, job, **values):
    command = kind(by=stage.person(), key=stage.key(), job=job.id, index=0, post=stage.post(), **values)
    return stage.service.answer(command)


def opened(content):
    return Image.open(io.BytesIO(content))


async def test_zooming_out_keeps_the_size_and_paints_around_the_picture(stage):
    first = (await stage.drawn()).job
    command = Extend(by=stage.person(), key="z", job=first.id, index=0, post=stage.post()).zoomed_out(2.0)

    job = (await stage.service.answer(command)).job
    await stage.audience.sees(job.id, Delivered)

    whole, mask = map(opened, stage.generator.requests[-1].pictures)
    assert (job.recipe.width, job.recipe.height) == whole.size == mask.size == (256, 256)
    assert (job.parent, job.recipe.prompt, job.count) == (first.id, first.recipe.prompt, 1)
    assert [mask.getpixel(place) for place in ((2, 2), (128, 128), (250, 128))] == [255, 0, 255]
    assert job.recipe.start.strength == EMBEDDED_MODEL.extending_strength


async def test_a_picture_grows_to_one_side(stage):
    first = (await stage.drawn()).job

    job = (await onward(stage, Extend, first, right=0.5, prompt="a  tree")).job
    await stage.audience.sees(job.id, Delivered)

    mask = opened(stage.generator.requests[-1].pictures[1])
    assert (job.recipe.width, job.recipe.height, job.recipe.prompt) == (384, 256, "a tree")
    assert [mask.getpixel(place) for place in ((2, 2), (2, 250), (380, 128))] == [0, 0, 255]


@pytest.mark.parametrize("margins", [{}, {"right": -3.0}, {"up": float("nan")}, {"left": 0.001}])
async def test_a_picture_that_grows_nowhere_is_refused(stage, margins):
    first = (await stage.drawn()).job

    assert isinstance((await onward(stage, Extend, first, **margins)).refusal, BadOption)


async def test_however_far_a_picture_grows_it_stays_within_what_can_be_painted(stage):
    job = (await stage.drawn()).job
    for _ in range(4):
        job = (await onward(stage, Extend, job, right=9.0)).job
        await stage.audience.sees(job.id, Delivered)

    assert job.recipe.width == 2048
    assert job.recipe.height >= 64


async def test_a_model_too_weak_to_paint_details_has_pictures_enlarged(stage):
    first = (await stage.drawn()).job

    job = (await onward(stage, Enlarge, first)).job
    await stage.audience.sees(job.id, Delivered)

    assert (job.recipe.width, job.recipe.height) == (512, 512)
    assert job.recipe.drawn_steps == 0
    assert job.price == 1
    assert "nothing was drawn" in parameters(job.recipe)


async def test_a_strong_model_paints_the_details_piece_by_piece(stage):
    first = (await stage.drawn()).job
    stage.service._starts._model = Z_IMAGE_TURBO

    job = (await onward(stage, Enlarge, first)).job

    assert job.recipe.start.tiled
    assert job.recipe.drawn_steps > 0
    assert job.recipe.seed == first.recipe.seed


async def test_a_picture_is_enlarged_as_far_as_a_picture_can_be_large(stage):
    job = (await stage.drawn("a star --size 1200x600")).job
    for _ in range(2):
        answer = await onward(stage, Enlarge, job)
        if isinstance(answer, Refused):
            break
        job = answer.job
        await stage.audience.sees(job.id, Delivered)

    assert (job.recipe.width, job.recipe.height) == (2048, 1024)
    assert isinstance(answer.refusal, LargeAlready)


async def test_another_of_an_enlarged_picture_is_painted(stage):
    first = (await stage.drawn()).job
    large = (await onward(stage, Enlarge, first)).job
    await stage.audience.sees(large.id, Delivered)

    for answer in (await stage.reroll(large), await stage.vary(large)):
        assert answer.job.recipe.drawn_steps > 0


async def test_two_pictures_are_blended(stage):
    job = await begun(stage, "a star", picture=a_picture(), other=a_picture("blue"), share=0.25)

    assert len(stage.generator.requests[-1].pictures) == 2
    assert job.recipe.start.share == 0.25
    assert job.recipe.start.other is not None


@pytest.mark.parametrize("share", [-1, 2, float("nan")])
async def test_an_impossible_share_is_refused(stage, share):
    answer = await imagined(stage, picture=a_picture(), other=a_picture("blue"), share=share)

    assert isinstance(answer.refusal, BadRecipe)
