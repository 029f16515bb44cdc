"""`pinxit generator`, `pinxit serve-ray`: generators for bots that do not start their own."""

import os
import socket
import ssl
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from bot.settings import Settings
from bot.trouble import Misuse, Trouble
from generator.address import Address, is_loopback
from generator.child import bare_environment
from generator.plan import Plan

REACH_SECONDS = 5.0
SECRET = "PINXIT_GENERATOR_SECRET"  # noqa: S105 - the name of a variable


def generate(
    settings: Settings, listen: str | None, certificate: Path | None, key: Path | None, drain: int
) -> NoReturn:
    """Replace this process by a generator's. Raises Misuse where it would be open to strangers."""
    listen = listen or _own(settings.generator_address)
    arguments = ["--model", settings.model, "--loras", str(settings.loras), "--drain", str(drain)]
    arguments += where(listen, secret=settings.generator_secret is not None)
    arguments += ["--threads", str(settings.threads)] if settings.threads else []
    arguments += _certified(certificate, key)
    become("generator.serve", arguments, settings)


def deploy(settings: Settings, plan: Plan, listen: str, cluster: str | None) -> NoReturn:
    """Replace this process by one that deploys a plan on a Ray cluster. Raises Trouble without Ray."""
    if find_spec("ray") is None:
        raise Trouble("Ray is not installed here: `pip install 'pinxit[ray]'` brings it.")
    if listen.startswith("unix:"):
        raise Misuse("Ray listens on HOST:PORT alone.")
    _check_reached(cluster)
    arguments = where(listen, secret=settings.generator_secret is not None)
    arguments += ["--model", plan.model, "--path", plan.path, "--replicas", f"{plan.least}:{plan.most}"]
    arguments += ["--gpus", str(plan.gpus), "--cpus", str(plan.cpus), "--drain", str(plan.drain_seconds)]
    arguments += ["--loras", str(settings.loras)]
    arguments += ["--threads", str(settings.threads)] if settings.threads else []
    become("generator.serve_ray", arguments + (["--cluster", cluster] if cluster else []), settings)


def _check_reached(cluster: str | None) -> None:
    """Raise Trouble where nobody is at a cluster's address: Ray itself would go on asking for minutes."""
    host, _, port = (cluster or "").rpartition(":")
    if not host or not port.isdigit() or "/" in host:  # `auto`, and what only Ray can read
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise Trouble(
            f"No Ray cluster is reached at {cluster} ({error}): see that `ray start` has run."
        ) from None


def planned(replicas: str, **others: Any) -> Plan:
    """Return the plan with so many replicas and the other values. Raises Misuse."""
    least, _, most = replicas.partition(":")
    if not (least.isdigit() and (most or least).isdigit()):
        raise Misuse(f"--replicas takes a number, or two with a colon such as 1:4, not {replicas[:40]!r}.")
    try:
        return Plan(least=int(least), most=int(most or least), **others)
    except ValueError as error:
        raise Misuse(str(error)) from None


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


def _certified(certificate: Path | None, key: Path | None) -> list[str]:
    """Return the arguments for https. Raises Misuse where the files are not what they should be."""
    if certificate is None:
        if key is not None:
            raise Misuse("--key belongs to a certificate: name that with --certificate.")
        return []
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except ssl.SSLError:
        raise Misuse(
            f"{certificate} is no certificate in PEM, or its key is missing: name that with --key."
        ) from None
    except OSError as error:
        raise Misuse(f"{error.filename or certificate} cannot be read ({error.strerror}).") from None
    return ["--certificate", str(certificate)] + (["--key", str(key)] if key else [])


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
