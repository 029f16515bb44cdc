"""The web chat's HTTP: the page, its socket, its pictures, and the password in front of them."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, assert_never

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.adapters.web.chat import SAMPLER_PATH, WebChat
from bot.adapters.web.guard import Guard
from bot.adapters.web.labels import LABELS, blanks
from bot.adapters.web.lock import COOKIE, SESSION_SECONDS, Lock, Opened, Wait, Wrong
from bot.adapters.web.messages import LANGUAGES, LONGEST_MESSAGE
from bot.adapters.web.page_files import ROOT, PageFiles
from bot.adapters.web.sent import sent
from bot.adapters.web.tabs import Tab
from bot.adapters.web.views import file_name
from bot.file_answer import file_answer
from bot.links import FOR_EVER, is_called, secret_of
from bot.packed import Packed
from bot.texts import say
from generator.recipe import CONTENT
from storage.pictures import Kept
from storage.records import Picture
from storage.store import StorageError

STATIC = Path(__file__).parent / "static"
SAVED_AS = re.compile(r"[\w-]{1,120}\.(png|jpg|webp)")  # no dots, slashes or quotes within
LONGEST_LOGIN = 4096  # bytes
LOCKED_CLOSE = 4401
CROWDED_CLOSE = 4429
CUT_OFF_CLOSE = 1013  # try again later


class WhereKept(Protocol):
    """Where a content is to be had."""

    async def __call__(self, sha256: str, *, link: bool) -> Kept | None:
        """Return where; `link` allows an address elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Where pictures are: the record behind a finished one's secret, and the content behind a SHA-256.

    `started` says whether the person has started, or may start, from a content.
    """

    picture: Callable[[str], Awaitable[Picture | None]]
    kept: WhereKept
    started: Callable[[str], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who may come in: the address listened on, further names of this server, the password if any."""

    host: str = "127.0.0.1"
    names: Collection[str] = ()
    password: str | None = None


class Pages:
    """The handlers. What only the person may see asks the lock first."""

    def __init__(self, chat: WebChat, gallery: Gallery, door: Door) -> None:
        self._chat = chat
        self._gallery = gallery
        self._lock = Lock(door.password) if door.password is not None else None
        self._labels: dict[str, Packed] = {}
        self.files = PageFiles(STATIC)

    async def page(self, request: Request) -> Response:
        """The chat, or the way to the password."""
        if not self._is_open(request):
            return RedirectResponse("/login", 303)
        return self.files.page("index.html", request)

    async def login_page(self, request: Request) -> Response:
        """The form for the password."""
        if self._is_open(request):
            return RedirectResponse("/", 303)
        return self.files.page("login.html", request)

    async def login(self, request: Request) -> Response:
        """Take a password as JSON; answer 204 and the cookie, or a sentence."""
        password, language = await _password(request)
        if self._lock is None:
            return Response(status_code=204)
        match self._lock.attempt(password, time.time()):
            case Opened(cookie):
                secure = request.headers["origin"].startswith("https:")  # a proxy may speak TLS for us
                return _with_cookie(Response(status_code=204), cookie, secure=secure)
            case Wrong():
                return _no(403, say(language, "web_login_wrong"))
            case Wait(seconds):
                return _no(429, say(language, "web_login_wait", seconds=seconds), retry=seconds)
            case other:
                assert_never(other)

    async def session(self, request: Request) -> Response:
        """Say 204 where the socket would open, 401 where the password is needed first."""
        return Response(status_code=204 if self._is_open(request) else 401)

    async def labels(self, request: Request) -> Response:
        """The page's own words in one language."""
        language = _language(request.query_params.get("language"))
        if language not in self._labels:
            words = {key: say(language, key, **blanks(text)) for key, text in LABELS.items()}
            self._labels[language] = Packed.of(json.dumps(words).encode(), "application/json")
        return self._labels[language].answer(request)

    async def sampler(self, request: Request) -> Response:
        """What the model drew of the examples."""
        if not self._is_open(request) or self._chat.sampler is None:
            raise HTTPException(404)
        return FileResponse(self._chat.sampler, headers={"cache-control": FOR_EVER})

    async def sent(self, request: Request) -> Response:
        """A file of the person's."""
        if not self._is_open(request):
            return PlainTextResponse("Log in first.", 401)
        return await sent(self._chat, request)

    async def picture(self, request: Request) -> Response:
        """A finished picture by its secret; its bytes never change."""
        if not self._is_open(request):
            return PlainTextResponse("Log in first.", 401)
        name = request.path_params["name"]
        secret = secret_of(name)
        picture = await self._gallery.picture(secret) if secret else None
        if picture is None or not is_called(picture, name):
            raise HTTPException(404)
        wished = request.query_params.get("as", "")
        saved_as = wished if SAVED_AS.fullmatch(wished) else None
        return await self._file(picture, saved_as)

    async def start(self, request: Request) -> Response:
        """A picture that an order started from, as it is kept."""
        if not self._is_open(request):
            return PlainTextResponse("Log in first.", 401)
        sha256 = request.path_params["sha256"]
        if not CONTENT.fullmatch(sha256) or not await self._gallery.started(sha256):
            raise HTTPException(404)
        return file_answer(await self._kept(sha256), "image/png", {"cache-control": FOR_EVER})

    async def _file(self, picture: Picture, saved_as: str | None) -> Response:
        kept = await self._kept(picture.sha256)
        name, headers = saved_as or file_name(picture), {"cache-control": FOR_EVER}
        attachment = saved_as is not None
        return file_answer(kept, picture.format.media_type, headers, name, attachment=attachment)

    async def _kept(self, sha256: str) -> Kept:
        try:
            kept = await self._gallery.kept(sha256, link=False)  # the page shows nobody else's
        except StorageError:
            raise HTTPException(503) from None
        if kept is None:
            raise HTTPException(404)
        return kept

    async def socket(self, socket: WebSocket) -> None:
        """Carry messages between one page and the chat until either end closes."""
        if not self._is_open(socket):
            await _turn_away(socket, LOCKED_CLOSE)
            return
        tab = self._chat.enter()
        if tab is None:
            await _turn_away(socket, CROWDED_CLOSE)
            return
        try:
            await socket.accept()
            await self._converse(socket, tab)
        finally:
            self._chat.leave(tab)

    async def _converse(self, socket: WebSocket, tab: Tab) -> None:
        ways = {
            asyncio.create_task(self._listen(socket, tab)),
            asyncio.create_task(_speak(socket, tab)),
            asyncio.create_task(_cut_off(socket, tab)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _listen(self, socket: WebSocket, tab: Tab) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                text = message.get("text")
                await self._chat.hear(tab, text if text and len(text) <= LONGEST_MESSAGE else "")

    def _is_open(self, connection: HTTPConnection) -> bool:
        return self._lock is None or self._lock.accepts(connection.cookies.get(COOKIE), time.time())


def web_app(chat: WebChat, gallery: Gallery, door: Door) -> Starlette:
    """Return the ASGI app."""
    pages = Pages(chat, gallery, door)
    return Starlette(
        routes=[
            Route("/", pages.page),
            Route("/login", pages.login_page),
            Route("/login", pages.login, methods=["POST"]),
            Route("/session", pages.session),
            Route("/labels", pages.labels),
            Route(SAMPLER_PATH, pages.sampler),
            Route("/pictures/{name}", pages.picture),
            Route("/starts/{sha256}", pages.start),
            Route("/sent", pages.sent, methods=["POST"]),
            WebSocketRoute("/socket", pages.socket),
            Route(ROOT + "/{path:path}", pages.files.file),
        ],
        middleware=[Middleware(Guard, listening=door.host, names=door.names)],
    )


async def _speak(socket: WebSocket, tab: Tab) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # RuntimeError: the other end closed meanwhile
        while True:
            await socket.send_text(json.dumps(await tab.outbox.take()))


async def _cut_off(socket: WebSocket, tab: Tab) -> None:
    await tab.gone.wait()
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.close(CUT_OFF_CLOSE)


async def _turn_away(socket: WebSocket, code: int) -> None:
    """Open and close with a code that the page can read, which a refused handshake would not show."""
    await socket.accept()
    await socket.close(code)


async def _password(request: Request) -> tuple[str, str]:
    """Read a short JSON body. Anything else counts as a wrong password."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_LOGIN:
            raise HTTPException(413)
    try:
        values: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400) from None
    match values:
        case {"password": str(password), "language": str(language)}:
            return password, _language(language)
    raise HTTPException(400)


def _language(wished: str | None) -> str:
    return wished if wished in LANGUAGES else LANGUAGES[0]


def _no(status: int, sentence: str, retry: int | None = None) -> Response:
    headers = {} if retry is None else {"retry-after": str(retry)}
    return JSONResponse({"sentence": sentence}, status, headers)


def _with_cookie(response: Response, cookie: str, *, secure: bool) -> Response:
    response.set_cookie(
        COOKIE, cookie, max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=secure
    )
    return response
