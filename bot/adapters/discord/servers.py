"""The rules of a server: a page of controls for whoever manages it, and what can only be typed."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from discord import ui

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.controls import At, PageOf, channels, roles, select, switch
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.reading import manages, place
from bot.adapters.discord.replies import LOST, log_lost, say_at_once, show, whisper
from bot.adapters.discord.trust import Trust
from bot.adapters.discord.wording import MARKDOWN, rules_text, told
from bot.commands import ChangePlace, ShowPlace
from bot.texts import language_for, say
from bot.updates import Answer, PlaceView
from storage.records import PlaceId, PlaceRules, Spoiler

MOST_CHOSEN = 25  # of what a select holds


READERS: Mapping[str, Callable[[list[str], PlaceRules], Any]] = {
    "channels": lambda values, _: values,
    "roles": lambda values, rules: {role: dict(rules.roles).get(role, 1.0) for role in values},
    "log_channel": lambda values, _: next(iter(values), None),
    "spoiler": lambda values, _: next(iter(values), None),
    "private": lambda values, _: values == ["yes"],
    "words": lambda values, _: values == ["yes"],
}


class Servers:
    """The page and its controls. Everything that is changed is told in the log channel."""

    def __init__(self, desk: Desk, trust: Trust) -> None:
        self.desk = desk
        self._trust = trust

    @kindly
    async def page(self, press: Press, change: Mapping[str, Any]) -> None:
        """Show what holds in this server, after changing what was typed."""
        where, by = place(press), self.desk.person(press)
        if where is None:
            await say_at_once(press, say(by.language, "discord_in_a_server"))
            return
        if _overtakes(change) and not self._trust.holds(press):
            await say_at_once(press, MARKDOWN.own(say(by.language, "discord_not_trusted")))
            return
        command = (
            self._changing(press, where, change)
            if change
            else ShowPlace(by=by, place=where, vouched=manages(press))
        )
        before = self.desk.rules(press).log_channel
        await self._show(press, await self.desk.ask(press, command), before)

    @kindly
    async def chosen(self, press: Press, field: str, values: list[str]) -> None:
        """Rule what was chosen."""
        where = place(press)
        if where is None or field not in READERS:
            return
        await self.desk.reception.nod(press)
        rules = self.desk.rules(press)
        change = {field: READERS[field](values, rules)}
        answer = await self.desk.core.answer(self._changing(press, where, change))
        await self._show(press, answer, rules.log_channel)

    def weighing(self, press: Press, role: str, weight: float) -> dict[str, float]:
        """Return the roles with one of them added, weighed anew, or, at zero, left out."""
        known = dict(self.desk.rules(press).roles) | {role: weight}
        return {name: each for name, each in known.items() if each > 0}

    def _changing(self, press: Press, where: PlaceId, change: Mapping[str, Any]) -> ChangePlace:
        by = self.desk.person(press)
        return ChangePlace(by=by, place=where, vouched=manages(press), **change)

    async def _show(self, press: Press, answer: Answer, before: str | None) -> None:
        language = self.desk.person(press).language
        if not isinstance(answer, PlaceView):
            await whisper(press, told(answer, language))
            return
        hint = "-# " + say(language, "discord_server_typed")
        await show(press, f"{rules_text(answer, language)}\n{hint}", under_rules(answer.rules, language))
        if answer.changed:
            await self.tell(press, partial(rules_text, answer), before)

    async def tell(self, press: Press, news: Callable[[str], str], before: str | None = None) -> None:
        """Let the log channel know, and the one `before` it: nobody takes the log away unseen."""
        text = news(language_for(str(press.guild_locale)))
        for channel in {self.desk.rules(press).log_channel, before}:
            if channel is not None and channel.isdigit():
                await _posted(press, int(channel), text)


async def _posted(press: Press, channel: int, text: str) -> None:
    try:
        await press.client.get_partial_messageable(channel, guild_id=press.guild_id).send(text)
    except LOST as error:
        log_lost(error)


def _overtakes(change: Mapping[str, Any]) -> bool:
    """Say whether somebody would go before those of other servers."""
    return any(weight > 1 for weight in dict(change.get("roles", {})).values())


def under_rules(rules: PlaceRules, language: str) -> ui.View:
    """Return the controls of what can be chosen; the rest is typed after /server."""
    log_channels = [rules.log_channel] if rules.log_channel else []
    spoilers = [(say(language, f"spoiler_{kind}"), kind.value) for kind in Spoiler]

    def at(field: str, row: int) -> At:
        return At(PageOf.SERVER, field, say(language, f"rule_{field}"), row, language)

    def state(on: bool) -> str:
        return say(language, "yes" if on else "no")

    controls = [
        channels(at("channels", 0), sorted(rules.channels), MOST_CHOSEN, writable=False),
        roles(at("roles", 1), [role for role, _ in rules.roles], MOST_CHOSEN),
        channels(at("log_channel", 2), log_channels, 1, writable=True),
        select(at("spoiler", 3), spoilers, rules.spoiler),
        switch(at("private", 4), state(rules.private), on=rules.private),
        switch(at("words", 4), state(rules.words), on=rules.words),
    ]
    view = ui.View(timeout=None)
    for control in controls:
        view.add_item(control)
    return view
