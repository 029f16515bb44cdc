"""Sent files over HTTP: announced with a key, sent to a secret address, fetched from another one."""

import asyncio
import re
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bot.adapters.api.asking import Asked, Asking
from bot.adapters.api.core import Core
from bot.adapters.api.faults import ApiFault, not_found, too_slow
from bot.adapters.api.schemas import FILE_ANSWERS, AnnouncedAnswer, FileAnswer
from bot.adapters.api.times import moment
from bot.adapters.api.wire import AsciiJson
from bot.file_answer import etag_of, file_answer, is_known
from bot.links import HANDED_OUT
from bot.uploads import Announcement, Crowded, NoTicket, TooLarge, TooMany
from storage.keys import Scope
from storage.media_types import UNKNOWN_TYPE
from storage.store import StorageError
from storage.uploads import Upload

MOST_AT_ONCE = 50
SEND_SECONDS = 600.0
ADDRESS = re.compile(r"/f/([A-Za-z0-9_-]{16,64})/[^/?#]{1,400}$")
HEADERS = HANDED_OUT | {"cache-control": "private, no-cache"}
BYTES = {"requestBody": {"content": {"application/octet-stream": {}}, "required": True}}
View = dict[str, Any]


class FileBody(BaseModel):
    """A file to come. What it really is, its bytes say."""

    model_config = ConfigDict(strict=True, extra="ignore")

    filename: str | None = Field(None, max_length=1000, examples=["photo.png"])
    content_type: str | None = Field(None, max_length=200, examples=["image/png"])
    size: int | None = Field(None, ge=0, lt=2**53)

    def announcement(self) -> Announcement:
        """Return what the sender says."""
        kind = self.content_type or UNKNOWN_TYPE
        return Announcement(filename=self.filename, content_type=kind, size=self.size)


class FilesBody(BaseModel):
    """Files to come."""

    model_config = ConfigDict(strict=True, extra="ignore")

    files: list[FileBody] = Field(max_length=MOST_AT_ONCE)


class Files:
    """The routes."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def announce(self, asking: Asked, body: FilesBody) -> Response:
        """Announce files; PUT the bytes of each to its `upload_url` within an hour, without a key."""
        asking.caller.must_have(Scope.FILES)
        wanted = [each.announcement() for each in body.files]
        try:
            uploads = await self._core.files.announce(asking.caller.key.account, wanted)
        except TooLarge:
            most = self._core.files.limits.bytes_each
            raise ApiFault(413, "too_large", f"A file may have {most} bytes at most.") from None
        except TooMany:
            sentence = "Your files here are too many or too large together. Delete some."
            raise ApiFault(413, "too_large", sentence) from None
        return AsciiJson(wrapped([file_view(each, asking.base) | _ticket(each, asking) for each in uploads]))

    async def send(self, ticket: str, request: Request) -> Response:
        """Send the bytes of an announced file, once. The address is the secret: no key."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._core.files.receive(ticket, request.stream())
        except NoTicket:
            raise not_found("This address takes no file (any more).") from None
        except TooLarge:
            raise ApiFault(413, "too_large", "These are more bytes than were announced or allowed.") from None
        except TimeoutError:
            raise too_slow("The file") from None
        except (Crowded, StorageError):
            sentence = "The file cannot be taken now."
            raise ApiFault(503, "unavailable", sentence, retry_seconds=5) from None
        return Response(status_code=204)

    async def fetch(self, secret: str, name: str, request: Request) -> Response:  # noqa: ARG002 - for people
        """A sent file, for whoever has its address; a part of it with `Range`."""
        upload = await self._core.files.by_secret(secret)
        headers = HEADERS | etag_of(upload.sha256 if upload else None)
        if is_known(request, headers):
            return Response(status_code=304, headers=headers)
        kept = await self._core.files.kept(upload) if upload else None
        if upload is None or kept is None:
            raise not_found("There is no such file.")
        media_type = upload.media_type or UNKNOWN_TYPE
        attachment = media_type == UNKNOWN_TYPE
        return file_answer(kept, media_type, headers, upload.filename, attachment=attachment)

    async def get(self, asking: Asked, id: str) -> Response:
        """One of the account's sent files."""
        return AsciiJson(wrapped(file_view(await self._own(asking, id), asking.base)))

    async def delete(self, asking: Asked, id: str) -> Response:
        """Delete one of the account's sent files for good."""
        upload = await self._own(asking, id)
        await self._core.files.remove(asking.caller.key.account, [upload.id])
        return Response(status_code=204)

    async def _own(self, asking: Asking, id: str) -> Upload:
        asking.caller.must_have(Scope.FILES)
        upload = await self._core.files.find(asking.caller.key.account, id)
        if upload is None:
            raise not_found("There is no such file.")
        return upload


def files_router(core: Core) -> APIRouter:
    """Return the routes of sent files."""
    handlers = Files(core)
    router = APIRouter(tags=["files"])
    router.add_api_route("/files", handlers.announce, methods=["POST"], response_model=AnnouncedAnswer)
    router.add_api_route("/files/{id}", handlers.get, response_model=FileAnswer)
    router.add_api_route("/files/{id}", handlers.delete, methods=["DELETE"], status_code=204)
    router.add_api_route(
        "/uploads/{ticket}", handlers.send, methods=["PUT"], status_code=204, openapi_extra=BYTES
    )
    for method in ("GET", "HEAD"):
        router.add_api_route(
            "/f/{secret}/{name}",
            handlers.fetch,
            methods=[method],
            responses=FILE_ANSWERS,
            response_class=Response,
            include_in_schema=method == "GET",
        )
    return router


def wrapped(content: Any) -> View:
    """Return the envelope of inference.sh."""
    return {"data": content, "messages": []}


def uri_of(upload: Upload, base: str) -> str:
    """Return where a sent file can be fetched."""
    return f"{base}/f/{upload.secret}/{quote(upload.filename)}"


def secret_in(uri: str) -> str | None:
    """Return the secret in the address of a sent file, None in any other text."""
    found = ADDRESS.search(uri[:1000]) if uri.startswith(("http://", "https://")) else None
    return found[1] if found else None


def file_view(upload: Upload, base: str) -> View:
    """Return a sent file as its owner sees it."""
    return {
        "id": upload.id,
        "uri": uri_of(upload, base),
        "filename": upload.filename,
        "content_type": upload.media_type or upload.announced_type,
        "size": upload.announced_bytes if upload.size_bytes is None else upload.size_bytes,
        "created_at": moment(upload.created_at),
    }


def _ticket(upload: Upload, asking: Asking) -> View:
    return {"upload_url": f"{asking.base}/uploads/{upload.ticket}"}
