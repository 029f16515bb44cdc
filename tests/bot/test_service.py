"""Every command gets an answer or a kind no; nothing is charged for a no."""

import asyncio
from dataclasses import replace

import pytest
from stage import LIMITS, ScriptedGenerator, dies_while_drawing, fails, has_a_bug, playing, until, waits_for

from bot.commands import DrawAll, Imagine, ShowBalance, ShowHistory, ShowQueue
from bot.rate_limit import Rate, RateLimit
from bot.refusals import (
    AccountBlocked,
    BadOption,
    BadRecipe,
    NoSuchJob,
    NotEnoughCredits,
    NotFinished,
    PainterUnusable,
    QueueIsFull,
    StillRunning,
    StorageTrouble,
    TooFast,
    TooManyAlternatives,
    TooManyWaiting,
)
from bot.several import each
from bot.updates import (
    AllAccepted,
    Broken,
    Deleted,
    Delivered,
    History,
    Info,
    Progress,
    Queued,
    QueueView,
    Refused,
    SeveralAsked,
    Wallet,
)
from generator.messages import Loading, PictureFormat, Unusable
from storage.records import Identity, Kind, Limits

pytestmark = pytest.mark.usefixtures("each_engine")


def no(answer, kind):
    assert isinstance(answer, Refused)
    assert isinstance(answer.refusal, kind)
    return answer.refusal


def waiting() -> ScriptedGenerator:
    """A painter that is not there yet, so that jobs stay queued."""
    generator = ScriptedGenerator()
    generator.health = Loading(0.5)
    return generator


async def test_an_order_is_answered_with_its_place(tmp_path):
    async with playing(waiting(), tmp_path) as stage:
        first, second = await stage.imagine("a star --steps 8"), await stage.imagine("a heart")

        assert isinstance(first, Queued)
        assert isinstance(second, Queued)
        assert (first.place, second.place) == (1, 2)
        assert second.eta_seconds == pytest.approx(2 * first.eta_seconds)
        assert first.loading == 0.5


async def test_wildcards_are_priced_as_a_whole_and_nothing_is_ordered_yet(tmp_path):
    async with playing(waiting(), tmp_path) as stage:
        asked = await stage.imagine("a {red|blue} {star|heart} --n 2")

        assert isinstance(asked, SeveralAsked)
        assert asked.texts[0] == "a red star --n 2"
        assert (len(asked.texts), asked.pictures) == (4, 8)
        assert asked.price == 4 * (await stage.accepted("a red star --n 2")).price
        assert len(await stage.store.jobs()) == 1


async def test_wildcards_that_cannot_be_paid_as_a_whole_are_refused(tmp_path):
    poor = replace(LIMITS, daily_allowance=3)
    async with playing(waiting(), tmp_path, limits=poor) as stage:
        refusal = no(await stage.imagine("a {red|blue|green|black} star"), NotEnoughCredits)

        assert (refusal.price, refusal.available) == (4, 3)


async def test_wildcards_of_which_one_is_wrong_are_refused(tmp_path):
    async with playing(waiting(), tmp_path) as stage:
        no(await stage.imagine("a star --ar {1:1|9:1}"), BadOption)


async def test_more_wildcards_than_orders_may_wait_are_refused(tmp_path):
    few = replace(LIMITS, per_account=2)
    async with playing(waiting(), tmp_path, limits=few) as stage:
        assert no(await stage.imagine("{a|b|c} star"), TooManyAlternatives).limit == 2


async def test_several_orders_of_one_yes_count_once_for_the_rate(tmp_path):
    slowly = RateLimit(Rate(per_minute=1e-3, burst=2), Rate(per_minute=6e6, burst=10_000))
    async with playing(waiting(), tmp_path, rate_limit=slowly) as stage:
        asked = Imagine(by=stage.person(), key="k", text="{a|b|c} star", post=stage.post())
        await stage.service.answer(asked)

        yes = DrawAll(by=asked.by, draws=tuple(each(asked)))
        accepted, again = await stage.service.answer(yes), await stage.service.answer(yes)

        assert isinstance(accepted, AllAccepted)
        assert isinstance(again, AllAccepted)
        assert [update.job.recipe.prompt for update in accepted.updates] == ["a star", "b star", "c star"]
        assert [update.job.id for update in again.updates] == [update.job.id for update in accepted.updates]


async def test_of_several_orders_none_is_accepted_where_one_is_too_much(tmp_path):
    async with playing(waiting(), tmp_path, limits=replace(LIMITS, per_account=3)) as stage:
        await stage.imagine("a heart")
        asked = Imagine(by=stage.person(), key="k", text="{a|b|c} star", post=stage.post())

        no(await stage.service.answer(DrawAll(by=asked.by, draws=tuple(each(asked)))), TooManyWaiting)

        assert [job.recipe.prompt for job in await stage.store.jobs()] == ["a heart"]


async def test_an_order_without_a_seed_gets_one_that_can_be_typed(tmp_path):
    async with playing(waiting(), tmp_path) as stage:
        seeds = {(await stage.accepted()).recipe.seed for _ in range(8)}

        assert len(seeds) == 8
        assert all(0 <= seed < 2**32 for seed in seeds)


async def test_the_same_key_again_is_the_same_job_as_it_stands_now(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        first = await stage.imagine(key="once")
        delivered = await stage.end(first.job)

        again = await stage.imagine("something else", key="once")

        assert again == delivered
        assert (await stage.balance())[0] == 1000 - first.job.price


async def test_the_same_key_of_somebody_else_is_another_job(tmp_path):
    async with playing(waiting(), tmp_path) as stage:
        mine, theirs = await stage.imagine(key="once"), await stage.imagine(by="Bob", key="once")

        assert mine.job.id != theirs.job.id


async def test_a_retry_is_not_limited(tmp_path):
    once_in_a_while = RateLimit(Rate(per_minute=0.001, burst=1), Rate(per_minute=100, burst=100))
    async with playing(waiting(), tmp_path, rate_limit=once_in_a_while) as stage:
        first = await stage.imagine(key="once")

        again = await stage.imagine(key="once")
        other = await stage.imagine(key="twice")

        assert again.job == first.job
        assert 0 < no(other, TooFast).retry_seconds <= 60_000


async def test_bad_input_is_refused_and_costs_nothing(tmp_path):
    async with playing(waiting(), tmp_path) as stage:
        assert no(await stage.imagine(""), BadRecipe).rule == "empty_prompt"
        assert no(await stage.imagine("x" * 40_000), BadRecipe).rule == "prompt_too_long"

        assert await stage.balance() == (1000, 0)


async def test_without_credits_nothing_is_accepted(tmp_path):
    async with playing(waiting(), tmp_path, limits=replace(LIMITS, daily_allowance=3)) as stage:
        refusal = no(await stage.imagine("a star --size 1024x1024"), NotEnoughCredits)

        assert (refusal.price, refusal.available) == (15, 3)
        assert await stage.balance() == (3, 0)


async def test_a_full_account_is_told_when_to_come_back(tmp_path):
    limits = Limits(per_account=2, whole_queue=100, daily_allowance=1000)
    async with playing(waiting(), tmp_path, limits=limits) as stage:
        for _ in range(2):
            await stage.accepted()

        refusal = no(await stage.imagine(), TooManyWaiting)

        assert (refusal.limit, refusal.retry_seconds) == (2, 1)
        assert isinstance(await stage.imagine(by="Bob"), Queued)


async def test_a_full_queue_is_told_to_everybody(tmp_path):
    limits = Limits(per_account=5, whole_queue=2, daily_allowance=1000)
    async with playing(waiting(), tmp_path, limits=limits) as stage:
        for _ in range(2):
            await stage.accepted()

        assert no(await stage.imagine(by="Bob"), QueueIsFull).retry_seconds >= 1


async def test_a_blocked_account_is_refused(tmp_path):
    async with playing(waiting(), tmp_path) as stage:
        account = await stage.store.account(Identity("stage", "Ada"), "Ada")
        await stage.store.set_account(account.id, blocked=True)

        no(await stage.imagine(), AccountBlocked)


async def test_an_unusable_painter_says_why(tmp_path):
    generator = ScriptedGenerator()
    generator.health = Unusable("The model has no weights.")
    async with playing(generator, tmp_path) as stage:
        assert no(await stage.imagine(), PainterUnusable).reason == "The model has no weights."


# ── buttons ───────────────────────────────────────────────────────────────────────────────────────


async def test_reroll_keeps_everything_but_the_seed(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        job = (await stage.drawn("a star --n 2 --seed 7 --ar 4:3 --format webp")).job

        again = (await stage.reroll(job)).job

        assert again.recipe == replace(job.recipe, seed=again.recipe.seed)
        assert again.recipe.seed != 7
        assert (again.count, again.format, again.parent) == (2, PictureFormat.WEBP, job.id)


@pytest.mark.parametrize(("strong", "strength"), [(False, 0.15), (True, 0.4)])
async def test_vary_orders_one_sibling_of_the_chosen_picture(tmp_path, strong, strength):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        job = (await stage.drawn("a star --n 4 --seed 7")).job

        sibling = (await stage.vary(job, 2, strong=strong)).job

        assert (sibling.recipe.seed, sibling.recipe.variation_strength) == (9, strength)
        assert sibling.recipe.variation_seed is not None
        assert (sibling.count, sibling.parent) == (1, job.id)


@pytest.mark.parametrize("index", [-1, 1, 4])
async def test_a_picture_that_is_not_there_cannot_be_varied(tmp_path, index):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        job = (await stage.drawn()).job

        no(await stage.vary(job, index), NotFinished)


async def test_a_job_without_a_picture_can_be_rerolled_but_not_varied(tmp_path):
    async with playing(ScriptedGenerator(fails), tmp_path) as stage:
        job = await stage.accepted()
        assert isinstance(await stage.end(job), Broken)

        no(await stage.vary(job), NotFinished)
        assert isinstance(await stage.reroll(job), Queued | Progress | Delivered)


async def test_delete_removes_the_pictures_and_their_files_once(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        delivered = await stage.drawn("a star --n 2")

        answer, again = await stage.delete(delivered.job), await stage.delete(delivered.job)

        assert answer == Deleted(delivered.job.id)
        assert not any(stage.folder.path(picture.sha256).exists() for picture in delivered.pictures)
        no(again, NoSuchJob)


async def test_deleting_one_of_two_equal_pictures_keeps_the_other_s_file(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        one, other = await stage.drawn("a star --seed 7"), await stage.drawn("a star --seed 7")

        await stage.delete(one.job)

        assert stage.folder.path(other.pictures[0].sha256).exists()


async def test_an_unfinished_job_cannot_be_deleted(tmp_path):
    async with playing(waiting(), tmp_path) as stage:
        no(await stage.delete(await stage.accepted()), StillRunning)


async def test_somebody_else_s_job_is_as_good_as_none(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        job = (await stage.drawn()).job

        for answer in (
            await stage.info(job, by="Bob"),
            await stage.cancel(job, by="Bob"),
            await stage.delete(job, by="Bob"),
            await stage.reroll(job, by="Bob"),
            await stage.info(replace(job, id="unknown")),
        ):
            no(answer, NoSuchJob)


# ── what there is to see ──────────────────────────────────────────────────────────────────────────


async def test_info_has_recipe_pictures_and_receipt(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        delivered = await stage.drawn()

        info = await stage.info(delivered.job)

        assert isinstance(info, Info)
        assert info.pictures == delivered.pictures
        assert [entry.kind for entry in info.receipt] == [Kind.HOLD, Kind.CAPTURE]


async def test_the_wallet_has_the_balance_and_where_it_went(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        job = (await stage.drawn()).job

        wallet = await stage.service.answer(ShowBalance(stage.person()))

        assert isinstance(wallet, Wallet)
        assert (wallet.balance.available, wallet.balance.held) == (1000 - job.price, 0)
        assert {entry.kind for entry in wallet.entries} == {Kind.ALLOWANCE, Kind.HOLD, Kind.CAPTURE}


async def test_the_queue_shows_my_unfinished_jobs_and_its_length(tmp_path):
    generator = ScriptedGenerator(waits_for(asyncio.Event()))
    async with playing(generator, tmp_path) as stage:
        jobs = [await stage.accepted() for _ in range(4)]
        await stage.accepted(by="Bob")
        await stage.audience.sees(jobs[0].id, Progress)
        await until(lambda: len(generator.requests) == 2)

        view = await stage.service.answer(ShowQueue(stage.person()))

        assert isinstance(view, QueueView)
        assert [update.job.id for update in view.mine] == [job.id for job in jobs]
        assert isinstance(view.mine[0], Progress)
        assert next(update.place for update in view.mine if isinstance(update, Queued)) == 1
        assert view.length == 3


async def test_history_shows_each_job_as_it_stands_page_by_page(tmp_path):
    async with playing(ScriptedGenerator(fails), tmp_path) as stage:
        broken = await stage.end(await stage.accepted("one"))
        delivered = [await stage.drawn("two"), await stage.drawn("three")]

        page = await stage.service.answer(ShowHistory(stage.person(), limit=2))
        rest = await stage.service.answer(ShowHistory(stage.person(), before=delivered[0].job.created_at))

        assert page == History(items=(delivered[1], delivered[0]), more=True)
        assert rest == History(items=(broken,), more=False)


async def test_storage_trouble_is_a_kind_no(tmp_path):
    async with playing(waiting(), tmp_path) as stage:
        await stage.imagine()
        await stage.store.close()

        answer = await stage.imagine()
        await stage.store.open()

        no(answer, StorageTrouble)


async def test_prompts_never_reach_a_log(tmp_path, caplog):
    caplog.set_level("DEBUG")
    async with playing(ScriptedGenerator(fails, has_a_bug, dies_while_drawing), tmp_path) as stage:
        for _ in range(3):
            await stage.end(await stage.accepted("my secret wish hidden"))
        await stage.imagine("my secret wish --sed 7")

        assert len(caplog.records) > 3
        assert "secret" not in caplog.text
        assert "hidden" not in caplog.text
        assert not [record for record in caplog.records if "secret" in str(vars(record))]
