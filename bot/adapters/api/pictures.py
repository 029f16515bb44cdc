"""Finished pictures by their secret: whoever has the address may see them, without a key."""

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from bot.adapters.api.core import Core
from bot.adapters.api.faults import not_found
from bot.file_answer import file_answer
from bot.links import FOR_EVER, HANDED_OUT, is_called, secret_of
from storage.pictures import Kept

HEADERS = HANDED_OUT | {"cache-control": FOR_EVER}


def pictures_router(core: Core) -> APIRouter:
    """Return the route of pictures."""

    async def picture(name: str) -> Response:
        secret = secret_of(name)
        kept = await core.picture(secret) if secret else None
        if kept is None or not is_called(kept, name):
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
