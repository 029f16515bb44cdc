"""What the HTTP API keeps: idempotency keys, sent files within limits, messages until they are told."""

from dataclasses import replace

import pytest
import pytest_asyncio

from storage.keys import Key, Scope
from storage.outbox import Message
from storage.records import Identity
from storage.requests import DAY_SECONDS
from storage.uploads import Upload, UploadLimits

LIMITS = UploadLimits(files=2, bytes=100, bytes_each=60)
SHA = "a" * 64


@pytest_asyncio.fixture
async def account(store) -> int:
    return (await store.account(Identity("web", "ada"), "Ada")).id


def upload(account: int, name: str, size: int | None = 10) -> Upload:
    return Upload(
        id=name,
        account=account,
        ticket=f"ticket {name}",
        secret=f"secret {name}",
        filename="a.png",
        announced_type="image/png",
        announced_bytes=size,
        created_at=5.0,
    )


# ── idempotency keys ──────────────────────────────────────────────────────────────────────────────


async def test_the_same_request_stands_for_the_same_within_a_day(store):
    first = await store.requests.nonce("ada", "k", "body", "one", 0.0)
    again = await store.requests.nonce("ada", "k", "body", "two", DAY_SECONDS - 1)
    other = await store.requests.nonce("ada", "k", "other body", "three", DAY_SECONDS - 1)
    somebody = await store.requests.nonce("eve", "k", "other body", "four", 1.0)

    assert (first, again, other, somebody) == ("one", "one", None, "four")


async def test_after_a_day_the_key_is_free(store):
    await store.requests.nonce("ada", "k", "body", "one", 0.0)

    assert await store.requests.nonce("ada", "k", "other body", "two", DAY_SECONDS) == "two"


async def test_forgotten_keys_are_free(store):
    await store.requests.nonce("ada", "k", "body", "one", 5.0)

    await store.requests.forget(6.0)

    assert await store.requests.nonce("ada", "k", "other body", "two", 7.0) == "two"


# ── sent files ────────────────────────────────────────────────────────────────────────────────────


async def test_a_file_is_announced_filled_once_and_found_three_ways(store, account):
    assert await store.uploads.announce([upload(account, "x")], LIMITS)

    filled = await store.uploads.fill("ticket x", "image/png", 7, SHA)

    assert filled == replace(upload(account, "x"), media_type="image/png", size_bytes=7, sha256=SHA)
    assert await store.uploads.fill("ticket x", "image/png", 8, "b" * 64) is None
    assert await store.uploads.by_ticket("ticket x") == filled
    assert await store.uploads.by_secret("secret x") == filled
    assert await store.uploads.find(account, "x") == filled
    assert await store.uploads.find(account + 1, "x") is None


async def test_announcements_are_kept_all_or_none(store, account):
    too_many = [upload(account, name) for name in "xyz"]
    too_large = [upload(account, "x", 60), upload(account, "y", 60)]

    assert not await store.uploads.announce(too_many, LIMITS)
    assert not await store.uploads.announce(too_large, LIMITS)

    assert await store.uploads.find(account, "x") is None
    assert await store.uploads.announce([upload(account, "x", 60)], LIMITS)
    assert not await store.uploads.announce([upload(account, "y", 60)], LIMITS)


async def test_a_content_is_needed_until_the_last_file_of_it_is_gone(store, account):
    await store.uploads.announce([upload(account, "x"), upload(account, "y")], LIMITS)
    await store.uploads.fill("ticket x", "image/png", 7, SHA)
    await store.uploads.fill("ticket y", "image/png", 7, SHA)

    assert list(await store.uploads.remove(account, ["x"])) == [SHA]
    assert list(await store.uploads.remove(account + 1, ["y"])) == []
    assert list(await store.unreferenced([SHA])) == []
    assert list(await store.uploads.remove_older(6.0)) == [SHA]
    assert list(await store.unreferenced([SHA])) == [SHA]


async def test_erasing_an_account_ends_its_keys_and_files(store, account):
    key = Key(
        id="k",
        account=account,
        name="Ada",
        digest="d",
        scopes=frozenset(Scope),
        webhook_secret="w",
        created_at=1.0,
    )
    await store.keys.add(key)
    await store.uploads.announce([upload(account, "x")], LIMITS)
    await store.uploads.fill("ticket x", "image/png", 7, SHA)

    emptied = await store.erase(account, 9.0)

    assert emptied is not None
    assert emptied.hashes == (SHA,)
    assert (await store.keys.find("k")).revoked_at == 9.0
    assert await store.uploads.by_secret("secret x") is None


# ── messages ──────────────────────────────────────────────────────────────────────────────────────


@pytest_asyncio.fixture
async def message(store, account) -> Message:
    key = Key(
        id="k",
        account=account,
        name="",
        digest="d",
        scopes=frozenset(),
        webhook_secret="w",
        created_at=1.0,
    )
    await store.keys.add(key)
    return Message(id="m", job="j", key="k", url="https://x.example", body="{}", created_at=1.0, due_at=2.0)


async def test_a_message_waits_for_its_time_and_is_kept_once(store, message):
    await store.outbox.add(message)
    await store.outbox.add(replace(message, body="other"))

    assert list(await store.outbox.due(1.9, 10)) == []
    assert list(await store.outbox.due(2.0, 10)) == [message]
    assert await store.outbox.next_due() == 2.0


async def test_a_failed_message_is_due_again_later(store, message):
    await store.outbox.add(message)

    await store.outbox.again("m", 9.0, "500")

    assert list(await store.outbox.due(8.9, 10)) == []
    (again,) = await store.outbox.due(9.0, 10)
    assert (again.tries, again.last_answer, again.ending) == (1, "500", None)


@pytest.mark.parametrize("ending", ["delivered", "given_up"])
async def test_an_ended_message_is_never_due_and_in_time_forgotten(store, message, ending):
    await store.outbox.add(message)

    await store.outbox.ended("m", ending, "204", 10.0)

    assert list(await store.outbox.due(99.0, 10)) == []
    assert await store.outbox.next_due() is None
    told = await store.outbox.of_job("j")
    assert (told.ending, told.last_answer, told.tries) == (ending, "204", 1)
    await store.outbox.forget(11.0)
    assert await store.outbox.of_job("j") is None
