"""The generator process: serves the app on a Unix socket or a port while the model loads behind it.

``python -m generator.serve --model embedded --socket /run/pinxit/generator.sock``

The secret that callers must know, if any, is `PINXIT_GENERATOR_SECRET` in the environment: arguments are
for everybody to see.
"""

import argparse
import ctypes
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from generator.app import build_app
from generator.checkpoint import find_place
from generator.choices import Choices, Compiling, Precision
from generator.easel import Easel, Painter
from generator.guard import digest_of, guarded
from generator.loras import shelf_for
from generator.models import EMBEDDED

PR_SET_PDEATHSIG = 1
MOST_THREADS = 4
GRACE_SECONDS = 1
STUCK_SECONDS = 120.0  # longer than any step takes
STUCK_CODE = 70
SECRET = "PINXIT_GENERATOR_SECRET"  # noqa: S105 - the name of a variable
LISTENING = 2048  # connections that may wait to be taken
IDLE_SECONDS = 75  # longer than clients keep theirs, so that no request meets a closing connection
LOADING_STARTS = 0.5  # of the progress, where there is something to download

DEFAULTS = Choices()

log = logging.getLogger("generator.serve")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal, or until the parent is gone."""
    options = _options(arguments)
    if options.parent is not None:
        die_with_parent(options.parent)
    threads = options.threads or default_threads(os.cpu_count() or 1)
    prepare_environment(threads)
    log_as_json()
    listening = _listening(options)
    choices = Choices(options.precision, options.compile, options.compiled)
    easel = Easel(painter_loader(options.model, threads, options.loras, choices))
    easel.start()
    end_when_stuck(easel)
    secret = os.environ.get(SECRET)
    config = uvicorn.Config(
        guarded(build_app(easel), digest_of(secret) if secret else None),
        loop="asyncio",
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
        timeout_graceful_shutdown=options.drain,
        timeout_keep_alive=IDLE_SECONDS,
    )
    _serve(config, listening)


def default_threads(cores: int) -> int:
    """Return how many threads compute on a CPU: one core stays free, else every barrier waits for it."""
    return min(MOST_THREADS, max(1, cores - 1))


def painter_loader(
    source: str, threads: int, loras: Path | None, choices: Choices = DEFAULTS
) -> Callable[[Callable[[float], None]], Painter]:
    """Return the function that loads what `PINXIT_MODEL` names, telling its progress."""

    def load(progress: Callable[[float], None]) -> Painter:
        place = find_place(source, lambda fraction: progress(fraction * LOADING_STARTS))
        progress(0.05)
        from generator.engine.painter import load_painter  # noqa: PLC0415  torch: seconds, behind /health

        shelf = shelf_for(source, loras)
        return load_painter(source, place, threads, progress, shelf, choices=choices)

    return load


def end_when_stuck(easel: Easel, seconds: float = STUCK_SECONDS) -> None:
    """End this process where the drawing thread does not come back from a step that nobody waits for.

    Nothing else helps against a kernel that hangs. Whoever started the process starts it again.
    """

    def watch() -> None:
        while easel.stuck_seconds < seconds:
            time.sleep(1.0)
        log.error("the drawing thread hangs, so the process ends")
        os._exit(STUCK_CODE)

    threading.Thread(target=watch, name="watch", daemon=True).start()


def die_with_parent(parent: int) -> None:
    """End this process with its parent, by two ways, because either alone leaves orphans.

    The end of standard input comes at once on every system, but needs Python to get its turn, which
    a computation that holds the interpreter's lock does not give. Linux's death signal needs nothing,
    but belongs to the thread that started us and says nothing when that thread is already gone:
    hence the look at the parent afterwards.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    threading.Thread(target=_exit_at_end_of_input, name="lifeline", daemon=True).start()


def _exit_at_end_of_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m generator.serve", description=__doc__)
    parser.add_argument("--model", default=os.environ.get("PINXIT_MODEL", EMBEDDED))
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", type=Path, help="path of the Unix socket to make")
    where.add_argument("--fd", type=int, help="number of an inherited, listening socket")
    where.add_argument("--listen", metavar="HOST:PORT", help="address to listen on")
    parser.add_argument("--certificate", type=Path, help="file of the certificate, for https")
    parser.add_argument("--key", type=Path, help="file of its key")
    parser.add_argument("--drain", type=int, default=GRACE_SECONDS, help="seconds to finish in at the end")
    parser.add_argument("--threads", type=int, help="threads that compute, on a CPU")
    parser.add_argument("--loras", type=Path, help="folder of LoRAs")
    parser.add_argument("--precision", type=Precision, choices=list(Precision), default=Precision.AUTO)
    parser.add_argument("--compile", type=Compiling, choices=list(Compiling), default=Compiling.AUTO)
    parser.add_argument("--compiled", type=Path, help="folder that keeps what was compiled")
    parser.add_argument("--parent", type=int, help="process to end with; its pipe is standard input")
    return parser.parse_args(arguments)


def prepare_environment(threads: int) -> None:
    """Set what torch and its kin read when they are imported."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["DIFFUSERS_VERBOSITY"] = "error"


def _listening(options: argparse.Namespace) -> socket.socket:
    """Return the socket that is asked for, or end with one sentence."""
    try:
        return _socket(options)
    except OSError as error:
        place = options.listen or options.socket or f"socket {options.fd}"
        sys.exit(f"The generator cannot listen on {place}: {os.strerror(error.errno or 0)}.")


def _socket(options: argparse.Namespace) -> socket.socket:
    if options.fd is not None:
        return socket.socket(fileno=options.fd)
    if options.listen is not None:
        host, _, port = options.listen.rpartition(":")
        return _bound(host.strip("[]"), int(port))
    path: Path = options.socket
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # the owner alone may connect, from the first moment
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    return listening


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=LISTENING)


def _serve(config: uvicorn.Config, listening: socket.socket) -> None:
    code = 1
    try:
        uvicorn.Server(config).run(sockets=[listening])
        code = 0
    except Exception:
        log.exception("the generator cannot serve")
    finally:
        logging.shutdown()
        os._exit(code)  # the drawing thread may be deep in a kernel, and nothing needs to be put away


# ── logs ──────────────────────────────────────────────────────────────────────────────────────────


class JsonLines(logging.Formatter):
    """One JSON object per record: time, level, logger, event and what was given as `extra`."""

    PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in self.PLAIN}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_as_json() -> None:
    """Write what is logged to standard error, one object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("generator").setLevel(logging.INFO)
    logging.captureWarnings(True)


if __name__ == "__main__":
    main()
