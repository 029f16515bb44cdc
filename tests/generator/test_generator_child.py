"""The supervisor with real processes: started, lost, started again, never orphaned."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from wishes import wish

import generator
from generator.child import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    SOUND_SECONDS,
    GeneratorChild,
    Restarts,
    _short,
    bare_environment,
)
from generator.client import GeneratorClient, Lost, NotReached
from generator.embedded import WEIGHTS
from generator.messages import Begun, End, Loading, Ready, StepDone, Unusable

DEADLINE = 300
ROOT = Path(generator.__file__).parents[1]


@asynccontextmanager
async def running(model, folder):
    child = GeneratorChild(str(model), folder / "g.sock", threads=1, log=folder / "logs" / "generator.log")
    task = asyncio.create_task(child.run())
    async with asyncio.timeout(DEADLINE):
        try:
            yield child
        finally:
            await child.stop()
            await task


def alive(pid):
    """Whether the process runs: one that has ended and was not collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def started(program):
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)


async def gone(pid):
    while alive(pid):  # noqa: ASYNC110  a stranger's child: there is only looking
        await asyncio.sleep(0.005)


async def test_a_child_killed_at_work_loses_its_picture_and_is_started_again(tmp_path):
    async with running("embedded", tmp_path) as child:
        assert isinstance(child.health, Loading)
        with pytest.raises(NotReached):
            await anext(child.client.generate(wish()))
        await child.until(Ready)
        first = child.pid

        with pytest.raises(Lost):
            await child_killed_after_a_step(child)
        await child.until(Loading)
        await child.until(Ready)
        events = [event async for event in child.client.generate(wish())]

        assert events[-1] == End()
        assert not alive(first)
        await stopping_is_quick_even_while_it_computes(child)
    assert "model ready" in (tmp_path / "logs" / "generator.log").read_text()


async def child_killed_after_a_step(child):
    async for event in child.client.generate(wish(steps=50)):
        if isinstance(event, StepDone):
            child.kill()


async def stopping_is_quick_even_while_it_computes(child):
    """A part of the test above, because each process takes seconds to load."""
    pid, drawing = child.pid, child.client.generate(wish(steps=50))
    assert await anext(drawing) == Begun()

    async with asyncio.timeout(30):
        await child.stop()

    assert not alive(pid)
    with pytest.raises(Lost):
        [event async for event in drawing]


async def test_a_cancelled_supervisor_takes_its_process_along(tmp_path):
    child = GeneratorChild("embedded", tmp_path / "g.sock")
    task = asyncio.create_task(child.run())
    while child.pid is None:  # noqa: ASYNC110  started within a moment
        await asyncio.sleep(0)
    pid = child.pid

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await child.client.close()

    assert not alive(pid)


async def test_a_missing_model_is_said_in_a_sentence_and_tried_again_slowly(tmp_path):
    async with running(tmp_path / "none", tmp_path) as child:
        health = await child.until(Unusable)
        pause = child._restarts.pause_seconds

    assert isinstance(health, Unusable)
    assert health.reason.startswith(f"There is no model folder at {tmp_path / 'none'}")
    assert pause >= 10


async def test_a_model_that_was_mended_is_loaded_at_the_next_try(tmp_path, monkeypatch):
    monkeypatch.setattr("generator.child.FIRST_UNUSABLE_PAUSE", 0.01)
    async with running(tmp_path / "model", tmp_path) as child:
        await child.until(Unusable)
        shutil.copytree(WEIGHTS, tmp_path / "model")

        assert isinstance(await child.until(Loading, Ready), Loading)


async def test_a_truncated_model_is_said_in_a_sentence(tmp_path):
    model = shutil.copytree(WEIGHTS, tmp_path / "model")
    file = next((model / "vae").glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-9])

    async with running(model, tmp_path) as child:
        health = await child.until(Unusable)

    assert "damaged" in health.reason
    assert str(file) in health.reason


async def test_a_process_that_ends_before_it_serves_is_told_after_a_few_tries(tmp_path, monkeypatch):
    monkeypatch.setattr(GeneratorChild, "_command", lambda _self: [sys.executable, "-c", "exit(7)"])

    async with running("embedded", tmp_path) as child:
        health = await child.until(Unusable)

    assert "ended 3 times before it was ready (exit code 7)" in health.reason


PARENT = """
    import asyncio, sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from wishes import wish
    from generator.child import GeneratorChild
    from generator.messages import Begun, Ready

    async def main():
        child = GeneratorChild("embedded", Path({socket!r}), threads=1)
        task = asyncio.create_task(child.run())
        if {computing}:
            await child.until(Ready)
            drawing = child.client.generate(wish(*"abcdefgh", steps=50))
            assert await anext(drawing) == Begun()
        else:
            while child.pid is None:  # noqa: ASYNC110  started within a moment
                await asyncio.sleep(0)
        print(child.pid, flush=True)
        await task

    asyncio.run(main())
"""


@pytest.mark.parametrize("computing", [False, True], ids=["loading", "computing"])
async def test_a_killed_bot_leaves_no_orphan(tmp_path, computing):
    program = textwrap.dedent(PARENT).format(
        tests=str(Path(__file__).parent), socket=str(tmp_path / "g.sock"), computing=computing
    )
    with started(program) as bot:
        child = int(await asyncio.to_thread(bot.stdout.readline))
        assert alive(child)

        bot.kill()
        async with asyncio.timeout(30):
            await gone(child)


HOLDS_THE_LOCK = """
    import ctypes, os
    from generator.serve import die_with_parent
    die_with_parent(os.getppid())
    print(os.getpid(), flush=True)
    ctypes.PyDLL(None).sleep(600)  # unlike CDLL, keeps the interpreter's lock
"""
STARTS = """
    import subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", {program!r}], stdin=subprocess.PIPE)
    child.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a death signal")
async def test_even_a_computation_that_holds_the_lock_dies_with_its_parent():
    starter = textwrap.dedent(STARTS).format(program=textwrap.dedent(HOLDS_THE_LOCK))
    with started(starter) as parent:
        child = int(await asyncio.to_thread(parent.stdout.readline))

        parent.kill()
        async with asyncio.timeout(30):
            await gone(child)


def test_whoever_was_started_by_somebody_else_does_not_stay():
    program = "import generator.serve as s; s.die_with_parent(1)"

    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 1


def test_pauses_grow_and_begin_anew_after_a_sound_life():
    restarts, pauses = Restarts(), []
    for _ in range(12):
        restarts = restarts.after_end(None)
        pauses.append(restarts.pause_seconds)

    assert pauses[0] == FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert restarts.after_end(SOUND_SECONDS).pause_seconds == FIRST_PAUSE
    assert restarts.after_end(SOUND_SECONDS - 1).pause_seconds == LONGEST_PAUSE


def test_an_unusable_model_is_tried_ever_more_slowly_but_for_ever():
    restarts, pauses = Restarts(), []
    for _ in range(2000):
        restarts = restarts.after_unusable()
        pauses.append(restarts.pause_seconds)

    assert pauses[:3] == [15, 30, 60]
    assert pauses[-1] == 300


def test_the_child_is_told_none_of_the_bot_s_secrets():
    secrets = ["DISCORD_TOKEN", "PINXIT_PASSWORD", "PINXIT_DATABASE", "OTEL_EXPORTER_OTLP_HEADERS"]

    kept = bare_environment({**dict.fromkeys(secrets, "x"), "HF_TOKEN": "y", "HOME": "/h"})

    assert kept == {"HF_TOKEN": "y", "HOME": "/h", "PYTHONPATH": str(ROOT)}


def test_a_socket_path_too_long_for_the_system_is_replaced(tmp_path):
    long = tmp_path / ("x" * 120) / "g.sock"

    assert len(os.fsencode(_short(long))) < 100
    assert _short(tmp_path / "g.sock") == tmp_path / "g.sock"


async def test_an_inherited_socket_is_served(tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "g.sock"))
        listening.listen()
        command = [
            sys.executable,
            "-m",
            "generator.serve",
            "--model",
            "/none",
            "--fd",
            str(listening.fileno()),
        ]
        serving = await asyncio.create_subprocess_exec(*command, cwd=ROOT, pass_fds=[listening.fileno()])
    client = GeneratorClient(tmp_path / "g.sock")

    async with asyncio.timeout(DEADLINE):
        while not isinstance(await client.health(), Unusable):  # noqa: ASYNC110  there is only asking
            await asyncio.sleep(0)

    serving.kill()
    await serving.wait()
    await client.close()


def test_a_signal_ends_the_served_process(tmp_path):
    command = [sys.executable, "-P", "-m", "generator.serve", "--socket", str(tmp_path / "g.sock")]
    command += ["--model", "/none"]
    with subprocess.Popen(command, env=bare_environment(os.environ), stderr=subprocess.PIPE) as serving:
        assert b"model unusable" in serving.stderr.readline()

        serving.send_signal(signal.SIGTERM)

        assert serving.wait(timeout=10) in (0, -signal.SIGTERM)
