"""The generator's app on Ray Serve: replicas that draw, and one that says how they are.

The only module that knows Ray, beside the process that deploys it. `painters` and `desk` build the two
applications from a plan's values, for that process or for a cluster's own configuration.
"""

import asyncio
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

from ray import serve
from ray.serve import Application
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ServeStatus
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from generator.app import build_app
from generator.easel import Easel, LoadPainter
from generator.frames import encode_health
from generator.guard import digest_of, guarded
from generator.messages import Health, Loading, Ready, Unusable
from generator.plan import LORAS_NEAR, PAINTERS, REASON, Plan, desk_options, health_of, painters_options
from generator.reports import REPORT_SECONDS, Reports, share_of
from generator.serve import SECRET, default_threads, end_when_stuck, painter_loader, prepare_environment
from generator.weights import UnusableModel

LOOK_SECONDS = 0.05  # between two looks whether the model is loaded
KNOWN_SECONDS = 0.5  # for so long an answer of the controller is good
PATIENCE_SECONDS = 10.0  # with a desk that does not take a painter's word

log = logging.getLogger(__name__)


def painters(values: dict[str, Any]) -> Application:
    """Return the application that draws, for a plan's values."""
    return replicas_of(Painters, values)


def replicas_of(kind: type["Painters"], values: dict[str, Any]) -> Application:
    """Return the application of which each replica is one of these."""
    plan = Plan(**values)
    deployment = serve.deployment(**painters_options(plan))(serve.ingress()(kind))
    return deployment.bind(plan, _digest())


def desk(values: dict[str, Any]) -> Application:
    """Return the application that says how it is, for the same values."""
    deployment = serve.deployment(**desk_options())(serve.ingress()(Desk))
    return deployment.bind(Plan(**values), _digest())


def _digest() -> str | None:
    """Return what the replicas need to know of the secret; itself it never enters the cluster's state."""
    secret = os.environ.get(SECRET)
    return digest_of(secret) if secret else None


class Painters:
    """One replica: one easel, behind the app that a generator process serves."""

    def __init__(self, plan: Plan, digest: str | None) -> None:
        threads = plan.threads or default_threads(os.cpu_count() or 1)
        prepare_environment(threads)
        self._digest = digest
        self._easel = Easel(self.loader(plan, threads))
        self._easel.start()
        end_when_stuck(self._easel, plan.stuck_seconds)
        while isinstance(self._easel.health, Loading):
            time.sleep(LOOK_SECONDS)  # until the end of this, Ray sends nothing here
        if isinstance(health := self._easel.health, Unusable):
            raise UnusableModel(REASON + health.reason)
        threading.Thread(target=self._report, args=(plan,), name="reporting", daemon=True).start()

    @staticmethod
    def loader(plan: Plan, threads: int) -> LoadPainter:
        """Return what loads the painter."""
        return painter_loader(plan.model, threads, Path(plan.loras) if plan.loras else None)

    async def __serve_build_asgi_app__(self) -> ASGIApp:
        """Return what answers; Ray asks for it once."""
        app, near = guarded(build_app(self._easel), self._digest), self._near()

        async def answering(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and (loras := serve.get_multiplexed_model_id()):
                await near(loras)
            await app(scope, receive, send)

        return answering

    def _report(self, plan: Plan) -> None:
        """Tell the desk again and again how it is here, since the desk cannot ask who draws."""
        name = serve.get_replica_context().replica_id.unique_id
        desk: DeploymentHandle | None = None
        while True:
            time.sleep(REPORT_SECONDS)
            try:
                desk = desk or serve.get_app_handle(plan.desk_name)
                if isinstance(health := self._easel.health, Ready):
                    desk.note.remote(name, share_of(health, plan.gpus)).result(timeout_s=PATIENCE_SECONDS)
            except Exception as error:  # noqa: BLE001 - figures alone are missing meanwhile
                log.info("the desk does not listen", extra={"reason": type(error).__name__})
                desk = None

    @staticmethod
    def _near() -> Any:
        """Return what notes which LoRAs were used here; Ray sends requests where theirs are."""

        async def noted(loras: str) -> str:
            return loras

        return serve.multiplexed(max_num_models_per_replica=LORAS_NEAR)(noted)


class Desk:
    """Answers how the painters are, since a painter that draws has no time to."""

    def __init__(self, plan: Plan, digest: str | None) -> None:
        self._plan = plan
        self._digest = digest
        self._known: Health = Loading(0.0)
        self._known_at = float("-inf")
        self._asking = asyncio.Lock()
        self._reports = Reports()

    async def __serve_build_asgi_app__(self) -> ASGIApp:
        """Return what answers, whatever the path; Ray has chosen by it already."""
        app = Starlette()
        app.router.redirect_slashes = False
        app.router.default = self._answer
        return guarded(app, self._digest)

    async def note(self, painter: str, health: Ready) -> None:
        """Take a painter's word."""
        self._reports.note(painter, health, time.monotonic())

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._asking:
            if time.monotonic() - self._known_at > KNOWN_SECONDS:
                await self._ask()
        health = self._reports.within(self._known, time.monotonic())
        answer = Response(encode_health(health), media_type="application/json")
        await answer(scope, receive, send)

    async def _ask(self) -> None:
        """Ask the controller. While it is away, the painters paint as they did."""
        try:
            self._known = self._judged(await run_in_threadpool(serve.status))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is asked again
            log.warning("the controller does not answer", extra={"reason": type(error).__name__})
        self._known_at = time.monotonic()

    def _judged(self, status: ServeStatus) -> Health:
        app = status.applications.get(self._plan.name)
        found = app.deployments.get(PAINTERS) if app else None
        if app is None or found is None:
            return Loading(0.0)
        states = {str(getattr(state, "value", state)): count for state, count in found.replica_states.items()}
        return health_of(self._plan, states, f"{found.message}\n{app.message}")
