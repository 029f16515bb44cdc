"""`pinxit keys`: the owner makes, lists and revokes keys of the HTTP API."""

import time

import typer
from rich.table import Table
from rich.text import Text

from bot.cli.owner import console, moment, one_line, with_store
from bot.keys import LONGEST_NAME, NewKey, new_key, prefix
from bot.settings import Settings
from bot.trouble import Misuse, Trouble
from storage.keys import PLATFORM, Key, Scope
from storage.records import Account, Identity
from storage.store import Store

DAY_SECONDS = 24 * 3600.0
MOST_CREDITS = 10**9


def create_key(  # noqa: PLR0913 - one argument for each option
    settings: Settings,
    name: str,
    *,
    credits: int,
    scopes: str,
    days: float | None,
    requests_per_minute: float | None,
    max_waiting: int | None,
    quiet: bool,
) -> None:
    """Make a key of an account of its own, and print it, this once."""
    if not 0 <= credits <= MOST_CREDITS:
        raise Misuse(f"--credits must be a whole number from 0 to {MOST_CREDITS}.")
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Misuse(f"NAME must have 1 to {LONGEST_NAME} printable characters.")
    meant, now = read_scopes(scopes), time.time()

    async def make(store: Store) -> NewKey:
        account = await _account_of(store, name)
        made = new_key(
            account.id,
            name,
            now,
            scopes=meant,
            expires_at=None if days is None else now + days * DAY_SECONDS,
            requests_per_minute=requests_per_minute,
            max_waiting=max_waiting,
        )
        await store.keys.add(made.key)
        if credits:
            await store.grant(account.id, credits, f"grant:key:{made.key.id}", f"key {name}", now)
        return made

    _show(with_store(settings, make, begin=True), quiet=quiet)


async def _account_of(store: Store, name: str) -> Account:
    """Return the account of a key that the owner makes: the same name is the same account."""
    return await store.account(Identity(PLATFORM, f"name:{name}"), name)


def read_scopes(text: str) -> frozenset[Scope]:
    """Return the scopes in words with commas or spaces. Raises Misuse."""
    try:
        scopes = frozenset(Scope(word) for word in text.replace(",", " ").split())
    except ValueError:
        scopes = frozenset()
    if not scopes:
        raise Misuse(f"--scopes takes some of {', '.join(Scope)}, with commas.")
    return scopes


def _show(made: NewKey, *, quiet: bool) -> None:
    if quiet:
        typer.echo(made.text)
        return
    typer.echo(f"Key:            {made.text}")
    typer.echo(f"Webhook secret: {made.key.webhook_secret}")
    typer.echo("The key is shown this once. Send it as: Authorization: Bearer <key>")


def list_keys(settings: Settings) -> None:
    """Print every key but its secret."""
    table = Table("key", "name", "account", "scopes", "made", "last used", "state", box=None, pad_edge=False)
    now = time.time()
    for key in with_store(settings, lambda store: store.keys.all()):
        used = "never" if key.used_at is None else moment(key.used_at)
        scopes = " ".join(sorted(key.scopes))
        name = Text(one_line(key.name), overflow="fold")
        table.add_row(
            prefix(key), name, str(key.account), scopes, moment(key.created_at), used, _state(key, now)
        )
    console().print(table)


def _state(key: Key, now: float) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if not key.lives(now):
        return "expired"
    return "works" if key.expires_at is None else f"until {moment(key.expires_at)}"


def revoke_key(settings: Settings, wanted: str) -> None:
    """End the key with that prefix or name; several of one name all end."""

    async def revoke(store: Store) -> list[Key]:
        found = [key for key in await store.keys.all() if wanted in {prefix(key), key.id, key.name}]
        ended = [await store.keys.revoke(key.id, time.time()) for key in found]
        return [key for key in ended if key is not None]

    ended = with_store(settings, revoke)
    if not ended:
        raise Trouble(f"There is no working key {wanted[:40]!r}; `pinxit keys list` shows them.")
    for key in ended:
        typer.echo(f"{prefix(key)} ({one_line(key.name)}) no longer works.")
