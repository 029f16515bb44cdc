"""Whatever becomes of batches, every job ends once and the books are right."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from stage import (
    ScriptedGenerator,
    Stage,
    dies_while_drawing,
    draws,
    fails,
    hangs,
    has_a_bug,
    is_not_reached,
    living,
    opened,
)
from test_batches import CROWD, kinds, learn

from bot.batching import Batching
from bot.updates import Broken, Cancelled, Delivered
from generator.messages import Begun, End
from storage.pictures import PictureFolder
from storage.records import Kind


def ends_without_a_word(_request):
    yield Begun()
    yield End()


SCRIPTS = st.sampled_from(
    [draws, fails, dies_while_drawing, is_not_reached, has_a_bug, hangs, ends_without_a_word]
)


@settings(max_examples=20, deadline=None)
@given(
    scripts=st.lists(SCRIPTS, max_size=8),
    orders=st.lists(st.tuples(st.sampled_from(CROWD), st.integers(1, 3)), min_size=4, max_size=10),
    cancels=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 120)), max_size=4),
)
def test_every_job_ends_once_and_every_credit_is_accounted_for(tmp_path_factory, scripts, orders, cancels):
    async def play() -> None:
        generator = ScriptedGenerator(*scripts)
        folder = PictureFolder(tmp_path_factory.mktemp("pictures"))
        async with opened() as store:
            stage = Stage(store, generator, folder, batching=Batching())
            jobs = [await stage.accepted(f"a star --n {count}", by=name) for name, count in orders]
            await learn(stage, jobs[0])
            async with living(stage):
                for which, turns in cancels:
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    await stage.cancel(jobs[which % len(jobs)], by=orders[which % len(jobs)][0])
                ends = [await stage.end(job) for job in jobs]
            await books_are_exact(stage, jobs, ends)

    asyncio.run(play())


SETTLED = {Delivered: Kind.CAPTURE, Broken: Kind.RELEASE, Cancelled: Kind.RELEASE}


async def books_are_exact(stage, jobs, ends) -> None:
    assert await stage.store.ledger_faults() == []
    for job, end in zip(jobs, ends, strict=True):
        assert await kinds(stage, job) == [Kind.HOLD, SETTLED[type(end)]]
        assert len(await stage.store.pictures(job.id)) == (job.count if isinstance(end, Delivered) else 0)
    spent = sum(job.price for job, end in zip(jobs, ends, strict=True) if isinstance(end, Delivered))
    balances = [balance for _, balance in await stage.store.accounts()]
    assert sum(balance.held for balance in balances) == 0
    assert sum(1000 - balance.available for balance in balances) == spent
