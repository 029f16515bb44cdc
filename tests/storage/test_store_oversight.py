from stored_orders import NOON, claimed, person, picture

from storage.records import JobState, Kind, Rung
from storage.starts import StartPicture
from storage.uploads import Upload, UploadLimits

PLENTY = UploadLimits(files=10, bytes=10**9, bytes_each=10**9)


async def test_what_waits_is_counted_by_platform_and_state(store):
    ann = await person(store)
    first, _ = await ann.orders(), await ann.orders()
    await claimed(store)

    backlog = await store.oversight.backlog()

    assert [(each.platform, each.state, each.jobs) for each in backlog.waiting] == [
        ("web", JobState.QUEUED, 1),
        ("web", JobState.RUNNING, 1),
    ]
    assert backlog.waiting[1].oldest_at == first.created_at
    assert (backlog.accounts, backlog.held) == (1, 8)
    assert [job.id for job in await store.oversight.running()] == [first.id]


async def test_an_end_that_is_not_shown_is_counted_until_it_is_confirmed(store):
    ann = await person(store)
    job = await ann.orders()
    await store.cancel(job.id, NOON)

    before = await store.oversight.backlog()
    await store.confirm((await store.post(job.id)).id, Rung.EDITED)
    after = await store.oversight.backlog()

    assert (before.undelivered, after.undelivered) == (1, 0)


async def test_credits_that_moved_are_summed_by_kind_since_an_entry(store):
    ann = await person(store)
    since = await store.oversight.last_entry()
    first, second = await ann.orders(), await ann.orders()
    await store.cancel(second.id, NOON)
    job = await claimed(store)
    await store.succeed(job.id, job.attempt, [picture(job)], 1.0, NOON)

    flow = await store.oversight.flow(since)
    nothing = await store.oversight.flow(flow.last)

    assert job.id == first.id
    assert flow.credits == {Kind.HOLD: 8, Kind.CAPTURE: 4, Kind.RELEASE: 4}
    assert nothing.credits == {}


async def test_contents_that_anything_refers_to_are_named_page_by_page(store):
    ann = await person(store)
    await ann.orders()
    job = await claimed(store)
    await store.succeed(job.id, job.attempt, [picture(job, "aa" * 32)], 1.0, NOON)
    await store.uploads.announce([upload(job.account)], PLENTY)
    await store.uploads.fill("ticket", "image/png", 3, "bb" * 32)
    await store.starts.keep(start(job.account), 10)

    assert await store.oversight.contents("", 10) == ["aa" * 32, "bb" * 32, "cc" * 32]
    assert await store.oversight.contents("aa" * 32, 10) == ["bb" * 32, "cc" * 32]
    assert await store.oversight.contents("", 1) == ["aa" * 32]


def upload(account: int) -> Upload:
    return Upload(
        id="up",
        account=account,
        ticket="ticket",
        secret="secret",
        filename="a.png",
        announced_type="image/png",
        announced_bytes=3,
        created_at=NOON,
    )


def start(account: int) -> StartPicture:
    return StartPicture(
        account=account,
        sent_by=account,
        sha256="cc" * 32,
        width=64,
        height=64,
        size_bytes=3,
        created_at=NOON,
    )
