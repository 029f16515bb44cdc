"""`pinxit run`: lets the bot live until a signal."""

import asyncio
import os
import resource
import signal
from collections.abc import Callable

import structlog

from bot.cli.assembly import assemble
from bot.cli.living import PainterProcess
from bot.logs import set_up_logs
from bot.settings import Settings
from storage.folder_lock import FolderLock

MOST_OPEN = 65_536  # files and sockets

log = structlog.get_logger("bot.run")


def serve(settings: Settings, painter: PainterProcess | None = None) -> int:
    """Run until a signal; return the exit code. Raises Trouble or StorageError when it cannot start.

    `painter` takes the place of the generator's process, for the benchmark.
    """
    set_up_logs(settings.log_level, settings.log_format)
    _allow_connections()
    with FolderLock(settings.data):
        return asyncio.run(_live(settings, painter))


def _allow_connections() -> None:
    """Let the process have as many open sockets as the machine allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = MOST_OPEN if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN)
    if soft < wished:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))


async def _live(settings: Settings, painter: PainterProcess | None = None) -> int:
    bot = assemble(settings, painter)
    try:
        await bot.store.open()
        await bot.people.open()
        await bot.places.open()
        await bot.run(_stop_on_signals(bot.child.kill))
    except ExceptionGroup:  # what no part could handle ends here: logged once, all the others stop
        log.exception("a part of Pinxit crashed, so all of it stops")
        return 1
    finally:
        bot.web.close()
        await bot.child.stop()
        await bot.store.close()
        if bot.tracing is not None:
            await asyncio.to_thread(bot.tracing.close)
    return 0


def _stop_on_signals(kill_child: Callable[[], None]) -> asyncio.Event:
    """Return an event that the first SIGINT or SIGTERM sets; the second ends the process at once."""
    stop = asyncio.Event()

    def stop_or_end(number: int) -> None:
        if stop.is_set():
            kill_child()
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_or_end, number)
    return stop
