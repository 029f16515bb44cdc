import math

import pytest
from stored_orders import LIMITS, NOON, Person, claimed, drawn, order, person, picture

from storage.records import Account, Identity, JobState, Rung


async def test_an_identity_keeps_its_account(store):
    first = await store.account(Identity("discord", "8035"), "ann")

    again = await store.account(Identity("discord", "8035"), "ann with a new name")

    assert again == first


async def test_the_same_user_id_on_another_platform_is_somebody_else(store):
    ann = await store.account(Identity("discord", "8035"), "ann")

    bob = await store.account(Identity("telegram", "8035"), "bob")

    assert ann.id != bob.id


async def test_accounts_are_listed_newest_first_with_their_balance(store):
    ann, bob = await person(store, "ann", credits=5), await person(store, "bob", credits=7)

    listed = await store.accounts()

    assert [(account.id, balance.available) for account, balance in listed] == [
        (bob.account, 7),
        (ann.account, 5),
    ]


async def test_the_owner_changes_weight_and_block_apart(store):
    ann = await person(store)

    await store.set_account(ann.account, weight=2.5)
    changed = await store.set_account(ann.account, blocked=True)

    assert changed == Account(id=ann.account, name="ann", weight=2.5, blocked=True)
    assert await store.set_account(77, blocked=True) is None


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
async def test_a_weight_is_a_number_above_zero(store, weight):
    ann = await person(store)

    with pytest.raises(ValueError, match="above zero"):
        await store.set_account(ann.account, weight=weight)


async def test_half_a_character_from_a_hostile_client_names_nothing(store):
    assert await store.job("\ud800") is None
    assert await store.picture("\udfff") is None


async def test_a_picture_is_found_by_its_secret_only(store):
    ann = await person(store)
    job = await finished(ann)

    assert await store.picture(picture(job).secret) == picture(job)
    assert await store.picture(job.id) is None


async def test_history_is_newest_first_and_pages_by_time(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    await bob.orders()
    jobs = [await submitted_at(ann, NOON + second) for second in range(5)]

    newest = await store.history(ann.account, None, 2)
    older = await store.history(ann.account, newest[-1].created_at, 2)
    whole = await store.visible(ann.account)

    assert [job.id for job in newest] == [jobs[4].id, jobs[3].id]
    assert [job.id for job in older] == [jobs[2].id, jobs[1].id]
    assert whole == len(jobs)


async def test_the_owner_sees_everybodys_jobs(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    first, second = await ann.orders(), await bob.orders()

    assert [job.id for job in await store.jobs()] == [second.id, first.id]


async def test_a_deleted_job_is_hidden_and_its_files_are_free(store):
    ann = await person(store)
    job = await finished(ann)

    freed = await store.delete(job.id, NOON)

    assert freed == [picture(job).sha256]
    assert await store.history(ann.account, None, 10) == []
    assert await store.visible(ann.account) == 0
    assert await store.pictures(job.id) == []
    assert await store.picture(picture(job).secret) is None
    assert (await store.job(job.id)).deleted


async def test_deleting_twice_frees_nothing_more(store):
    ann = await person(store)
    job = await finished(ann)
    await store.delete(job.id, NOON)

    assert await store.delete(job.id, NOON) == []


async def test_a_file_that_another_job_shows_stays(store):
    ann = await person(store)
    first, second = await finished(ann), await finished(ann)

    shared = await store.delete(first.id, NOON)
    still_needed = await store.unreferenced(shared)
    await store.delete(second.id, NOON)

    assert shared == [picture(second).sha256]
    assert still_needed == []
    assert await store.unreferenced(shared) == shared


async def test_an_unfinished_job_cannot_be_deleted(store):
    ann = await person(store)
    job = await ann.orders()

    await store.delete(job.id, NOON)

    assert await store.job(job.id) == job


async def test_files_that_no_picture_has_are_named(store):
    ann = await person(store)
    job = await finished(ann)

    assert await store.unreferenced([picture(job).sha256, "cd" * 32]) == ["cd" * 32]


async def test_an_end_that_was_not_shown_is_delivered_after_a_restart(store):
    ann = await person(store)
    waiting = await ann.orders()
    ended = await drawn(store, await claimed(store))

    undelivered = await store.undelivered()

    assert [(post.job, job) for post, job in undelivered] == [(waiting.id, ended)]
    assert ended.state is JobState.SUCCEEDED


async def test_a_confirmed_post_is_not_delivered_again(store):
    ann = await person(store)
    job = await finished(ann)
    post = await store.post(job.id)

    await store.confirm(post.id, Rung.POSTED)

    assert await store.undelivered() == []
    assert (await store.post(job.id)).rung is Rung.POSTED


async def test_a_post_moves_to_a_new_address(store):
    ann = await person(store)
    job = await ann.orders()
    post = await store.post(job.id)

    await store.move_post(post.id, '{"message": 5}')

    assert (await store.post(job.id)).address == '{"message": 5}'


async def test_measured_seconds_follow_what_is_learned(store):
    assert await store.measured("256x256x8") is None

    await store.learn(["256x256x8"], 1.0)
    await store.learn(["256x256x8"], 3.0)
    for _ in range(60):
        await store.learn(["512x512x8"], 8.0)

    assert await store.measured("256x256x8") == 2.0
    assert abs(await store.measured("512x512x8") - 8.0) < 1e-9
    assert await store.often_measured("256x", 9) == {"256x256x8": 2.0}
    assert (await store.often_measured("", 9)).keys() == {"256x256x8", "512x512x8"}
    assert (await store.often_measured("", 1)).keys() == {"512x512x8"}
    assert await store.often_measured("%", 9) == {}


async def finished(one: Person):
    await one.orders()
    return await drawn(one.store, await claimed(one.store))


async def submitted_at(one: Person, now: float):
    return (await one.store.submit(order(one.account), LIMITS, now)).job
