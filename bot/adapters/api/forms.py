"""Forms with files in them, read within limits: so many bytes, fields and files, in so much time."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from bot.adapters.api.faults import ApiFault, bad_request, too_slow
from bot.sent_picture import MOST_BYTES

LARGEST_FORM = 2 * MOST_BYTES  # bytes
LARGEST_FIELD = 256 << 10  # bytes
MOST_FILES, MOST_FIELDS = 8, 100
FORM_SECONDS = 120.0
LAST = 1024  # bytes among which a form's last boundary is
KIND = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Form:
    """What a form says by name, `name[]` as `name`: text (the last, where there are several), and files."""

    fields: Mapping[str, str]
    files: Mapping[str, tuple[bytes, ...]]

    def known_by(self) -> dict[str, Any]:
        """Return the text and, of each file, the SHA-256. It blocks: call it in a thread."""
        return dict(self.fields) | {
            name: [_sha256(file) for file in files] for name, files in self.files.items()
        }


async def read_form(request: Request) -> Form:
    """Return the form that a request brings. Raises ApiFault."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != KIND:
        raise bad_request(f"Send a form, with Content-Type: {KIND}.")
    try:
        async with asyncio.timeout(FORM_SECONDS):
            body = _Body(request.receive)
            form = await _read(Request(request.scope, body.received))
    except TimeoutError:
        raise too_slow("The form") from None
    except HTTPException:
        raise bad_request("The form could not be read.") from None
    if not body.ends(request.headers["content-type"]):
        raise bad_request("The form has no end.")
    return form


async def _read(request: Request) -> Form:
    limits = {"max_files": MOST_FILES, "max_fields": MOST_FIELDS, "max_part_size": LARGEST_FIELD}
    async with request.form(**limits) as form:
        return Form(_fields(form), await _files(form))


def _fields(form: FormData) -> dict[str, str]:
    return {_name(name): value for name, value in form.multi_items() if isinstance(value, str)}


async def _files(form: FormData) -> dict[str, tuple[bytes, ...]]:
    files: dict[str, tuple[bytes, ...]] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            files[_name(name)] = (*files.get(_name(name), ()), await value.read())
    return files


def _name(name: str) -> str:
    return name.removesuffix("[]")


class _Body:
    """Counts what is received, and remembers the last of it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = LARGEST_FORM
        self._last = b""

    async def received(self) -> Message:
        """Return the next part. Raises ApiFault for too many bytes, or a body that breaks off."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise bad_request("The form was cut off.")
        part = message.get("body", b"")
        self._left -= len(part)
        if self._left < 0:
            raise ApiFault(413, "too_large", f"The form is larger than {LARGEST_FORM >> 20} MiB.")
        self._last = (self._last + part)[-LAST:]
        return message

    def ends(self, content_type: str) -> bool:
        """Say whether the boundary that ends a form has come; what lacks it may lack fields, too."""
        _, options = parse_options_header(content_type)
        return b"--" + options.get(b"boundary", b"") + b"--" in self._last


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
