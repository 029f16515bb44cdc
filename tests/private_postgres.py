"""A PostgreSQL server of the test run's own: in a folder that goes with it, on a Unix socket alone."""

import asyncio
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import asyncpg

from storage.postgresql import PostgresStore

DEBIANS = Path("/usr/lib/postgresql")
MISSING = "PostgreSQL's server is not installed (on Debian and Ubuntu: sudo apt-get install postgresql)"
TEMPLATE = "pinxit_template"
# What was committed survives the server's death, though not the machine's: a test needs no more.
OPTIONS = (
    "-c",
    "listen_addresses=",
    "-c",
    "fsync=off",
    "-c",
    "max_connections=200",
    "-c",
    "shared_buffers=64MB",
)
START_SECONDS = 60.0
THROW_OUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""
CLEAR = """
do $$
declare each record;
begin
    set session_replication_role = replica;
    for each in select tablename from pg_tables where schemaname = 'public' loop
        if each.tablename not in ('pinxit_version', 'clock') then
            execute format('delete from %I', each.tablename);
        end if;
    end loop;
    update clock set now = 0.0;
    for each in select sequencename from pg_sequences where schemaname = 'public' loop
        execute format('alter sequence %I restart', each.sequencename);
    end loop;
    reset session_replication_role;
end $$
"""
DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def binaries() -> Path | None:
    """Return the folder with the server's programs, of the newest version there is."""
    found = sorted(DEBIANS.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which("postgres")
    return Path(path).resolve().parent if path else None


class Server:
    """Runs from `start` to `stop`; `kill` and `start` again is a crash."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="pinxit-pg-", dir="/tmp"))
        self._user = _somebody()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._free: list[str] = []
        if self._user is not None:
            os.chown(self._folder, self._user, -1)
        self._initialize()
        self.start()
        asyncio.run(self._make_template())

    def url(self, database: str) -> str:
        """Return what PINXIT_DATABASE would say."""
        return f"postgresql://pinxit@/{database}?host={self._folder}"

    def empty(self) -> str:
        """Return the address of a new database that nobody has opened."""
        return self._new("template0")

    def migrated(self) -> str:
        """Return the address of a database with all tables and nothing in them."""
        return self._free.pop() if self._free else self._new(TEMPLATE)

    def clear(self, url: str) -> None:
        """Empty a migrated database, which is quicker than making another."""
        self.psql(THROW_OUT, CLEAR, database=name_in(url))
        self._free.append(url)

    def psql(self, *statements: str, database: str = "postgres") -> None:
        """Say something as the server's owner."""
        asyncio.run(self._said(statements, database))

    def start(self) -> None:
        """Start the server and wait until it answers. It dies with the thread that calls: the main one."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-k", self._folder, *OPTIONS],
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
    def _data(self) -> Path:
        return self._folder / "data"

    def _initialize(self) -> None:
        command = [self._programs / "initdb", "-D", self._data, "-U", "pinxit", "-A", "trust"]
        options = ["-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([*command, *options], check=True, capture_output=True, **self._as_user())

    def _end(self, signal_: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(signal_)
        self._process.wait(START_SECONDS)

    def _answers(self) -> bool:
        asked = [self._programs / "pg_isready", "-q", "-h", self._folder, "-d", "postgres"]
        return subprocess.run(asked, check=False).returncode == 0

    def _new(self, template: str) -> str:
        name = f"t{os.getpid()}_{next(self._numbers)}"
        self.psql(f"create database {name} template {template}")
        return self.url(name)

    async def _make_template(self) -> None:
        await self._said([f"create database {TEMPLATE}"], "postgres")
        store = PostgresStore(self.url(TEMPLATE), pool=1)
        await store.open()
        await store.close()

    async def _said(self, statements: tuple[str, ...] | list[str], database: str) -> None:
        connection = await asyncpg.connect(self.url(database))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    def _as_user(self) -> dict:
        return {} if self._user is None else {"user": self._user, "cwd": self._folder}


def name_in(url: str) -> str:
    """Return the database's name."""
    return url.split("@/")[1].split("?", maxsplit=1)[0]


def _somebody() -> int | None:
    """Return whose processes the server's are: PostgreSQL refuses to be root's."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise RuntimeError("There is nobody but root on this machine.")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGQUIT)
