"""A kept content as an HTTP answer, wherever it lies."""

from collections.abc import Mapping
from typing import assert_never
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from storage.pictures import Kept, Linked, OnDisk, Streamed

LINK_HEADERS = {"cache-control": "private, no-store", "cross-origin-resource-policy": "cross-origin"}


def file_answer(
    kept: Kept,
    media_type: str,
    headers: Mapping[str, str],
    filename: str | None = None,
    *,
    attachment: bool = False,
) -> Response:
    """Return the content, or the way to it; with a name it is shown or saved under that name."""
    match kept:
        case OnDisk(path):
            kind = "attachment" if attachment else "inline"
            return FileResponse(
                path,
                media_type=media_type,
                filename=filename,
                content_disposition_type=kind,
                headers=dict(headers),
            )
        case Streamed(size, chunks):
            told = {"content-length": str(size)} | _disposition(filename, attachment) | dict(headers)
            return StreamingResponse(chunks, media_type=media_type, headers=told)
        case Linked(url):
            return RedirectResponse(url, 307, LINK_HEADERS)
        case _:
            assert_never(kept)


def etag_of(sha256: str | None) -> dict[str, str]:
    """Return the header that names a content, where it is known."""
    return {} if sha256 is None else {"etag": f'"{sha256}"'}


def is_known(request: Request, headers: Mapping[str, str]) -> bool:
    """Say whether whoever asks has this very content already."""
    return "etag" in headers and headers["etag"] in request.headers.get("if-none-match", "")


def _disposition(filename: str | None, attachment: bool) -> dict[str, str]:
    if filename is None:
        return {}
    kind = "attachment" if attachment else "inline"
    return {"content-disposition": f"{kind}; filename*=utf-8''{quote(filename)}"}
