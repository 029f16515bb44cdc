"""The real process on a port: open to those alone who know the secret, and encrypted where asked for."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import aiohttp
import pytest
from wishes import wish

from generator.child import bare_environment
from generator.client import GeneratorClient, NotReached
from generator.guard import Guard, digest_of
from generator.messages import Begun, End, Ready
from generator.serve import STUCK_CODE

SECRET = "known-to-both-alone"
DEADLINE = 300


class Elsewhere:
    """A generator process on a port of this machine."""

    def __init__(self, folder, *arguments: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = folder / "log"
        command = [sys.executable, "-P", "-m", "generator.serve", "--listen", f"127.0.0.1:{self.port}"]
        environment = bare_environment(os.environ) | {"PINXIT_GENERATOR_SECRET": SECRET}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*command, *arguments], stderr=log, env=environment)

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/"

    async def ready(self, client: GeneratorClient) -> None:
        async with asyncio.timeout(DEADLINE):
            while not await is_ready(client):  # noqa: ASYNC110 - another process: there is only asking
                await asyncio.sleep(0.1)

    def end(self) -> int:
        self.process.kill()
        return self.process.wait()


async def is_ready(client: GeneratorClient) -> bool:
    try:
        return isinstance(await client.health(), Ready)
    except NotReached:
        return False


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    process = Elsewhere(tmp_path_factory.mktemp("elsewhere"), "--drain", "60")
    yield process
    process.end()


@pytest.fixture
async def knowing(elsewhere):
    client = GeneratorClient(None, elsewhere.url(), SECRET)
    await elsewhere.ready(client)
    yield client
    await client.close()


async def test_whoever_knows_the_secret_is_drawn_for_and_nobody_else(elsewhere, knowing):
    events = [event async for event in knowing.generate(wish())]
    stranger = GeneratorClient(None, elsewhere.url(), SECRET + "!")

    with pytest.raises(NotReached, match="401"):
        [event async for event in stranger.generate(wish())]

    assert events[-1] == End()
    await stranger.close()
    assert SECRET not in elsewhere.log.read_text()
    with open(f"/proc/{elsewhere.process.pid}/cmdline") as shown:  # noqa: PTH123, ASYNC230 - no file of ours
        assert SECRET not in shown.read()


@pytest.mark.usefixtures("knowing")
async def test_without_the_secret_there_is_nothing_to_find_out(elsewhere):
    async with aiohttp.ClientSession(elsewhere.url()) as session:
        answers = [await session.get(path) for path in ("health", "generate", "elsewhere")]

    assert [answer.status for answer in answers] == [401, 401, 401]


ASKS = """
import asyncio, sys
from generator.client import GeneratorClient

async def ask():
    client = GeneratorClient(None, *sys.argv[1:])
    print(await client.health())
    await client.close()

asyncio.run(ask())
"""


async def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(tmp_path):
    certificate, key = certified(tmp_path)
    process = Elsewhere(tmp_path, "--certificate", certificate, "--key", key)
    stranger = GeneratorClient(None, process.url("https"), SECRET)
    try:
        async with asyncio.timeout(DEADLINE):
            while "CERTIFICATE_VERIFY_FAILED" not in await why_not(stranger):  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.1)
        command = [sys.executable, "-c", ASKS, process.url("https"), SECRET]
        told = bare_environment(os.environ) | {"SSL_CERT_FILE": certificate}
        asked = await asyncio.to_thread(
            subprocess.run, command, env=told, capture_output=True, text=True, check=False
        )

        assert asked.stdout.startswith(("Loading", "Ready")), asked.stderr
    finally:
        process.end()
        await stranger.close()


async def why_not(client: GeneratorClient) -> str:
    with pytest.raises(NotReached) as caught:
        await client.health()
    return str(caught.value)


def certified(folder) -> tuple[str, str]:
    """Make a certificate for this machine that only itself vouches for; return its file and its key's."""
    x509 = pytest.importorskip("cryptography.x509")
    hashes = pytest.importorskip("cryptography.hazmat.primitives.hashes")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    return str(folder / "certificate.pem"), str(folder / "key.pem")


@pytest.mark.parametrize("header", [None, b"", b"Bearer", b"Bearer ", b"Basic " + SECRET.encode(), b"\xff"])
async def test_only_the_secret_as_a_bearer_opens_the_door(header):
    reached, sent = [], []

    async def app(scope, _receive, _send):
        reached.append(scope)

    async def send(message):
        sent.append(message)

    guard = Guard(app, digest_of(SECRET))
    headers = [] if header is None else [(b"authorization", header)]
    await guard({"type": "http", "headers": headers}, None, send)
    await guard({"type": "http", "headers": [(b"authorization", b"bearer " + SECRET.encode())]}, None, send)

    assert sent[0]["status"] == 401
    assert len(reached) == 1


HANGS = """
import threading, time
from generator.easel import Commission, Easel
from generator.serve import end_when_stuck
from wishes import wish

class Hanging:
    model = "hanging"
    card = None
    def warm_up(self, should_stop):
        pass
    def draw(self, request, emit, should_stop, others):
        time.sleep(1000)

easel = Easel(lambda progress: Hanging())
easel.start()
commission = Commission(wish(), lambda event: None)
easel.takes(commission)
while not easel._begun:
    time.sleep(0.01)
commission.stop()
end_when_stuck(easel, 0.1)
time.sleep(60)
"""


def test_a_process_ends_when_its_drawing_thread_hangs_with_nobody_waiting():
    environment = bare_environment(os.environ)
    environment["PYTHONPATH"] += os.pathsep + os.path.dirname(__file__)  # noqa: PTH120 - one more folder

    done = subprocess.run([sys.executable, "-c", HANGS], env=environment, timeout=DEADLINE, check=False)

    assert done.returncode == STUCK_CODE


async def test_a_stopped_process_finishes_what_it_draws(elsewhere, knowing):
    """The last of those that ask it."""
    events = []
    async with asyncio.timeout(DEADLINE), aclosing(knowing.generate(wish(steps=30))) as stream:
        async for event in stream:
            if event == Begun():
                elsewhere.process.send_signal(signal.SIGTERM)
            events.append(event)

    assert events[-1] == End()
    async with asyncio.timeout(DEADLINE):
        assert await asyncio.to_thread(elsewhere.process.wait) in {0, -signal.SIGTERM}
