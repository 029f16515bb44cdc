"""The core on its stage, with the API in front of it, and a caller who speaks HTTP."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from PIL import Image
from stage import LAYERS, SHELF, FastClock, ScriptedGenerator, Stage, finished, living, opened

from bot.adapters.api.app import api_app
from bot.adapters.api.core import Core, Rules
from bot.adapters.api.entrance import Entrance
from bot.adapters.api.parts import Parts, parts_of
from bot.adapters.api.surface import ApiSurface
from bot.adapters.web.server import WebServer
from bot.clock import SystemClock
from bot.keys import USUAL_SCOPES, new_key
from bot.lora_cache import LoraCache
from bot.lora_fetch import FetchRules, LoraFetcher
from bot.loras import Loras
from bot.outgoing import Outgoing
from bot.rate_limit import OwnRates, Rate
from bot.uploads import UploadDesk
from generator.loras import Shelf
from generator.messages import Begun, End, Finished, Generate, Preview, StepDone
from generator.models import EMBEDDED_MODEL
from storage.pictures import PictureFolder
from storage.records import Identity, Limits
from storage.store import Store
from storage.uploads import UploadLimits

PLENTY = Rate(per_minute=6e6, burst=100_000)
NO_ALLOWANCE = Limits(per_account=100, whole_queue=1000, daily_allowance=0)


UPLOADS = UploadLimits(files=10, bytes=4 << 20, bytes_each=2 << 20)


def picture(color: str = "red", form: str = "png", size: tuple[int, int] = (64, 64)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, form)
    return file.getvalue()


def paints(request: Generate) -> Any:
    """Yield real files, and a preview at every step."""
    yield Begun()
    for step in range(1, 5):
        yield StepDone(step, 4)
        yield Preview(request.orders[0].id, picture("blue", "jpeg", (8 * step, 8)))
    for order in request.orders:
        done = finished(order)
        yield Finished(
            order=done.order,
            file=picture(form=order.format.value) + b"" * order.recipe.seed,
            format=order.format,
            width=order.recipe.width,
            height=order.recipe.height,
            seconds=0.5,
        )
    yield End()


def painting() -> ScriptedGenerator:
    return ScriptedGenerator(usually=paints)


class FlyingClock(FastClock):
    """Time in which the days fly too."""

    def __init__(self) -> None:
        self._began = self.now(), SystemClock().wall()

    def wall(self) -> float:
        now, wall = self._began
        return wall + self.now() - now


class NoPage:
    """The chat page, where nobody looks."""

    async def watch(self) -> None:
        await asyncio.Event().wait()

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Said:
    """An answer, read to its end."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Event:
    """One server-sent event."""

    id: str
    kind: str
    data: Any


class ApiStage(Stage):
    """Everything of the core, the API, and a caller in front of it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a test may want otherwise
        self,
        store: Store,
        generator: ScriptedGenerator,
        folder: PictureFolder,
        limits: Limits = NO_ALLOWANCE,
        rules: Rules | None = None,
        upload_limits: UploadLimits = UPLOADS,
        fetch_rules: FetchRules = FetchRules(),  # noqa: B008 - frozen
        fetch_allowed: Collection[str] = (),
        trusted: Sequence[str] = (),
        **changes: Any,
    ) -> None:
        surface = ApiSurface()
        self.upload_limits = upload_limits
        self.clock = FlyingClock()
        self.outgoing = Outgoing(fetch_allowed, answer_seconds=3.0)
        self.fetch_rules = fetch_rules
        self.fetched = folder._root.parent / "fetched"
        super().__init__(store, generator, folder, limits=limits, also=[surface], **changes)
        self.core = self._core(rules or Rules(rate=PLENTY, version="test"))
        self.parts: Parts = parts_of(self.core, surface)
        self.page = NoPage()
        self.server = WebServer(
            Entrance(self.page, lambda: api_app(self.parts)),
            self.page,
            "127.0.0.1",
            0,
            trusted,  # type: ignore[arg-type]
        )
        self.token = ""
        self.http: ClientSession

    def _loras(self) -> Loras:
        shelf = Shelf(SHELF.folders, self.fetched)
        self.cache = LoraCache(self.fetched, 4 << 20)
        fetcher = LoraFetcher(self.cache, LAYERS, self.outgoing, self.clock, self.fetch_rules)
        self.uploads = UploadDesk(self.store.uploads, self.gallery, self.clock, self.upload_limits)
        return Loras(shelf, LAYERS, fetcher, self.uploads)

    def _core(self, rules: Rules) -> Core:
        store: Any = self.store
        return Core(
            answer=self.service.answer,
            health=lambda: self.generator.health,
            post=store.post,
            shown_here=self.delivery.shows,
            unconfirmed=store.unconfirmed,
            picture=store.picture,
            read=self.folder.read,
            kept=self.folder.kept,
            queue_length=store.queue_length,
            keys=store.keys,
            requests=store.requests,
            files=self.uploads,
            outbox=store.outbox,
            outgoing=self.outgoing,
            oversight=store.oversight,
            tally=self.tally,
            rates=OwnRates(),
            clock=self.clock,
            model=EMBEDDED_MODEL,
            rules=rules,
        )

    @property
    def url(self) -> str:
        return self.server.url

    async def make_key(self, name: str = "Ada", credits: int = 1000, **changes: Any) -> str:
        """Return a key of an account of that name."""
        account = await self.store.account(Identity("api", f"name:{name}"), name)
        made = new_key(account.id, name, FastClock().wall(), **({"scopes": USUAL_SCOPES} | changes))
        await self.store.keys.add(made.key)  # type: ignore[attr-defined]
        if credits:
            await self.store.grant(account.id, credits, f"grant:{made.key.id}", "", 0.0)
        return made.text

    async def credits(self, name: str = "Ada") -> tuple[int, int]:
        """Return what an account has, and what is held of it."""
        account = await self.store.account(Identity("api", f"name:{name}"), name)
        balance = await self.store.balance(account.id, self.limits, FastClock().wall())
        return balance.available, balance.held

    async def ask(self, method: str, path: str, key: str | None = None, **how: Any) -> Said:
        """Send one request with a key; "" sends none."""
        headers = dict(how.pop("headers", {}))
        if (key := self.token if key is None else key) and "authorization" not in headers:
            headers["authorization"] = f"Bearer {key}"
        where = path if path.startswith("http") else self.url + path
        async with self.http.request(method, where, headers=headers, **how) as response:
            return Said(response.status, response.headers, await response.read())

    async def get(self, path: str, **how: Any) -> Said:
        return await self.ask("GET", path, **how)

    async def post_json(self, path: str, values: Any = None, **how: Any) -> Said:
        return await self.ask("POST", path, json={} if values is None else values, **how)

    async def order(self, prompt: str = "a star", **values: Any) -> Any:
        """Order natively; return the job."""
        said = await self.post_json("/v1/jobs", {"prompt": prompt, **values})
        assert said.status in {201, 202}, said.body
        return said.json

    async def done(self, job: str) -> Any:
        """Return a job when it has ended."""
        while (said := await self.get(f"/v1/jobs/{job}", headers={"prefer": "wait=30"})).json[
            "ended_at"
        ] is None:
            pass
        return said.json

    async def live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(super().live())
            tasks.create_task(self.parts.run())
            tasks.create_task(self.server.run())


def events(text: str) -> Iterator[Event]:
    """Read server-sent events."""
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            data = fields["data"]
            yield Event(fields.get("id", ""), fields["event"], data if data == "[DONE]" else json.loads(data))


@asynccontextmanager
async def playing_api(
    folder: Path, generator: ScriptedGenerator | None = None, credits: int = 1000, **changes: Any
) -> AsyncIterator[ApiStage]:
    """An API on a fresh store, running."""
    async with opened(folder / "db") as store:
        stage = ApiStage(
            store, generator or ScriptedGenerator(), PictureFolder(folder / "pictures"), **changes
        )
        async with living(stage), ClientSession() as stage.http:
            stage.token = await stage.make_key(credits=credits)
            yield stage


@dataclass
class Served:
    """An API that lives in a thread of its own, for clients that block."""

    url: str
    token: str


@contextmanager
def serving(folder: Path, generator: ScriptedGenerator, credits: int) -> Iterator[Served]:
    """Run an API in a thread."""
    ready, found, over = threading.Event(), [], asyncio.Event()
    loop = asyncio.new_event_loop()

    async def live() -> None:
        async with playing_api(folder, generator, credits=credits) as api:
            found.append(Served(api.url, api.token))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    assert ready.wait(30)
    yield found[0]
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()
