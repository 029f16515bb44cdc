"""Text that many ask for, as an HTTP answer: compressed once, and sent only to those who lack it."""

import gzip
import hashlib
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from bot.file_answer import is_known

ASK_AGAIN = "no-cache"
WORTH_PACKING = 600  # bytes; what is shorter fits into one packet as it is


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
        etag = f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"'  # of both forms, so a weak one
        return cls(media_type, plain, gzip.compress(plain, mtime=0), etag)

    def answer(self, request: Request, cache: str = ASK_AGAIN) -> Response:
        """Return it in the form that the browser takes, or that it has it already."""
        headers = {"cache-control": cache, "etag": self.etag, "vary": "accept-encoding"}
        if is_known(request, headers):
            return Response(status_code=304, headers=headers)
        packed = len(self.plain) > WORTH_PACKING and _takes_gzip(request)
        coding = {"content-encoding": "gzip"} if packed else {}
        body = self.gzipped if packed else self.plain
        return Response(body, media_type=self.media_type, headers=headers | coding)


def _takes_gzip(request: Request) -> bool:
    codings = (each.partition(";") for each in request.headers.get("accept-encoding", "").split(","))
    return any(name.strip() == "gzip" and wish.replace(" ", "") != "q=0" for name, _, wish in codings)
