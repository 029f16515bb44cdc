"""Logs are events with fields, on standard error: lines for a person, JSON for a machine.

Whatever is logged through the standard library (uvicorn, asyncio) takes the same way out. Prompts, tokens
and cookies are kept out at the source; here only libraries that would print them are silenced.
"""

import logging
import sys
from typing import Literal, TextIO

import structlog

# aiosqlite prints every statement with its parameters at DEBUG, uvicorn what it does at INFO.
TALKATIVE = ("aiosqlite", "uvicorn", "websockets", "aiohttp", "asyncio", "discord")
TELLTALE = ("httpx", "httpcore", "telegram")  # they print addresses, and at Telegram those hold the token

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


def set_up_logs(level: str, form: Literal["auto", "lines", "json"], stream: TextIO = sys.stderr) -> None:
    """Send every event of at least `level` to `stream`, in the form that is asked for."""
    lines = form == "lines" or (form == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=_ending(lines, stream))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in (*TALKATIVE, *TELLTALE):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _ending(lines: bool, stream: TextIO) -> list[structlog.typing.Processor]:
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if lines:
        # The plain formatter: the rich one prints local variables, and prompts are among them.
        plain = structlog.dev.plain_traceback
        return [
            without_meta,
            structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain),
        ]
    return [without_meta, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
