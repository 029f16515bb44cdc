"""Files that the page sends: to start from, to mark what is painted anew, or to be asked about."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.adapters.web.chat import WebChat
from bot.adapters.web.messages import LANGUAGES, owner
from bot.commands import Command, FindPicture, KeepPicture, Person
from bot.refusals import PictureTooHeavy
from bot.sent_picture import MOST_BYTES
from bot.updates import Refused

USES = frozenset({"start", "mask", "info"})


async def sent(chat: WebChat, request: Request) -> Response:
    """Take a picture's bytes; the answer is what the socket would say. Any file gets a sentence."""
    language = _one_of(request.query_params.get("language"), LANGUAGES)
    use = request.query_params.get("for", "")
    if use not in USES:
        return JSONResponse({}, 404)
    file = await _body(request)
    if file is None:
        too_heavy = Refused(PictureTooHeavy(limit=MOST_BYTES >> 20))
        return JSONResponse(chat.told(too_heavy, language), 413)
    return JSONResponse(await chat.ask(_command(use, owner(language), file), language))


def _command(use: str, by: Person, file: bytes) -> Command:
    if use == "info":
        return FindPicture(by=by, file=file)
    return KeepPicture(by=by, file=file, mask=use == "mask")


async def _body(request: Request) -> bytes | None:
    """Return the bytes, None where they are too many."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _one_of(wished: str | None, languages: tuple[str, ...]) -> str:
    return wished if wished in languages else languages[0]
