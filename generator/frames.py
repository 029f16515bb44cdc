"""The bytes between the bot and the generator: frames of requests and events, JSON of health. No I/O.

A frame is two big-endian 32-bit lengths, a JSON head of the first length and raw bytes of the second.
Pictures travel as those raw bytes: in JSON they would need base64, which is twenty times slower.
"""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from itertools import accumulate
from typing import Any, NoReturn, TypeVar, assert_never

from generator.messages import (
    Begun,
    CardMemory,
    End,
    Event,
    Failed,
    Fault,
    Finished,
    Generate,
    Health,
    Loading,
    Order,
    Paused,
    PictureFormat,
    Preview,
    Ready,
    Resumed,
    StepDone,
    Unusable,
    name_of,
)
from generator.recipe import Recipe, RecipeError

LENGTHS = struct.Struct(">II")
MAX_HEAD = 64 * 1024
MAX_BODY = 256 * 1024 * 1024  # a 2048x2048 PNG is 16 MB at worst
MAX_REQUEST = 96 * 1024 * 1024  # words, and two pictures of 2048x2048 with a mask at worst
MAX_ORDERS = 16
MOST_PAINTERS = 10_000
LARGEST_NUMBER = 2**53
BARE: Mapping[str, Event] = {"begun": Begun(), "paused": Paused(), "resumed": Resumed(), "end": End()}

E = TypeVar("E", bound=StrEnum)


class BadFrame(ValueError):
    """The other side sent what is no frame, event, request or health; ``str(error)`` is one sentence."""


# ── events ────────────────────────────────────────────────────────────────────────────────────────


def encode_event(event: Event) -> bytes:
    """Return the event as one frame."""
    head, body = _head_and_body(event)
    text = json.dumps(head, separators=(",", ":")).encode()
    return LENGTHS.pack(len(text), len(body)) + text + body


class EventDecoder:
    """Turns received chunks, cut anywhere, into events. After a BadFrame it is of no more use."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that `chunk` completes. Raises BadFrame."""
        self._buffer += chunk
        events: list[Event] = []
        while (size := self._frame_size()) is not None and len(self._buffer) >= size:
            events.append(_decode_frame(bytes(memoryview(self._buffer)[:size])))
            del self._buffer[:size]
        return events

    def finish(self) -> None:
        """Say that nothing follows. Raises BadFrame in the middle of a frame."""
        if self._buffer:
            raise BadFrame("The stream ended in the middle of a frame.")

    def _frame_size(self) -> int | None:
        if len(self._buffer) < LENGTHS.size:
            return None
        head, body = LENGTHS.unpack_from(self._buffer)
        if head > MAX_HEAD or body > MAX_BODY:
            raise BadFrame(f"A frame of {head} + {body} bytes is larger than any event.")
        return LENGTHS.size + int(head) + int(body)


def _head_and_body(event: Event) -> tuple[dict[str, Any], bytes]:
    match event:
        case StepDone(step, steps):
            return {"event": "step", "step": step, "steps": steps}, b""
        case Preview(order, jpeg):
            return {"event": "preview", "order": order}, jpeg
        case Finished():
            return _finished_head(event), event.file
        case Failed(order, fault):
            return {"event": "failed", "order": order, "fault": fault.value}, b""
        case Begun() | Paused() | Resumed() | End():
            return {"event": type(event).__name__.lower()}, b""
        case _:
            assert_never(event)


def _finished_head(event: Finished) -> dict[str, Any]:
    return {
        "event": "finished",
        "order": event.order,
        "format": event.format.value,
        "width": event.width,
        "height": event.height,
        "seconds": event.seconds,
        "truncated": event.truncated,
    }


def _decode_frame(frame: bytes) -> Event:
    size, _ = LENGTHS.unpack_from(frame)
    middle = LENGTHS.size + size
    head = _Fields(_json_object(frame[LENGTHS.size : middle]))
    return _event(head, frame[middle:])


def _event(head: "_Fields", body: bytes) -> Event:
    match head.text("event"):
        case bare if bare in BARE:
            return BARE[bare]
        case "step":
            return StepDone(head.whole("step"), head.whole("steps"))
        case "preview":
            return Preview(head.text("order"), body)
        case "finished":
            return _finished(head, body)
        case "failed":
            return Failed(head.text("order"), head.one_of(Fault, "fault"))
        case _:
            raise BadFrame("There is no event of that name.")


def _finished(head: "_Fields", body: bytes) -> Finished:
    return Finished(
        order=head.text("order"),
        file=body,
        format=head.one_of(PictureFormat, "format"),
        width=head.whole("width"),
        height=head.whole("height"),
        seconds=head.number("seconds"),
        truncated=head.flag("truncated"),
    )


# ── requests ──────────────────────────────────────────────────────────────────────────────────────


def encode_generate(request: Generate) -> bytes:
    """Return the request as one frame: its JSON, then the pictures one after the other."""
    orders = [
        {"id": order.id, "recipe": order.recipe.as_dict(), "format": order.format.value}
        for order in request.orders
    ]
    sizes = [len(picture) for picture in request.pictures]
    head = {"orders": orders, "previews": request.previews, "seconds": request.seconds, "pictures": sizes}
    text = json.dumps(head).encode()
    return b"".join([LENGTHS.pack(len(text), sum(sizes)), text, *request.pictures])


def decode_generate(content: bytes) -> Generate:
    """Return the request that a frame says. Raises BadFrame with a sentence on what would be right."""
    if len(content) < LENGTHS.size or len(content) != LENGTHS.size + sum(LENGTHS.unpack_from(content)):
        raise BadFrame("That is no frame of a request.")
    middle = LENGTHS.size + LENGTHS.unpack_from(content)[0]
    head = _Fields(_json_object(content[LENGTHS.size : middle]))
    orders = tuple(_order(_Fields(each)) for each in head.objects("orders"))
    if not 1 <= len(orders) <= MAX_ORDERS:
        raise BadFrame(f"A request holds 1 to {MAX_ORDERS} orders, not {len(orders)}.")
    if len({order.id for order in orders}) < len(orders):
        raise BadFrame("Two orders of one request have the same id.")
    if len({order.recipe.shape for order in orders}) > 1:
        raise BadFrame(
            "The orders of one request must share size, steps, shift, guidance, strength and LoRAs."
        )
    pictures = _pictures(head.wholes("pictures"), memoryview(content)[middle:])
    missing = {each for order in orders for each in order.recipe.pictures} - set(map(name_of, pictures))
    if missing:
        raise BadFrame(f"The picture {min(missing)} is not there.")
    return Generate(orders=orders, previews=head.flag("previews"), seconds=_seconds(head), pictures=pictures)


def _seconds(head: "_Fields") -> float:
    """Return the expected seconds; who does not say them lets nobody by, and is told of no pause."""
    return max(0.0, head.number("seconds")) if head.has("seconds") else 0.0


def _pictures(sizes: Sequence[int], body: memoryview) -> tuple[bytes, ...]:
    if sum(sizes) != len(body):
        raise BadFrame("The pictures are not as long as was said.")
    ends = list(accumulate(sizes))
    return tuple(bytes(body[end - size : end]) for size, end in zip(sizes, ends, strict=True))


def _order(head: "_Fields") -> Order:
    try:
        recipe = Recipe.from_dict(head.object("recipe"))
    except RecipeError as error:
        raise BadFrame(str(error)) from error
    return Order(id=head.text("id"), recipe=recipe, format=head.one_of(PictureFormat, "format"))


# ── health ────────────────────────────────────────────────────────────────────────────────────────


def encode_health(health: Health) -> bytes:
    """Return the health as JSON."""
    match health:
        case Loading(fraction):
            head: dict[str, Any] = {"health": "loading", "fraction": fraction}
        case Ready(model, drawing, painters, card):
            head = {"health": "ready", "model": model, "busy": health.busy, "painters": painters}
            head |= {"drawing": drawing} | ({"card": asdict(card)} if card else {})
        case Unusable(reason):
            head = {"health": "unusable", "reason": reason}
        case _:
            assert_never(health)
    return json.dumps(head).encode()


def decode_health(content: bytes) -> Health:
    """Return the health that JSON says. Raises BadFrame."""
    head = _Fields(_json_object(content))
    match head.text("health"):
        case "loading":
            return Loading(head.number("fraction"))
        case "ready":
            painters = _painters(head.whole("painters"))
            return Ready(head.text("model"), _drawing(head), painters, _card(head))
        case "unusable":
            return Unusable(head.text("reason"))
        case _:
            raise BadFrame("There is no health of that name.")


def _drawing(head: "_Fields") -> int:
    """Return how many are drawn; who does not count them says whether there are any."""
    return head.whole("drawing") if head.has("drawing") else int(head.flag("busy"))


def _card(head: "_Fields") -> CardMemory | None:
    if not head.has("card"):
        return None
    card = _Fields(head.object("card"))
    return CardMemory(card.whole("allocated"), card.whole("total"))


def _painters(count: int) -> int:
    if not 1 <= count <= MOST_PAINTERS:
        raise BadFrame(f"There are 1 to {MOST_PAINTERS} painters, not {count}.")
    return count


# ── JSON, with one kind of error ──────────────────────────────────────────────────────────────────


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadFrame("That is no JSON.") from error
    if not isinstance(value, dict):
        raise BadFrame("That is JSON, but no object.")
    return value


class _Fields:
    """A JSON object whose values are read with their type; anything else is a BadFrame."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        value = self._values.get(name)
        return value if isinstance(value, str) else self._refuse(name, "text")

    def whole(self, name: str) -> int:
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self._refuse(name, "a whole number")
        return value

    def number(self, name: str) -> float:
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(name, "a number")
        if abs(value) > LARGEST_NUMBER or not math.isfinite(value):
            self._refuse(name, "a number")
        return float(value)

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        return value if isinstance(value, bool) else self._refuse(name, "true or false")

    def object(self, name: str) -> Mapping[str, Any]:
        value = self._values.get(name)
        return value if isinstance(value, dict) else self._refuse(name, "an object")

    def objects(self, name: str) -> list[Mapping[str, Any]]:
        value = self._values.get(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self._refuse(name, "a list of objects")
        return value

    def wholes(self, name: str) -> list[int]:
        value = self._values.get(name)
        if not isinstance(value, list) or any(type(each) is not int or each < 0 for each in value):
            self._refuse(name, "a list of whole numbers")
        return value

    def one_of(self, kind: type[E], name: str) -> E:
        try:
            return kind(self.text(name))
        except ValueError:
            return self._refuse(name, "one of the known words")

    def _refuse(self, name: str, right: str) -> NoReturn:
        raise BadFrame(f"{name} must be {right}.")
