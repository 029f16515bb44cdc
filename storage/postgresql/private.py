"""A PostgreSQL server of one's own: in a folder that goes with it, on a Unix socket alone.

For measuring and for tests. It is nobody's who is root, for PostgreSQL refuses that.
"""

import asyncio
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg

DEBIANS = Path("/usr/lib/postgresql")
START_SECONDS = 60.0
OPTIONS = ("listen_addresses=", "max_connections=200")
DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG
TOLD = ("server_version", "fsync", "synchronous_commit", "shared_buffers")


def programs() -> Path | None:
    """Return the folder with the server's programs, of the newest version there is."""
    found = sorted(DEBIANS.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which("postgres")
    return Path(path).resolve().parent if path else None


class PrivateServer:
    """Runs from its making to `stop`; `kill` and `start` again is a crash."""

    def __init__(self, programs: Path, options: Sequence[str] = ()) -> None:
        self._programs = programs
        self._options = [word for option in (*OPTIONS, *options) for word in ("-c", option)]
        self._folder = Path(tempfile.mkdtemp(prefix="pinxit-pg-", dir="/tmp"))  # a socket's path is short
        self._user = _somebody()
        self._process: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            os.chown(self._folder, self._user, -1)
        self._initialize()
        self.start()

    def url(self, database: str) -> str:
        """Return what PINXIT_DATABASE would say."""
        return f"postgresql://pinxit@/{database}?host={self._folder}"

    def make(self, database: str, template: str = "template0") -> str:
        """Make a database; return its address."""
        self.psql(f"create database {database} template {template}")
        return self.url(database)

    def psql(self, *statements: str, database: str = "postgres") -> None:
        """Say something as the server's owner."""
        asyncio.run(self._said(statements, database))

    def settings(self) -> str:
        """Return what matters to its speed."""
        ((told,),) = asyncio.run(self._said([f"select concat_ws(', ', {_shown()})"], "postgres"))
        return str(told)

    def start(self) -> None:
        """Start the server and wait until it answers. It dies with the thread that calls: the main one."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                [self._program("postgres"), "-D", self._data, "-k", str(self._folder), *self._options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call of the system
                **self._as_user(),
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self._folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a crash would: no connection hears of it."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End it, and remove the folder."""
        self._end(signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _program(self, name: str) -> str:
        return str(self._programs / name)

    def _initialize(self) -> None:
        command = [self._program("initdb"), "-D", self._data, "-U", "pinxit", "-A", "trust"]
        options = ["-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([*command, *options], check=True, capture_output=True, **self._as_user())  # noqa: S603

    def _end(self, signal_: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal_)
            self._process.wait(START_SECONDS)

    def _answers(self) -> bool:
        asked = [self._program("pg_isready"), "-q", "-h", str(self._folder), "-d", "postgres"]
        return subprocess.run(asked, check=False).returncode == 0  # noqa: S603 - our own words

    async def _said(self, statements: Sequence[str], database: str) -> Sequence[Any]:
        connection = await asyncpg.connect(self.url(database))
        try:
            return [rows for statement in statements for rows in await connection.fetch(statement)]
        finally:
            await connection.close()

    def _as_user(self) -> dict[str, Any]:
        return {} if self._user is None else {"user": self._user, "cwd": self._folder}


def _somebody() -> int | None:
    """Return whose processes the server's are: PostgreSQL refuses to be root's."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise RuntimeError("There is nobody but root on this machine.")


def _shown() -> str:
    return ", ".join(f"'{name} = ' || current_setting('{name}')" for name in TOLD)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGQUIT)
