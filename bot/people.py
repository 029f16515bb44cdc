"""Who has which account, and what they prefer: known without asking the database.

What is remembered is what is stored: of bots that share a database, each tells the others to look again.
"""

from dataclasses import replace
from typing import Any, TypeVar

from bot.commands import ChangeSettings, Keep, Person, ShowSettings
from bot.recent import Recent
from bot.refusals import BadOption, Refusal
from bot.texts.catalogue import LANGUAGES
from bot.updates import PreferencesView
from storage.records import MOST_PICTURES, Identity, PlaceRules, Preferences
from storage.store import Store

REMEMBERED = 10_000  # accounts by identity
Record = TypeVar("Record", Preferences, PlaceRules)
AS_USUAL = Preferences()
WHAT_WOULD_DO = {  # how a field is called by those who type it, and an example
    "aspect": ("--ar", "16:9"),
    "count": ("--n", f"1–{MOST_PICTURES}"),
    "language": ("language", ", ".join(LANGUAGES)),
    "most_pixels": ("pixels", "1048576"),
    "roles": ("weight", "2"),
    "channels": ("channels", "2"),
    "log_channel": ("log", "1"),
}


class People:
    """Open it before anybody asks: what people prefer decides how the first word to them is said."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._accounts: Recent[Identity, int] = Recent(REMEMBERED)
        self._preferences: dict[Identity, Preferences] = {}

    async def open(self) -> None:
        """Learn what everybody prefers. Raises StorageError."""
        self._accounts.clear()
        self._preferences = dict(await self._store.preferred())

    async def account(self, by: Person) -> int:
        """Return the account of whoever asks; a new one is made on first sight."""
        if by.identity not in self._accounts:
            account = await self._store.account(by.identity, by.name)
            self._accounts[by.identity] = account.id
        return self._accounts[by.identity]

    def preferences(self, identity: Identity) -> Preferences:
        """Return what somebody prefers; never waits."""
        return self._preferences.get(identity, AS_USUAL)

    async def answer(self, command: ShowSettings | ChangeSettings) -> PreferencesView:
        """Show or change what the person prefers."""
        preferences = self.preferences(command.by.identity)
        if isinstance(command, ChangeSettings):
            preferences = _changed(preferences, command)
            await self.prefer(command.by, preferences)
        return PreferencesView(preferences)

    async def prefer(self, by: Person, preferences: Preferences) -> None:
        """Keep what somebody prefers."""
        account = await self.account(by)
        await self._store.prefer(account, preferences)
        await self.remember(account, preferences)

    async def remember(self, account: int, preferences: Preferences) -> None:
        """Know the account and the preferences of each of its identities."""
        for identity in await self._store.identities(account):
            self._accounts[identity] = account
            if preferences == AS_USUAL:
                self._preferences.pop(identity, None)
            else:
                self._preferences[identity] = preferences


def _changed(preferences: Preferences, command: ChangeSettings) -> Preferences:
    if command.language not in (Keep.KEEP, None, *LANGUAGES):
        raise cannot_be("language", command.language)
    chosen = set(Preferences.__dataclass_fields__) & set(ChangeSettings.__dataclass_fields__)
    changes = {name: getattr(command, name) for name in chosen}
    return changed(preferences, changes)


def changed(record: Record, changes: dict[str, Any]) -> Record:
    """Return a record with the changes that are not Keep; None sets back to the usual.

    Raises BadOption for what the record cannot hold.
    """
    usual = type(record)()
    values = {
        name: getattr(usual, name) if value is None else value
        for name, value in changes.items()
        if value is not Keep.KEEP
    }
    try:
        return replace(record, **values)
    except ValueError as error:
        field = str(error)
        raise cannot_be(field, values.get(field)) from None


def cannot_be(field: str, value: object) -> Refusal:
    """Return the no to a value, with an example of one that would do."""
    option, example = WHAT_WOULD_DO[field]
    return BadOption(option=option, value=str(value)[:40], example=example)
