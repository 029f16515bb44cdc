"""Keys of the HTTP API as storage keeps them."""

from dataclasses import replace

import pytest

from storage.keys import Key, Scope
from storage.records import Identity

KEY = Key(
    id="k1",
    account=1,
    name="Ada",
    digest="d",
    scopes=frozenset({Scope.DRAW, Scope.READ}),
    webhook_secret="whsec_x",
    created_at=5.0,
    requests_per_minute=60.0,
    max_waiting=3,
    expires_at=99.0,
)


async def test_a_key_is_kept_as_it_was_made(store):
    account = await store.account(Identity("web", "ada"), "Ada")
    key = replace(KEY, account=account.id)

    await store.keys.add(key)

    assert await store.keys.find("k1") == key
    assert list(await store.keys.of_account(account.id)) == [key]
    assert await store.keys.find("k2") is None


async def test_a_key_is_an_identity_of_its_account(store):
    account = await store.account(Identity("web", "ada"), "Ada")

    await store.keys.add(replace(KEY, account=account.id))

    assert (await store.account(Identity("api", "k1"), "whoever")).id == account.id


async def test_a_key_of_no_account_is_not_kept(store):
    with pytest.raises(LookupError):
        await store.keys.add(KEY)

    assert list(await store.keys.all()) == []


async def test_a_key_is_revoked_once(store):
    account = await store.account(Identity("web", "ada"), "Ada")
    await store.keys.add(replace(KEY, account=account.id))

    ended = await store.keys.revoke("k1", 7.0)

    assert ended is not None
    assert ended.revoked_at == 7.0
    assert await store.keys.revoke("k1", 8.0) is None
    assert (await store.keys.find("k1")).revoked_at == 7.0


async def test_the_last_use_is_remembered(store):
    account = await store.account(Identity("web", "ada"), "Ada")
    await store.keys.add(replace(KEY, account=account.id))

    await store.keys.used("k1", 42.0)

    assert (await store.keys.find("k1")).used_at == 42.0
