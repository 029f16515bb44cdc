"""What is pushed reaches its post: ends always, everything else in its newest state."""

import asyncio
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import (
    Audience,
    FastClock,
    ScriptedGenerator,
    Stage,
    a_job,
    a_post,
    delivered,
    opened,
    progress,
    queued,
    until,
)

from bot.channel import Channel
from bot.delivery import Delivery, TryLater
from bot.updates import Cancelled, Delivered, Final, Progress, Queued
from storage.pictures import PictureFolder
from storage.store import StorageError

pytestmark = pytest.mark.usefixtures("each_engine")


@asynccontextmanager
async def delivering(surface, path=":memory:"):
    async with opened(path) as store:
        delivery = Delivery(store=store, surfaces=[surface], clock=FastClock())
        life = asyncio.create_task(delivery.run())
        try:
            yield delivery
        finally:
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life


class Stubborn(Audience):
    """Fails as often as it is told, in the way it is told."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__()
        self.failures = list(failures)

    async def show(self, post, update):
        if self.failures:
            raise self.failures.pop(0)
        return await super().show(post, update)


class OneChannel(Audience):
    """All posts share one channel, which is shut until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()

    def channel_of(self, post):  # noqa: ARG002
        return "the one"

    async def show(self, post, update):
        await self.open.wait()
        return await super().show(post, update)


async def test_results_go_before_cancels_before_places_before_progress():
    surface = OneChannel()
    surface.open.set()
    async with delivering(surface) as delivery:
        for number, update in enumerate(
            [progress("0"), queued("1"), Cancelled(job=a_job("2")), delivered("3")]
        ):
            delivery.push(a_post(number), update)
        await surface.sees("job 0", Progress)

    assert [type(updates[0]) for updates in surface.shown.values()] == [
        Delivered,
        Cancelled,
        Queued,
        Progress,
    ]


async def test_the_newest_state_wins_and_identical_ones_are_dropped():
    surface = OneChannel()
    async with delivering(surface) as delivery:
        delivery.push(a_post(1), queued("job 1", 9))
        await asyncio.sleep(0.01)  # the first is being shown now
        for step in range(1, 9):
            delivery.push(a_post(1), progress("job 1", step))
        surface.open.set()
        await until(lambda: len(surface.of("job 1")) == 2)
        delivery.push(a_post(1), progress("job 1", 8))
        delivery.push(a_post(1), delivered("job 1"))
        await surface.sees("job 1", Delivered)

    assert [type(update) for update in surface.of("job 1")] == [Queued, Progress, Delivered]
    assert surface.of("job 1")[1] == progress("job 1", 8)


async def test_nothing_follows_the_end_of_a_job():
    surface = Audience()
    async with delivering(surface) as delivery:
        delivery.push(a_post(1), delivered("job 1"))
        delivery.push(a_post(1), progress("job 1"))
        await surface.sees("job 1", Delivered)
        delivery.push(a_post(1), queued("job 1"))
        delivery.push(a_post(2), queued("job 2"))
        await surface.sees("job 2", Queued)

    assert surface.of("job 1") == [delivered("job 1")]


async def test_an_end_is_tried_until_it_is_shown():
    surface = Stubborn(TimeoutError(), RuntimeError("a bug in the adapter"), ConnectionError())
    async with delivering(surface) as delivery:
        delivery.push(a_post(1), delivered("job 1"))

        assert await surface.sees("job 1", Delivered) == delivered("job 1")


async def test_progress_that_failed_is_not_tried_again():
    surface = Stubborn(RuntimeError("a bug in the adapter"))
    async with delivering(surface) as delivery:
        delivery.push(a_post(1), progress("job 1"))
        await until(lambda: not surface.failures)
        delivery.push(a_post(1), delivered("job 1"))
        await surface.sees("job 1", Delivered)

    assert surface.of("job 1") == [delivered("job 1")]


async def test_patience_is_asked_of_one_channel_only():
    surface = Stubborn(TryLater(30.0))
    async with delivering(surface) as delivery:
        delivery.push(a_post(1), delivered("job 1"))
        await until(lambda: not surface.failures)
        delivery.push(a_post(2), delivered("job 2"))
        await surface.sees("job 2", Delivered)
        assert surface.of("job 1") == []

        assert await surface.sees("job 1", Delivered)


async def test_where_edits_are_scarce_short_jobs_show_no_progress():
    surface = Audience()
    surface.budgeted = True
    async with delivering(surface) as delivery:
        delivery.push(a_post(1), progress("job 1", cost_seconds=3.9))
        delivery.push(a_post(2), progress("job 2", cost_seconds=4.1))
        await surface.sees("job 2", Progress)

    assert surface.of("job 1") == []


async def test_posts_of_unknown_platforms_are_left_alone():
    surface = Audience()
    surface.platform = "another"
    async with delivering(surface) as delivery:
        delivery.push(a_post(1), delivered("job 1"))

    assert surface.shown == {}


async def test_the_post_s_address_is_the_newest(tmp_path):
    async with opened() as store:
        stage = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))
        job = await stage.accepted()
        post = await store.post(job.id)
        await store.move_post(post.id, "moved")
        addresses = []

        class Noting(Audience):
            async def show(self, post, update):
                addresses.append(post.address)
                return await super().show(post, update)

        surface = Noting()
        delivery = Delivery(store=store, surfaces=[surface], clock=FastClock())
        life = asyncio.create_task(delivery.run())
        delivery.push(post, Cancelled(job=job))
        await surface.sees(job.id, Cancelled)
        life.cancel()

    assert addresses == ["moved"]


async def test_an_end_whose_confirmation_fails_is_confirmed_later_but_shown_once(tmp_path):
    async with opened() as store:
        stage = Stage(store, ScriptedGenerator(), PictureFolder(tmp_path))
        job = await stage.accepted()
        await stage.cancel(job)
        confirm, failures = store.confirm, [StorageError("disk full"), StorageError("disk full")]

        async def failing(post, rung):
            if failures:
                raise failures.pop()
            await confirm(post, rung)

        store.confirm = failing
        life = asyncio.create_task(stage.delivery.run())
        await stage.end(job)
        life.cancel()

    assert len(stage.audience.of(job.id)) == 1


# ── turn-taking ───────────────────────────────────────────────────────────────────────────────────

POSTS = st.integers(0, 3)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), POSTS, st.sampled_from([queued, progress, delivered])),
        st.tuples(st.just("show"), st.sampled_from(["well", "fails", "later"]), st.floats(0, 10)),
    ),
    max_size=60,
)


@given(EVENTS, st.floats(0, 5))
def test_every_end_is_shown_once_whatever_happens(events, interval):
    channel, now, ended, shown = Channel(interval), 0.0, set(), []
    for kind, first, second in events:
        if kind == "push" and first not in ended:
            update = second(f"job {first}")
            channel.put(a_post(first), update)
            if isinstance(update, Final):
                ended.add(first)
        elif kind == "show":
            now += second
            play(channel, now, first, shown)
    while not channel.idle(now):
        now += channel.wait_seconds(now) + 0.001
        play(channel, now, "well", shown)

    ends = [post for post, update in shown if isinstance(update, Final)]
    assert sorted(ends) == sorted(ended)
    for post in ended:
        assert isinstance([update for shown_post, update in shown if shown_post == post][-1], Final)


def play(channel: Channel, now: float, how: str, shown: list) -> None:
    turn = channel.take(now)
    if turn is None:
        return
    match how:
        case "well":
            channel.used(now)
            shown.append((turn.post.id, turn.update))
        case "later":
            channel.close(now, 7.0)
            channel.put_back(turn)
        case "fails" if turn.final:
            channel.retry(turn, now)


@given(st.floats(0.1, 10), st.integers(1, 30))
def test_a_channel_is_never_used_more_often_than_its_interval(interval, posts):
    channel, now, times = Channel(interval), 0.0, []
    for post in range(posts):
        channel.put(a_post(post), delivered(f"job {post}"))
    while not channel.idle(now):
        if channel.take(now) is not None:
            times.append(now)
            channel.used(now)
        now += channel.wait_seconds(now)

    assert len(times) == posts
    assert all(later - earlier >= interval * 0.999 for earlier, later in pairwise(times))
