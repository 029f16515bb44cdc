"""The bot's end of a local generator process: starts it, knows how it is, starts it again when it is gone."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import generator
from generator.choices import Choices
from generator.client import GeneratorClient, NotReached
from generator.messages import Health, Loading, Ready, Unusable

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
FIRST_UNUSABLE_PAUSE, LONGEST_UNUSABLE_PAUSE = 15.0, 300.0
SOUND_SECONDS = 60.0  # ready for so long, a process has shown that it works
HOPELESS = 3  # ends in a row before it was ready, then people are told
LOADING_POLL, READY_POLL = 0.1, 1.0
STOP_SECONDS = 3.0
LONGEST_SOCKET = 100  # bytes; the system's limit for a socket's path is 107
LOG_LIMIT = 10_000_000
SECRETS = ("TOKEN", "PASSWORD", "SECRET", "KEY", "DATABASE", "HEADERS")  # the last two may hold one

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Restarts:
    """How often in a row the process ended, and what follows from it."""

    ends: int = 0
    stillborn: int = 0  # of these, the last ones that never were ready
    unusable: int = 0

    def after_end(self, ready_seconds: float | None) -> "Restarts":
        """Count an end. `ready_seconds` says for how long it had been ready, None that it never was."""
        if ready_seconds is None:
            return Restarts(ends=self.ends + 1, stillborn=self.stillborn + 1)
        return Restarts(ends=1 if ready_seconds >= SOUND_SECONDS else self.ends + 1)

    def after_unusable(self) -> "Restarts":
        """Count that the model could not be loaded."""
        return Restarts(unusable=self.unusable + 1)

    @property
    def pause_seconds(self) -> float:
        """How long to wait before the next start; twice as long each time."""
        if self.unusable:
            return min(LONGEST_UNUSABLE_PAUSE, FIRST_UNUSABLE_PAUSE * 2.0 ** min(self.unusable - 1, 10))
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(max(self.ends - 1, 0), 20))


class GeneratorChild:
    """One local generator. `client` speaks to it."""

    def __init__(  # noqa: PLR0913, PLR0917 - one for each setting that travels
        self,
        model: str,
        socket: Path,
        threads: int | None = None,
        log: Path | None = None,
        loras: Path | None = None,
        choices: Choices | None = None,
    ) -> None:
        self._model = model
        self._choices = choices or Choices()
        self._loras = loras
        self._socket = _short(socket)
        self._own_folder = None if self._socket == socket.absolute() else self._socket.parent
        self._threads = threads
        self._log = log
        self._health: Health = Loading(0.0)
        self._changed = asyncio.Condition()
        self._process: Process | None = None
        self._restarts = Restarts()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.client = GeneratorClient(self._socket)

    @property
    def health(self) -> Health:
        """How the generator is, as far as known."""
        return self._health

    @property
    def pid(self) -> int | None:
        """The process's number while there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Keep a generator running until `stop`. Belongs into the loop of the main thread.

        Linux sends the death signal when the *thread* that started the process ends.
        """
        self._idle.clear()
        try:
            while not self._stopping.is_set():
                await self._live()
                await self._pause(self._restarts.pause_seconds)
        finally:
            self._idle.set()

    async def until(self, *kinds: type[Health]) -> Health:
        """Return the health as soon as it is of one of these kinds."""
        async with self._changed:
            await self._changed.wait_for(lambda: isinstance(self._health, kinds))
            return self._health

    def kill(self) -> None:
        """End the process at once, as the watchdog does when it hangs; `run` starts another."""
        if self._process and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """End the process and `run`, and close the client."""
        self._stopping.set()
        await self._idle.wait()
        await self.client.close()
        self._socket.unlink(missing_ok=True)
        if self._own_folder is not None and self._own_folder.exists():
            self._own_folder.rmdir()

    # ── one life ──────────────────────────────────────────────────────────────────────────────────

    async def _live(self) -> None:
        """Start a process, watch it, and end it where it did not end by itself."""
        self._process = await self._start()
        log.info("generator started", extra={"pid": self._process.pid})
        try:
            self._restarts = await self._watched(self._process)
        finally:
            await _end(self._process)
        log.info("generator ended", extra={"code": self._process.returncode})
        await self._show(self._after_life(self._process.returncode))

    async def _start(self) -> Process:
        with _opened(self._log) as errors:
            return await asyncio.create_subprocess_exec(
                *self._command(),
                stdin=PIPE,  # the lifeline: its other end closes with this process, however it ends
                stdout=errors or DEVNULL,
                stderr=errors,
                env=bare_environment(os.environ),
            )

    def _command(self) -> list[str]:
        command = [sys.executable, "-P", "-m", "generator.serve", "--model", self._model]
        command += ["--socket", str(self._socket), "--parent", str(os.getpid())]
        command += ["--loras", str(self._loras)] if self._loras else []
        command += self._choices.arguments()
        return command + (["--threads", str(self._threads)] if self._threads else [])

    async def _watched(self, process: Process) -> Restarts:
        """Ask for the health until the process ends, is unusable or shall stop; return what to remember."""
        ready_since: float | None = None
        while process.returncode is None and not self._stopping.is_set():
            health = await self._asked()
            await self._show(health)
            if isinstance(health, Unusable):
                return self._restarts.after_unusable()
            if isinstance(health, Ready) and ready_since is None:
                ready_since = time.monotonic()
            await self._pause(LOADING_POLL if ready_since is None else READY_POLL, process)
        return self._restarts.after_end(ready_since and time.monotonic() - ready_since)

    async def _asked(self) -> Health | None:
        try:
            return await self.client.health()
        except NotReached:  # not listening yet, or gone: the process itself tells which
            return None

    def _after_life(self, code: int | None) -> Health:
        if self._restarts.stillborn < HOPELESS:
            return Loading(0.0)
        return Unusable(
            f"The generator's process ended {self._restarts.stillborn} times before it was ready "
            f"({_end_reason(code)}); its log says more."
        )

    async def _show(self, health: Health | None) -> None:
        """Remember the health. A new attempt hides the reason of the last only when it gets further."""
        if health is None or (isinstance(self._health, Unusable) and health == Loading(0.0)):
            return
        if isinstance(health, Unusable) and health != self._health:
            log.warning("nothing can be painted", extra={"reason": health.reason})
        async with self._changed:
            self._health = health
            self._changed.notify_all()

    async def _pause(self, seconds: float, process: Process | None = None) -> None:
        """Wait, but no longer than until `stop` or the process's end."""
        waiting: list[asyncio.Task[Any]] = [asyncio.create_task(self._stopping.wait())]
        if process is not None:
            waiting.append(asyncio.create_task(process.wait()))
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()


async def _end(process: Process) -> None:
    """Ask the process to end, then make it."""
    try:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    await process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _end_reason(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return "killed from outside, often for want of memory"
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def bare_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return a generator's environment: it finds our packages and is told none of the bot's secrets."""
    kept = {name: value for name, value in ours.items() if name.startswith("HF_") or not _is_secret(name)}
    root = str(Path(generator.__file__).parent.parent)
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [root, ours.get("PYTHONPATH")]))
    return kept


def _is_secret(name: str) -> bool:
    return any(word in name.upper() for word in SECRETS)


def _short(socket: Path) -> Path:
    """Return the path, or one in a private temporary folder where it is longer than sockets may have."""
    if len(os.fsencode(socket.absolute())) <= LONGEST_SOCKET:
        return socket.absolute()
    return Path(tempfile.mkdtemp(prefix="pinxit-")) / "generator.sock"


@contextlib.contextmanager
def _opened(log: Path | None) -> Iterator[IO[bytes] | None]:
    """Open the log to write on; a large one becomes the old one first."""
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(log.name + ".old"))
    with log.open("ab") as opened:
        yield opened
