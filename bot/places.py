"""The rules of servers and chats: who may order what there, known without asking the database."""

import math
from typing import Any

from bot.commands import ChangePlace, Here, Keep, ShowPlace
from bot.people import changed
from bot.refusals import BadOption, NotAllowed, TooLargeHere, UnwelcomeWord, WrongChannel, WrongRole
from bot.updates import PlaceView
from bot.words import Words
from generator.recipe import SIDE_STEP, Recipe
from storage.records import PlaceId, PlaceRules, Spoiler
from storage.store import Store

NO_RULES = PlaceRules()


class Places:
    """Open it before anybody asks: the rules decide who sees the first word."""

    def __init__(self, store: Store, words: Words) -> None:
        self._store = store
        self._words = words
        self._rules: dict[PlaceId, PlaceRules] = {}

    async def open(self) -> None:
        """Learn the rules of every place. Raises StorageError."""
        self._rules = dict(await self._store.rules())

    def rules(self, place: PlaceId) -> PlaceRules:
        """Return the rules of a place; never waits."""
        return self._rules.get(place, NO_RULES)

    def rules_here(self, here: Here | None) -> PlaceRules:
        """Return the rules where an order is given; in a direct message nothing is ruled."""
        return self.rules(here.place) if here else NO_RULES

    async def answer(self, command: ShowPlace | ChangePlace) -> PlaceView:
        """Show or change the rules, where the platform vouches for the person."""
        if not command.vouched:
            raise NotAllowed
        rules = self.rules(command.place)
        if isinstance(command, ChangePlace):
            rules = changed(rules, _changes(command))
            await self._store.rule(command.place, rules)
            self._rules[command.place] = rules
        return PlaceView(
            place=command.place, rules=rules, by=command.by, changed=isinstance(command, ChangePlace)
        )

    def weight(self, here: Here | None) -> float:
        """Return by how much the person's roles weigh here. Raises a Refusal where they may not order."""
        if here is None:
            return 1.0
        rules = self.rules(here.place)
        if rules.channels and not rules.channels & set(here.channels) and not here.manages:
            raise WrongChannel(channels=tuple(sorted(rules.channels)))
        weights = [weight for role, weight in rules.roles if role in here.roles]
        if rules.roles and not weights and not here.manages:
            raise WrongRole(roles=tuple(role for role, _ in rules.roles))
        return max(weights, default=1.0)

    def check(self, here: Here | None, recipe: Recipe) -> None:
        """Raise a Refusal for what may not be painted here."""
        rules = self.rules_here(here)
        if rules.most_pixels is not None and recipe.width * recipe.height > rules.most_pixels:
            raise _too_large(recipe, rules.most_pixels)
        if rules.words and (word := self._words.found_in(recipe.prompt)):
            raise UnwelcomeWord(word=word)


def _changes(command: ChangePlace) -> dict[str, Any]:
    changes = {name: getattr(command, name) for name in PlaceRules.__dataclass_fields__}
    if command.channels not in (Keep.KEEP, None):
        changes["channels"] = frozenset(command.channels)
    if command.roles not in (Keep.KEEP, None):
        changes["roles"] = tuple(sorted(command.roles.items()))
    if command.spoiler not in (Keep.KEEP, None):
        changes["spoiler"] = _spoiler(str(command.spoiler))
    return changes


def _spoiler(value: str) -> Spoiler:
    try:
        return Spoiler(value)
    except ValueError:
        raise BadOption(option="spoiler", value=value[:40], example=", ".join(Spoiler)) from None


def _too_large(recipe: Recipe, most_pixels: int) -> TooLargeHere:
    side = math.isqrt(most_pixels) // SIDE_STEP * SIDE_STEP
    return TooLargeHere(size=f"{recipe.width}x{recipe.height}", example=f"{side}x{side}")
