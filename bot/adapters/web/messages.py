"""What the page can say over the socket, read strictly: a Command, a greeting, or BadMessage.

Every message is a JSON object with a `type` and a `reply` number that comes back with the answer.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.adapters.web.beginning import NoStart, read_start
from bot.adapters.web.personal import personal
from bot.commands import (
    Cancel,
    Command,
    Delete,
    DrawAll,
    Imagine,
    MakeKey,
    Person,
    PriceOrder,
    Reroll,
    ShowBalance,
    ShowHistory,
    ShowInfo,
    ShowQueue,
    Vary,
)
from bot.deeds import ONWARD, Deed, onward
from bot.refusals import TooManyAlternatives
from bot.several import each
from storage.records import Identity, NewPost

PLATFORM = "web"
LANGUAGES = ("en", "ru", "zh")
LONGEST_MESSAGE = 1_000_000  # characters
LONGEST_REPLY = 2**31
KEY = re.compile(r"[A-Za-z0-9-]{16,64}")  # the page's random name for one press of a button
JOB = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_PICTURES = 16


class BadMessage(Exception):
    """Not a message of ours. `reply` is its number where one could be read."""

    def __init__(self, reply: int | None) -> None:
        super().__init__("not a message of the web chat")
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Hello:
    """A page has opened, came back, or switched its language."""

    language: str


Wish = Hello | Command


@dataclass(frozen=True, slots=True)
class Ask:
    """One message: what is wanted and the number to answer under."""

    reply: int
    wish: Wish


def owner(language: str) -> Person:
    """Return the one person of the web chat."""
    return Person(identity=Identity(PLATFORM, "owner"), name="Web", language=language)


def read(text: str, language: str) -> Ask:
    """Read one message of a page in `language`. Raises BadMessage."""
    values = _parsed(text)
    reply = _reply(values)
    if reply is None:
        raise BadMessage(None)
    wish = _greeting(values) or _command(values, owner(language))
    if wish is None:
        raise BadMessage(reply)
    return Ask(reply, wish)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        values = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadMessage(None) from None
    if not isinstance(values, dict):
        raise BadMessage(None)
    return values


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _reply(values: Mapping[str, Any]) -> int | None:
    reply = values.get("reply")
    good = isinstance(reply, int) and not isinstance(reply, bool) and 0 <= reply < LONGEST_REPLY
    return reply if good else None


def _greeting(values: Mapping[str, Any]) -> Hello | None:
    match values:
        case {"type": "hello", "language": str(language)} if language in LANGUAGES:
            return Hello(language)
    return None


def _command(values: Mapping[str, Any], by: Person) -> Command | None:
    kind, key, job = values.get("type"), values.get("key"), values.get("job")
    if isinstance(key, str) and KEY.fullmatch(key):
        return _order(values, by, key)
    if isinstance(job, str) and JOB.fullmatch(job):
        return _about(kind, by, job)
    return personal(values, by) or _view(values, by) or _price(values, by)


def _order(values: Mapping[str, Any], by: Person, key: str) -> Command | None:
    """Read what makes a job. The key makes sending it twice the same as once."""
    post = NewPost(platform=PLATFORM, address=json.dumps({"key": key}), language=by.language)
    unique = f"{PLATFORM}:{key}"
    match values:
        case {"type": "imagine" | "imagine_all" as kind, "text": str(text)}:
            return _imagined(kind, Imagine(by=by, key=unique, text=text, post=post), values.get("start"))
        case {"type": "reroll", "job": str(job)} if JOB.fullmatch(job):
            return Reroll(by=by, key=unique, job=job, post=post)
        case {"type": "vary", "job": str(job), "index": int(index), "strong": bool(strong)} if (
            JOB.fullmatch(job) and not isinstance(index, bool) and 0 <= index < MOST_PICTURES
        ):
            return Vary(by=by, key=unique, job=job, index=index, strong=strong, post=post)
        case {"type": "onward", "deed": str(deed), "job": str(job), "index": int(index)} if (
            deed in ONWARD
            and JOB.fullmatch(job)
            and not isinstance(index, bool)
            and 0 <= index < MOST_PICTURES
        ):
            return onward(Deed(deed))(by=by, key=unique, job=job, index=index, post=post)
    return None


def _price(values: Mapping[str, Any], by: Person) -> Command | None:
    """Read what is being typed, to be told what it would cost."""
    match values:
        case {"type": "price", "text": str(text)}:
            nowhere = NewPost(platform=PLATFORM, address="{}", language=by.language)
            order = _imagined("imagine", Imagine(by=by, key="", text=text, post=nowhere), values.get("start"))
            return PriceOrder(by, order) if isinstance(order, Imagine) else None
    return None


def _imagined(kind: str, order: Imagine, start: object) -> Imagine | DrawAll | None:
    try:
        order = replace(order, start=read_start(start))
        return order if kind == "imagine" else DrawAll(by=order.by, draws=tuple(each(order)))
    except (NoStart, TooManyAlternatives):  # the page was never asked about so many
        return None


def _about(kind: object, by: Person, job: str) -> Command | None:
    match kind:
        case "cancel":
            return Cancel(by, job)
        case "delete":
            return Delete(by, job)
        case "info":
            return ShowInfo(by, job)
    return None


def _view(values: Mapping[str, Any], by: Person) -> Command | None:
    match values:
        case {"type": "wallet"}:
            return ShowBalance(by)
        case {"type": "queue"}:
            return ShowQueue(by)
        case {"type": "apikey"}:
            return MakeKey(by)
        case {"type": "history", "before": int(before) | float(before)} if math.isfinite(before):
            return ShowHistory(by, float(before))
        case {"type": "history", "before": None}:
            return ShowHistory(by)
    return None
