"""What the owner asks about and changes from the command line: settings, accounts, credits, jobs."""

import asyncio
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.settings import Reading, Settings, variable
from bot.trouble import Misuse, Trouble
from storage.records import Account, Balance, Job
from storage.store import Store

ALL = 1_000_000
MOST_CREDITS = 10**9
PROMPT_SHOWN = 60

T = TypeVar("T")


def show_settings(reading: Reading) -> None:
    """Print what is in force and from where; a secret is only said to be set."""
    out = console()
    for field, info in Settings.model_fields.items():
        value = _printable(getattr(reading.settings, field))
        line = Text.assemble((variable(field), "bold"), f" = {value}  ", (reading.origins[field], "cyan"))
        out.print(line, soft_wrap=True)
        out.print(Text(f"    {info.description}", "dim"), soft_wrap=True)


def _printable(value: object) -> str:
    match value:
        case None:
            return "-"
        case SecretStr():
            return "(set)"
        case _:
            return str(value)


def show_accounts(settings: Settings) -> None:
    """Print every account with its credits."""
    known = with_store(settings, lambda store: store.accounts(ALL))
    table = Table("number", "name", "available", "held", "weight", "blocked", box=None, pad_edge=False)
    for account, balance in known:
        blocked = "yes" if account.blocked else ""
        name = Text(one_line(account.name), overflow="fold")
        figures = (str(balance.available), str(balance.held), f"{account.weight:g}")
        table.add_row(str(account.id), name, *figures, blocked)
    console().print(table)


def grant_credits(settings: Settings, wanted: str, credits: int, note: str) -> None:
    """Add credits to the account with that number or name, and print the new balance."""
    if not 0 < abs(credits) <= MOST_CREDITS:
        raise Misuse(f"CREDITS must be a whole number from 1 to {MOST_CREDITS}, or the same negative.")

    async def give(store: Store) -> tuple[Account, Balance]:
        account = chosen([each for each, _ in await store.accounts(ALL)], wanted)
        key = f"grant:{secrets.token_hex(12)}"
        return account, await store.grant(account.id, credits, key, note, time.time())

    account, balance = with_store(settings, give)
    console().print(
        Text(f"{one_line(account.name)} now has {balance.available} credits and {balance.held} held.")
    )


def chosen(accounts: Sequence[Account], wanted: str) -> Account:
    """Return the account whose number or name is `wanted`. Raises Trouble unless it is just one."""
    found = [each for each in accounts if str(each.id) == wanted] or [
        each for each in accounts if each.name.casefold() == wanted.casefold()
    ]
    match found:
        case [account]:
            return account
        case []:
            raise Trouble(f"There is no account {wanted!r}; `pinxit accounts` lists them.")
        case _:
            numbers = ", ".join(str(each.id) for each in found)
            raise Trouble(f"Several accounts are called {wanted!r}; use one of the numbers {numbers}.")


def show_jobs(settings: Settings, limit: int) -> None:
    """Print the latest jobs of everybody."""
    latest = with_store(settings, lambda store: store.jobs(limit))
    table = Table("job", "account", "state", "made", "credits", "prompt", box=None, pad_edge=False)
    for job in latest:
        table.add_row(
            job.id, str(job.account), _state(job), moment(job.created_at), str(job.price), _prompt(job)
        )
    console().print(table)


def _state(job: Job) -> str:
    return f"{job.state} ({job.fault})" if job.fault else str(job.state)


def moment(seconds: float) -> str:
    """Return a time as the owner's clock shows it."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _prompt(job: Job) -> Text:
    return Text(one_line(job.recipe.prompt)[:PROMPT_SHOWN], overflow="ellipsis", no_wrap=True)


def one_line(text: str) -> str:
    """Return the text without what could move a terminal's cursor or colour it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def console() -> Console:
    """Return standard output; where no terminal says how wide it is, lines may be long."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def must_be_begun(settings: Settings) -> None:
    """Raise Trouble where there is no database yet."""
    from bot.databases import is_begun  # noqa: PLC0415 - `settings` needs no database

    if not is_begun(settings):
        raise Trouble(f"Nothing is kept in {settings.data} yet; `pinxit run` begins it.")


def with_store(settings: Settings, work: Callable[[Store], Awaitable[T]], *, begin: bool = False) -> T:
    """Do one thing with the database, which a running bot may have open too.

    `begin` makes the database where there is none.
    """
    from bot.databases import store_at  # noqa: PLC0415 - `settings` needs no database

    if not begin:
        must_be_begun(settings)

    async def opened() -> T:
        store = store_at(settings)
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())
