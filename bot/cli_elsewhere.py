"""`pinxit generator`: becomes a generator process, for bots that do not start their own."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bot.settings import Settings, is_loopback
from bot.trouble import Misuse
from generator.address import Address
from generator.child import bare_environment

SECRET = "PINXIT_GENERATOR_SECRET"  # noqa: S105 - the name of a variable


def generate(
    settings: Settings, listen: str | None, certificate: Path | None, key: Path | None, drain: int
) -> NoReturn:
    """Replace this process by a generator's. Raises Misuse where it would be open to strangers."""
    listen = listen or _own(settings.generator_address)
    arguments = ["--model", settings.model, "--loras", str(settings.loras), "--drain", str(drain)]
    arguments += where(listen, secret=settings.generator_secret is not None)
    arguments += ["--threads", str(settings.threads)] if settings.threads else []
    arguments += ["--certificate", str(certificate)] if certificate else []
    arguments += ["--key", str(key)] if key else []
    become("generator.serve", arguments, settings)


def where(listen: str, *, secret: bool) -> list[str]:
    """Return the arguments for an address as people give it."""
    if listen.startswith("unix:"):
        return ["--socket", listen.removeprefix("unix:")]
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the last port
        raise Misuse(f"{listen[:60]!r} is no address: give unix:PATH or HOST:PORT, such as 127.0.0.1:8400.")
    if not (secret or is_loopback(host)):
        raise Misuse(f"Others can reach {host}: set {SECRET} here and at the bot, or listen on 127.0.0.1.")
    return ["--listen", listen]


def _own(address: Address | None) -> str:
    """Return where the bot would look, if that is on this machine."""
    if address is None or not address.loopback:
        raise Misuse("Say where to listen: --listen unix:PATH or --listen HOST:PORT.")
    return str(address) if address.socket else address.place


def become(module: str, arguments: Sequence[str], settings: Settings) -> NoReturn:
    """Replace this process by one that runs a module of ours; signals then reach it directly."""
    sys.stdout.flush()
    command = [sys.executable, "-P", "-m", module, *arguments]
    environment = bare_environment(os.environ)
    if settings.generator_secret is not None:
        environment[SECRET] = settings.generator_secret.get_secret_value()
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell
