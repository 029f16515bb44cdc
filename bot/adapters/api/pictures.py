"""Finished pictures by their secret: whoever has the address may see them, without a key."""

import re

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from bot.adapters.api.core import Core
from bot.adapters.api.faults import not_found
from bot.file_answer import file_answer
from bot.file_names import ENDINGS
from storage.pictures import Kept

NAME = re.compile(r"([A-Za-z0-9_-]{16,128})\.(png|jpg|webp)")
HEADERS = {
    "cache-control": "private, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}


def pictures_router(core: Core) -> APIRouter:
    """Return the route of pictures."""

    async def picture(name: str) -> Response:
        found = NAME.fullmatch(name)
        kept = await core.picture(found[1]) if found else None
        if found is None or kept is None or ENDINGS[kept.format] != found[2]:
            raise not_found("There is no such file.")
        where = await _kept(core, kept.sha256)
        return file_answer(where, kept.format.media_type, HEADERS)

    router = APIRouter(include_in_schema=False)
    router.add_api_route("/f/{name}", picture, methods=["GET", "HEAD"], response_class=FileResponse)
    return router


async def _kept(core: Core, sha256: str) -> Kept:
    kept = await core.kept(sha256, link=True)
    if kept is None:
        raise not_found("There is no such file.")
    return kept
