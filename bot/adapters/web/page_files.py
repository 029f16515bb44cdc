"""The page's own files: read and compressed once, under an address that changes when any of them does.

So a browser keeps them for ever, and an upgrade is seen at once.
"""

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from bot.links import FOR_EVER
from bot.packed import ASK_AGAIN, Packed

ROOT = "/static"
VERSION_LENGTH = 16
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class PageFiles:
    """Everything in a folder."""

    def __init__(self, folder: Path) -> None:
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in TYPES}
        whole = b"".join(hashlib.sha256(each).digest() for each in files.values())
        self._version = hashlib.sha256(whole).hexdigest()[:VERSION_LENGTH]
        self._files = {
            name: Packed.of(self._addressed(name, file), TYPES[Path(name).suffix])
            for name, file in files.items()
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
