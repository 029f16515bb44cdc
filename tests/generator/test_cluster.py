"""What is deployed on Ray Serve, looked at without a cluster; `make chaos-ray` has one."""

import asyncio
import json

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pinxit[ray]")

import httpx
from ray import cloudpickle, serve
from ray.serve.schema import ApplicationStatusOverview, DeploymentStatusOverview, ServeStatus

from generator.cluster import Desk, desk, painters
from generator.frames import decode_health
from generator.guard import digest_of
from generator.messages import CardMemory, Loading, Ready, Unusable
from generator.plan import PAINTERS, REASON, Plan
from generator.serve import SECRET

KNOWN = "known-to-both-alone"


@pytest.mark.parametrize("values", [{}, {"least": 1, "most": 8, "gpus": 0.5}, {"gpus": 0, "path": "/z"}])
def test_ray_takes_what_a_plan_says(values):
    assert isinstance(painters(values), serve.Application)
    assert isinstance(desk(values), serve.Application)


def test_the_secret_never_enters_the_clusters_state(monkeypatch):
    monkeypatch.setenv(SECRET, KNOWN)

    kept = cloudpickle.dumps([painters({}), desk({})])

    assert KNOWN.encode() not in kept
    assert digest_of(KNOWN).encode() in kept


def status(message: str = "", **replicas: int) -> ServeStatus:
    deployment = DeploymentStatusOverview(
        status="HEALTHY", status_trigger="UNSPECIFIED", replica_states=replicas, message=message
    )
    app = ApplicationStatusOverview(
        status="RUNNING", message="", last_deployed_time_s=0.0, deployments={PAINTERS: deployment}
    )
    return ServeStatus(applications={Plan().name: app})


async def asked(desk: Desk, secret: str = KNOWN) -> httpx.Response:
    transport = httpx.ASGITransport(await desk.__serve_build_asgi_app__())
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        return await client.get("/health", headers={"Authorization": f"Bearer {secret}"})


@pytest.mark.parametrize(
    ("told", "health"),
    [
        (status(RUNNING=3, STARTING=1), Ready("embedded", painters=3)),
        (status(STARTING=1), Loading(0.0)),
        (ServeStatus(), Loading(0.0)),
        (
            status(f"it failed: {REASON}There are no weights.\n", STARTING=1),
            Unusable("There are no weights."),
        ),
    ],
)
async def test_the_desk_says_how_the_painters_are(told, health, monkeypatch):
    monkeypatch.setattr(serve, "status", lambda: told)

    assert decode_health((await asked(Desk(Plan(), digest_of(KNOWN)))).content) == health


async def test_the_desk_says_what_the_painters_tell_it(monkeypatch):
    monkeypatch.setattr(serve, "status", lambda: status(RUNNING=3))
    open_desk = Desk(Plan(), digest_of(KNOWN))

    await open_desk.note("first", Ready("embedded", drawing=1, card=CardMemory(2, 8)))
    await open_desk.note("second", Ready("embedded", card=CardMemory(1, 8)))

    health = decode_health((await asked(open_desk)).content)
    assert health == Ready("embedded", drawing=1, painters=3, card=CardMemory(3, 16))


async def test_while_the_controller_is_away_the_desk_says_what_it_knew(monkeypatch):
    monkeypatch.setattr("generator.cluster.KNOWN_SECONDS", 0.0)
    monkeypatch.setattr(serve, "status", lambda: status(RUNNING=2))
    open_desk = Desk(Plan(), digest_of(KNOWN))
    await asked(open_desk)

    def away() -> ServeStatus:
        raise ConnectionError("the controller is dead")

    monkeypatch.setattr(serve, "status", away)

    answers = await asyncio.gather(*(asked(open_desk) for _ in range(3)))
    assert {json.loads(answer.content)["painters"] for answer in answers} == {2}


async def test_the_desk_tells_nothing_to_strangers(monkeypatch):
    monkeypatch.setattr(serve, "status", lambda: status(RUNNING=2))

    answer = await asked(Desk(Plan(), digest_of(KNOWN)), "guessed")

    assert answer.status_code == 401
