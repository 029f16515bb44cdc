"""Finished pictures by their secret: whoever has the address may see them, without a key."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.adapters.api.core import Core
from bot.adapters.api.faults import not_found
from bot.adapters.api.schemas import FILE_ANSWERS
from bot.file_answer import etag_of, file_answer, is_known
from bot.links import FOR_EVER, HANDED_OUT, is_called, secret_of
from storage.pictures import Kept

HEADERS = HANDED_OUT | {"cache-control": FOR_EVER}


def pictures_router(core: Core) -> APIRouter:
    """Return the route of pictures."""

    async def picture(name: str, request: Request) -> Response:
        """A finished picture, for whoever has its address; a part of it with `Range`."""
        secret = secret_of(name)
        kept = await core.picture(secret) if secret else None
        if kept is None or not is_called(kept, name):
            raise not_found("There is no such file.")
        headers = HEADERS | etag_of(kept.sha256)
        if is_known(request, headers):
            return Response(status_code=304, headers=headers)
        where = await _kept(core, kept.sha256)
        return file_answer(where, kept.format.media_type, headers)

    router = APIRouter(tags=["files"])
    for method in ("GET", "HEAD"):
        router.add_api_route(
            "/f/{name}",
            picture,
            methods=[method],
            responses=FILE_ANSWERS,
            response_class=Response,
            include_in_schema=method == "GET",
        )
    return router


async def _kept(core: Core, sha256: str) -> Kept:
    kept = await core.kept(sha256, link=True)
    if kept is None:
        raise not_found("There is no such file.")
    return kept
