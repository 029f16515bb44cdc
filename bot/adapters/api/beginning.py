"""The pictures that an order starts from: sent, at an address, or painted before."""

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.adapters.api.asking import Asking
from bot.adapters.api.core import Core
from bot.adapters.api.faults import ApiFault, fault_of, not_valid
from bot.adapters.api.files import secret_in
from bot.adapters.api.wishes import Sizes
from bot.commands import From, KeepPicture, PictureOf, ShowInfo, Source
from bot.outgoing import BadAddress, TooMuch, Unreached
from bot.sent_picture import MOST_BYTES
from bot.updates import Info, PictureKept, Refused
from generator.recipe import MAX_SIDE
from storage.keys import Scope

FETCH_SECONDS = 20.0
MOST_AT_ONCE = 4  # fetches
MOST_STRETCHED = 4  # a ratio goes from 1:4 to 4:1
LONGEST_TEXT = 1_400_000  # characters: a body is not longer
LONGEST_KEPT = 40
DATA = re.compile(r"data:image/[a-z0-9.+-]{1,30};base64,", re.IGNORECASE)


class PictureOfJob(BaseModel):
    """A picture of a job of the same account."""

    model_config = ConfigDict(strict=True, extra="ignore")

    job: str = Field(max_length=64)
    index: int = Field(0, ge=0, lt=100)


Given = str | PictureOfJob
"""What JSON can say."""

Picture = Given | bytes
"""The same, or a file as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an order says about a start."""

    image: Picture | None
    mask: str | bytes | None
    strength: float | None
    other: Picture | None
    share: float | None


class Beginnings:
    """Fetches and keeps what orders start from. Its verbs raise ApiFault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._fetching = asyncio.Semaphore(MOST_AT_ONCE)

    def quoted(self, wanted: Wanted) -> From | None:
        """Return a start as far as its price goes: nothing is looked at."""
        if wanted.image is None:
            _check_alone(wanted)
            return None
        _check_pair(wanted)
        start = From(picture=b"", mask=b"" if wanted.mask else None, strength=wanted.strength)
        return start if wanted.other is None else _blended(start, b"", wanted.share)

    async def kept(self, asking: Asking, wanted: Wanted, sizes: Sizes) -> tuple[From | None, Sizes]:
        """Return what an order starts from, and its size: the picture's own ratio where nothing was said."""
        if wanted.image is None:
            _check_alone(wanted)
            return None, sizes
        _check_pair(wanted)
        asking.caller.must_have(Scope.DRAW)
        start, shape = await self._picture(asking, wanted.image, "image")
        if wanted.other is not None:
            other, _ = await self._picture(asking, wanted.other, "other")
            start = _blended(start, other.picture, wanted.share)
        if wanted.mask is not None:
            mask = await self._keep(asking, wanted.mask, "mask")
            start = replace(start, mask=mask.sha256)
        start = replace(start, strength=wanted.strength)
        return start, Sizes(ratio=_ratio(*shape)) if sizes == Sizes() else sizes

    async def _picture(self, asking: Asking, given: Picture, field: str) -> tuple[From, tuple[int, int]]:
        if isinstance(given, str | bytes):
            kept = await self._keep(asking, given, field)
            return From(picture=kept.sha256), (kept.width, kept.height)
        answer = await self._core.answer(ShowInfo(asking.caller.by, given.job))
        if isinstance(answer, Refused):
            raise fault_of(answer.refusal)
        pictures = answer.pictures if isinstance(answer, Info) else ()
        found = next((each for each in pictures if each.index == given.index), None)
        if found is None:
            raise not_valid(f"{field}: that job has no such picture.", field)
        return From(picture=PictureOf(given.job, given.index)), (found.width, found.height)

    async def _keep(self, asking: Asking, given: str | bytes, field: str) -> PictureKept:
        content = given if isinstance(given, bytes) else await self._content(given, field)
        command = KeepPicture(by=asking.caller.by, file=content, mask=field == "mask")
        answer = await self._core.answer(command)
        match answer:
            case PictureKept():
                return answer
            case Refused(refusal):
                fault = fault_of(refusal)
                raise _named(fault, field) if fault.param is None and fault.status == 422 else fault  # noqa: PLR2004 - HTTP's own number
            case _:
                raise TypeError(type(answer).__name__)

    async def _content(self, given: str, field: str) -> bytes:
        """Return the bytes of a file that was sent here, that stands in the text, or lies at an address."""
        if (written := DATA.match(given)) is not None:
            return _decoded(given[written.end() :], field)
        secret = secret_in(given)
        upload = await self._core.files.by_secret(secret) if secret else None
        if upload is not None:
            return await self._core.files.read(upload) or b""
        return await self._fetched(given, field)

    async def _fetched(self, address: str, field: str) -> bytes:
        async with self._fetching:
            try:
                chunks = self._core.outgoing.fetch(address, most=MOST_BYTES, seconds=FETCH_SECONDS)
                return b"".join([chunk async for chunk in chunks])
            except (BadAddress, Unreached) as error:
                raise not_valid(f"{field}: {error}", field) from None
            except TooMuch:
                limit = MOST_BYTES >> 20
                raise not_valid(f"{field}: the file has more than {limit} MiB.", field) from None


def _check_alone(wanted: Wanted) -> None:
    """Raise ApiFault for what only means something with an image."""
    if wanted.mask is not None:
        raise not_valid("mask: it needs an image to lie over.", "mask")
    if wanted.strength is not None:
        raise not_valid("strength: it needs an image to start from.", "strength")
    if wanted.other is not None:
        raise not_valid("other: it needs an image to blend with.", "other")
    _check_pair(wanted)


def _check_pair(wanted: Wanted) -> None:
    """Raise ApiFault for a share of nothing."""
    if wanted.share is not None and wanted.other is None:
        raise not_valid("share: it needs another picture, `other`, to blend with.", "share")


def _blended(start: From, other: Source, share: float | None) -> From:
    return replace(start, other=other) if share is None else replace(start, other=other, share=float(share))


def without_files(values: dict[str, Any]) -> dict[str, Any]:
    """Return what was sent as it is kept beside the job: without whole files."""
    return {name: f"{value[:LONGEST_KEPT]}…" if _is_file(value) else value for name, value in values.items()}


def _is_file(value: object) -> bool:
    return isinstance(value, str) and DATA.match(value) is not None


def _decoded(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise not_valid(f"{field}: the base64 cannot be read.", field) from None


def _named(fault: ApiFault, field: str) -> ApiFault:
    return not_valid(f"{field}: {fault.detail}", field)


def _ratio(width: int, height: int) -> str:
    """Return the ratio of a picture, or the nearest that can be painted."""
    if width > MOST_STRETCHED * height:
        return f"{MOST_STRETCHED}:1"
    if height > MOST_STRETCHED * width:
        return f"1:{MOST_STRETCHED}"
    return f"{min(width, MAX_SIDE)}:{min(height, MAX_SIDE)}"
