"""The dialect of inference.sh, at the root: its official clients work unchanged."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bot.adapters.api.asking import Asked, Asking
from bot.adapters.api.core import Core
from bot.adapters.api.faults import fault_of, not_found
from bot.adapters.api.files import file_view, secret_in, wrapped
from bot.adapters.api.loras import MOST_LISTED, NamedLora, Wardrobe
from bot.adapters.api.orders import Order, Orders
from bot.adapters.api.schemas import DeletionAnswer, TaskAnswer, TaskFilesAnswer, TaskStatusAnswer
from bot.adapters.api.streaming import Telling
from bot.adapters.api.surface import Jobs
from bot.adapters.api.tasks import COMPLETED, RUNNING, line_of, progress_of, status_of, task_view, updated_at
from bot.adapters.api.times import moment
from bot.adapters.api.trails import Trail
from bot.adapters.api.wire import AsciiJson, to_json
from bot.adapters.api.wishes import Sizes, Values, wish_of
from bot.commands import Delete, Draw, EmptyJob
from bot.links import picture_url
from bot.refusals import StillRunning
from bot.updates import Delivered
from bot.uploads import NAMELESS
from storage.keys import Scope
from storage.media_types import UNKNOWN_TYPE
from storage.records import Post
from storage.uploads import Upload

DIALECT = "inference"
APP_NAME = "z-image-turbo"
HEARTBEAT_SECONDS = 7.0  # every second one is a real event: clients give up on heartbeats alone after 30 s
UNCACHED = {"cache-control": "no-cache"}
HEARTBEAT = '{"type":"heartbeat"}\n'
View = dict[str, Any]
Role = Annotated[Literal["input", "output"] | None, Query()]


class RunInput(BaseModel):
    """The input of z-image-turbo. Null stands for a default, unknown names are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    prompt: str = Field(examples=["a red circle on a blue background"])
    width: int | None = Field(None, ge=64, le=2048, examples=[1024])
    height: int | None = Field(None, ge=64, le=2048, examples=[1024])
    steps: int | None = Field(None, ge=1, le=50, examples=[8])
    shift: float | None = Field(None, ge=1, le=10, examples=[3.0])
    seed: int | None = Field(None, ge=-1, lt=2**63, description="-1 leaves it to chance.", examples=[7])
    loras: list[NamedLora] | None = Field(None, max_length=MOST_LISTED)


class RunBody(BaseModel):
    """A run of the app."""

    model_config = ConfigDict(strict=True, extra="ignore")

    app: str = Field(max_length=300, examples=["infsh/z-image-turbo"])
    input: RunInput
    webhook: str | None = Field(None, max_length=2000)


class Tasks:
    """The routes."""

    def __init__(self, core: Core, jobs: Jobs, orders: Orders) -> None:
        self._core = core
        self._jobs = jobs
        self._orders = orders
        self._wardrobe = Wardrobe(core, "input.loras")

    async def run(self, asking: Asked, body: RunBody) -> Response:
        """Order a picture. The answer comes at once; stream or fetch the task to see its end."""
        if not _is_our_app(body.app):
            raise not_found("There is no such app. This one is called infsh/z-image-turbo.")
        wish = wish_of(self._core.model, await self._values(asking, body.input), _sizes(body.input))
        order = Order(
            dialect=DIALECT,
            command=partial(Draw, wish=wish),
            input=asking.values["input"],
            webhook=body.webhook,
        )
        job, trail = await self._orders.place(asking, order)
        view = await self._view(trail, asking, job)
        if view["status"] >= COMPLETED:  # the same request again: a client waits for a change of status
            view |= {"status": RUNNING, "output": None, "progress": min(view["progress"], 95.0)}
        return AsciiJson(wrapped(view))

    async def _values(self, asking: Asking, given: RunInput) -> Values:
        prompt = await self._restored(asking, given.prompt)
        loras = await self._wardrobe.loras(asking, given.loras)
        return Values(prompt=prompt, steps=given.steps, shift=given.shift, seed=given.seed, loras=loras)

    async def _restored(self, asking: Asking, prompt: str) -> str:
        """Undo what the client does to a prompt that looks like base64 or like a file: it uploads it."""
        secret = secret_in(prompt)
        upload = await self._core.files.by_secret(secret) if secret else None
        if upload is None or upload.account != asking.caller.key.account:
            return prompt
        if upload.filename != NAMELESS or upload.announced_type != UNKNOWN_TYPE:
            return upload.filename
        content = await self._core.read(upload.sha256) if upload.sha256 else None
        return base64.b64encode((content or b"")[: 1 << 16]).decode("ascii")

    async def get(self, asking: Asked, id: str) -> Response:
        """A task as it stands."""
        trail = await self._standing(asking, id)
        return AsciiJson(wrapped(await self._view(trail, asking, id)))

    async def status(self, asking: Asked, id: str) -> Response:
        """A task's state alone."""
        trail = await self._standing(asking, id)
        changed = moment(updated_at(trail, self._core.clock.wall()))
        return AsciiJson(wrapped({"id": id, "status": status_of(trail), "updated_at": changed}))

    async def stream(self, asking: Asked, id: str) -> Response:
        """Every change of a task as lines of JSON, until its end."""
        trail = await self._standing(asking, id)
        post = await self._core.post(id)
        return Telling(self._lines(asking, id, post, trail), "application/x-ndjson", UNCACHED)

    async def _lines(
        self, asking: Asking, id: str, post: Post | None, trail: Trail
    ) -> AsyncGenerator[str, None]:
        """The whole task, then what changes, then the whole task again: the last line is the result."""
        yield self._full(trail, post, asking)
        if trail.ended:
            return
        silent = 0
        async with aclosing(self._jobs.follow(asking.caller.by, id, HEARTBEAT_SECONDS)) as followed:
            async for now, changed in followed:
                silent = 0 if changed else silent + 1
                if now.ended:
                    yield self._full(now, post, asking)
                elif silent % 2:
                    yield HEARTBEAT
                else:
                    yield _partial(now, self._core.clock.wall())

    def _full(self, trail: Trail, post: Post | None, asking: Asking) -> str:
        return line_of(task_view(trail, post, asking.base, self._core.clock.wall()))

    async def cancel(self, asking: Asked, id: str) -> Response:
        """Stop a task; its credits come back."""
        asking.caller.must_have(Scope.DRAW)
        trail = await self._jobs.cancelled(asking.caller.by, id)
        return AsciiJson(wrapped(await self._view(trail, asking, id)))

    async def delete(self, asking: Asked, id: str, files: bool = False) -> Response:
        """Delete an ended task and its pictures; with `files` the files of its input too."""
        asking.caller.must_have(Scope.DRAW)
        inputs = await self._inputs(asking, id) if files else []
        await self._jobs.remove(Delete(asking.caller.by, id))
        await self._core.files.remove(asking.caller.key.account, [each.id for each in inputs])
        return Response(status_code=204)

    async def files(self, asking: Asked, id: str, role: Role = None) -> Response:
        """The files that a task took and made."""
        trail = await self._standing(asking, id)
        rows = [] if role == "input" else _outputs(trail, asking.base)
        if role != "output":
            rows += [
                file_view(each, asking.base) | {"role": "input"} for each in await self._inputs(asking, id)
            ]
        return AsciiJson(wrapped(rows))

    async def delete_files(self, asking: Asked, id: str, role: Role = None) -> Response:
        """Delete the files of an ended task for good and keep the task."""
        asking.caller.must_have(Scope.DRAW)
        trail = await self._standing(asking, id)
        if not trail.ended:
            raise fault_of(StillRunning())
        gone = [] if role == "input" else [row["id"] for row in _outputs(trail, asking.base)]
        inputs = [] if role == "output" else await self._inputs(asking, id)
        if role != "input":
            await self._jobs.remove(EmptyJob(asking.caller.by, id))
        await self._core.files.remove(asking.caller.key.account, [each.id for each in inputs])
        deleted = [*gone, *(each.id for each in inputs)]
        return AsciiJson(wrapped({"deleted": deleted, "skipped": []}))

    async def _inputs(self, asking: Asking, id: str) -> list[Upload]:
        """Return this account's sent files that a task's input names."""
        trail = await self._standing(asking, id)
        view = await self._view(trail, asking, id)
        found = [
            await self._core.files.by_secret(secret)
            for text in _texts(view["input"])
            if (secret := secret_in(text)) is not None
        ]
        own = asking.caller.key.account
        return [each for each in found if each is not None and each.account == own]

    async def _standing(self, asking: Asking, id: str) -> Trail:
        asking.caller.must_have(Scope.READ)
        return await self._jobs.standing(asking.caller.by, id)

    async def _view(self, trail: Trail, asking: Asking, id: str) -> View:
        return task_view(trail, await self._core.post(id), asking.base, self._core.clock.wall())


def inference_router(core: Core, jobs: Jobs, orders: Orders) -> APIRouter:
    """Return the routes at the root."""
    handlers = Tasks(core, jobs, orders)
    router = APIRouter(tags=["inference.sh"])
    add = router.add_api_route
    add("/apps/run", handlers.run, methods=["POST"], response_model=TaskAnswer)
    add("/run", handlers.run, methods=["POST"], response_model=TaskAnswer)
    add("/tasks/{id}", handlers.get, response_model=TaskAnswer)
    add("/tasks/{id}", handlers.delete, methods=["DELETE"], status_code=204)
    add("/tasks/{id}/status", handlers.status, response_model=TaskStatusAnswer)
    lines: dict[int | str, dict[str, Any]] = {
        200: {"content": {"application/x-ndjson": {}}, "description": "Lines"}
    }
    add("/tasks/{id}/stream", handlers.stream, status_code=200, response_class=Telling, responses=lines)
    add("/tasks/{id}/cancel", handlers.cancel, methods=["POST"], response_model=TaskAnswer)
    add("/tasks/{id}/files", handlers.files, response_model=TaskFilesAnswer)
    add("/tasks/{id}/files", handlers.delete_files, methods=["DELETE"], response_model=DeletionAnswer)
    return router


def _is_our_app(app: str) -> bool:
    """Say whether ``namespace/name@version:function`` names this app."""
    namespace, _, name = app.partition("@")[0].partition(":")[0].partition("/")
    return bool(namespace) and name == APP_NAME


def _sizes(given: RunInput) -> Sizes:
    return Sizes(1024 if given.width is None else given.width, 1024 if given.height is None else given.height)


def _partial(trail: Trail, now: float) -> str:
    assert trail.update is not None
    told = {
        "id": trail.update.job.id,
        "status": status_of(trail),
        "progress": progress_of(trail),
        "logs": trail.lines,
        "updated_at": moment(now),
    }
    return to_json({"data": told, "fields": [name for name in told if name != "id"]}) + "\n"


def _outputs(trail: Trail, base: str) -> list[View]:
    update = trail.update
    if not isinstance(update, Delivered):
        return []
    return [
        {
            "id": f"{update.job.id}.{picture.index}",
            "created_at": moment(update.job.ended_at or update.job.created_at),
            "role": "output",
            "uri": picture_url(picture, base),
            "filename": picture_url(picture, "").rpartition("/")[2],
            "content_type": picture.format.media_type,
            "size": picture.size_bytes,
        }
        for picture in update.pictures
    ]


def _texts(value: object) -> list[str]:
    """Return every text within a JSON value."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for each in value.values() for text in _texts(each)]
        case list():
            return [text for each in value for text in _texts(each)]
        case _:
            return []
