"""The page's own files: read and compressed once, under an address that changes when any of them does.

So a browser keeps them for ever, and an upgrade is seen at once.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from bot.links import FOR_EVER

ROOT = "/static"
ASK_AGAIN = "no-cache"
WORTH_PACKING = 600  # bytes; what is shorter fits into one packet as it is
VERSION_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Packed:
    """Text in both forms; `etag` names its content."""

    media_type: str
    plain: bytes
    gzipped: bytes
    etag: str

    @classmethod
    def of(cls, plain: bytes, media_type: str) -> "Packed":
        """Compress it."""
        etag = f'"{hashlib.sha256(plain).hexdigest()[:VERSION_LENGTH]}"'
        return cls(media_type, plain, gzip.compress(plain, mtime=0), etag)

    def answer(self, request: Request, cache: str = ASK_AGAIN) -> Response:
        """Return it in the form that the browser takes, or that it has it already."""
        headers = {"cache-control": cache, "etag": self.etag, "vary": "accept-encoding"}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        packed = len(self.plain) > WORTH_PACKING and _takes_gzip(request)
        coding = {"content-encoding": "gzip"} if packed else {}
        body = self.gzipped if packed else self.plain
        return Response(body, media_type=self.media_type, headers=headers | coding)


class PageFiles:
    """Everything in a folder."""

    def __init__(self, folder: Path) -> None:
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        whole = b"".join(hashlib.sha256(each).digest() for each in files.values())
        self._version = hashlib.sha256(whole).hexdigest()[:VERSION_LENGTH]
        self._files = {
            name: Packed.of(self._addressed(name, file), _type(name)) for name, file in files.items()
        }

    def page(self, name: str, request: Request) -> Response:
        """Return a page, which leads to this very version of the other files."""
        return self._files[name].answer(request)

    async def file(self, request: Request) -> Response:
        """Return a file by its name, for ever where the address has the version."""
        version, _, name = request.path_params["path"].rpartition("/")
        if name not in self._files or version not in {"", self._version}:
            return Response(status_code=404)
        return self._files[name].answer(request, FOR_EVER if version else ASK_AGAIN)

    def _addressed(self, name: str, file: bytes) -> bytes:
        here = f'"{ROOT}/{self._version}/'
        return file.replace(f'"{ROOT}/'.encode(), here.encode()) if name.endswith(".html") else file


def _type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _takes_gzip(request: Request) -> bool:
    codings = (each.partition(";") for each in request.headers.get("accept-encoding", "").split(","))
    return any(name.strip() == "gzip" and wish.replace(" ", "") != "q=0" for name, _, wish in codings)
