"""Finished files in an object store: S3 and its kin, Google Cloud Storage, Azure Blob Storage.

One request puts an object whole or not at all, so no halves are left behind. What the store answers may
quote addresses with signatures in them: only the kind of a failure is ever told.
"""

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import from_url

from storage.media_types import media_type_of
from storage.pictures import SHA256, Kept, LetGo, Linked, Streamed, key_of, sweep_orphans
from storage.store import StorageError

T = TypeVar("T")

LINK_LIVES = timedelta(minutes=5)
CHUNK = 1 << 18
REMOVED_AT_ONCE = 500
RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How an object store is reached; what is None comes from the store's own variables or the machine."""

    endpoint: str | None = None
    region: str | None = None
    key_id: str | None = None
    secret: str | None = None


class PictureBucket:
    """A `storage.pictures.Pictures` at an address such as s3://bucket/prefix.

    With `links` whoever may see a picture is sent to the store itself, for a few minutes.
    """

    def __init__(self, url: str, access: Access, *, links: bool) -> None:
        self._url = url
        self._links = links
        try:
            self._objects: Any = from_url(
                url, config=_config(access), client_options=_client(access), retry_config=RETRIES
            )
        except (BaseError, ValueError) as error:
            raise StorageError(f"{url} cannot be used for pictures: {_reason(error)}.") from None

    async def put(self, content: bytes) -> str:
        """Keep the bytes and return their SHA-256; the store has confirmed them then."""
        sha256 = await asyncio.to_thread(_sha256, content)
        attributes = {"Content-Type": media_type_of(content)}
        putting = obstore.put_async(
            self._objects, key_of(sha256), content, attributes=attributes, use_multipart=False
        )
        await self._told(putting, "written")
        return sha256

    async def read(self, sha256: str) -> bytes | None:
        """Return the bytes, None where they are gone."""
        found = await self._found(sha256)
        return None if found is None else bytes(await self._told(found.bytes_async(), "read"))

    async def kept(self, sha256: str, *, link: bool) -> Kept | None:
        """Say where the bytes are to be had, None where they are gone."""
        if link and self._links:
            signing = obstore.sign_async(self._objects, "GET", key_of(sha256), LINK_LIVES)
            return Linked(await self._told(signing, "linked"))
        found = await self._found(sha256)
        return None if found is None else Streamed(found.meta["size"], self._chunks(found))

    async def remove(self, hashes: Iterable[str]) -> None:
        """Remove objects, where they exist."""
        keys = [key_of(sha256) for sha256 in hashes]
        for first in range(0, len(keys), REMOVED_AT_ONCE):
            await self._remove(keys[first : first + REMOVED_AT_ONCE])

    async def hashes(self, before: float = math.inf) -> Sequence[str]:
        """Return what is kept and was last put before a time."""
        return await self._told(self._listed(before), "listed")

    async def sweep(self, let_go: LetGo, before: float = math.inf) -> int:
        """Remove the contents put before a time that nothing refers to; return how many."""
        return await sweep_orphans(self, let_go, before)

    async def _found(self, sha256: str) -> Any:
        try:
            return await self._told(obstore.get_async(self._objects, key_of(sha256)), "read")
        except FileNotFoundError:
            return None

    async def _chunks(self, found: Any) -> AsyncIterator[bytes]:
        async for chunk in found.stream(min_chunk_size=CHUNK):
            yield bytes(chunk)

    async def _remove(self, keys: list[str]) -> None:
        """Remove them in one request; where one is gone already, the store may want them one by one."""
        try:
            await self._told(obstore.delete_async(self._objects, keys), "removed")
        except FileNotFoundError:
            if len(keys) > 1:
                for key in keys:
                    await self._remove([key])

    async def _listed(self, before: float) -> list[str]:
        names = []
        async for objects in obstore.list(self._objects):
            for each in objects:
                name = each["path"].rpartition("/")[2]
                if SHA256.fullmatch(name) and each["last_modified"].timestamp() < before:
                    names.append(name)
        return names

    async def _told(self, asked: Awaitable[T], deed: str) -> T:
        """Await the store; what goes wrong is one sentence without addresses and keys."""
        try:
            return await asked
        except FileNotFoundError:
            if deed in {"read", "removed"}:
                raise
            raise StorageError(f"{self._url} cannot be {deed}: there is no such bucket.") from None
        except (BaseError, OSError, ValueError) as error:
            raise StorageError(f"{self._url} cannot be {deed}: {_reason(error)}.") from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _config(access: Access) -> Any:
    config = {
        "endpoint": access.endpoint,
        "region": access.region,
        "access_key_id": access.key_id,
        "secret_access_key": access.secret,
    }
    return {name: value for name, value in config.items() if value is not None}


def _client(access: Access) -> Any:
    plain = urlsplit(access.endpoint or "").scheme == "http"
    return {"timeout": "30s", "connect_timeout": "5s", "allow_http": plain}


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionDeniedError | UnauthenticatedError | PermissionError):
        return "access is denied"
    return f"it does not answer as it should ({type(error).__name__})"
