"""One generator process with the embedded model, shared by the tests that only ask it something."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from generator.child import bare_environment
from generator.client import GeneratorClient, NotReached
from generator.messages import Ready

# A busy machine makes single examples slow, which says nothing about them.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


async def until_ready(socket: Path) -> None:
    """Return once the process behind the socket has loaded its model."""
    client = GeneratorClient(socket)
    async with asyncio.timeout(300):
        while not await _is_ready(client):  # noqa: ASYNC110  another process: there is only asking
            await asyncio.sleep(0.1)
    await client.close()


async def _is_ready(client: GeneratorClient) -> bool:
    try:
        return isinstance(await client.health(), Ready)
    except NotReached:
        return False


@pytest.fixture(scope="session")
def process(tmp_path_factory):
    """The shared process's (socket, log)."""
    folder = tmp_path_factory.mktemp("process")
    command = [sys.executable, "-P", "-m", "generator.serve", "--socket", str(folder / "g.sock")]
    with (folder / "log").open("wb") as log:
        serving = subprocess.Popen(command, stderr=log, env=bare_environment({"PATH": "/usr/bin"}))
    asyncio.run(until_ready(folder / "g.sock"))
    yield folder / "g.sock", folder / "log"
    serving.kill()
    serving.wait()


@pytest.fixture
async def client(process):
    opened = GeneratorClient(process[0])
    yield opened
    await opened.close()
