"""The command line. What a command needs is imported inside it, so that each starts fast."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from bot.settings import BadSettings, Reading, read_settings
from bot.trouble import Misuse, Trouble
from bot.version import version as version_of_pinxit
from storage.store import StorageError

app = typer.Typer(
    name="pinxit",
    help="A self-hosted picture bot: type /imagine, get the picture.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

keys = typer.Typer(help="Make, list and revoke keys of the HTTP API.", no_args_is_help=True)
app.add_typer(keys, name="keys")
db = typer.Typer(help="What the database holds, its version, its way to PostgreSQL.", no_args_is_help=True)
app.add_typer(db, name="db")
lora = typer.Typer(help="The shelf of LoRAs that people name with --lora.", no_args_is_help=True)
app.add_typer(lora, name="lora")

model = typer.Typer(help="Download, convert and list models.", no_args_is_help=True)
app.add_typer(model, name="model")
# A command that hands all it is given on to another program.
PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
bench = typer.Typer(help="Measure this machine: picture, overhead, start, memory, queue.")
app.add_typer(bench, name="bench")

# ruff: noqa: D103 - a command's help is given to typer, where people read it


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; what a person can mend is told in one sentence."""
    try:
        app(list(arguments), prog_name="pinxit")
    except BadSettings as bad:
        return _told(str(bad), 2)
    except Trouble as trouble:
        return _told(str(trouble), trouble.exit_code)
    except StorageError as error:
        return _told(str(error), 1)
    except PermissionError as error:
        place = error.filename or "What is needed"
        return _told(f"{place} may not be used by this user. Check its owner and its rights.", 1)
    except SystemExit as ended:
        return _exit_code(ended)
    return 0


def _told(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 - this is where people read it
    return code


def _exit_code(ended: SystemExit) -> int:
    return ended.code if isinstance(ended.code, int) else int(ended.code is not None)


def _read() -> Reading:
    """Read the settings; what looks like a misspelling is said on standard error."""
    reading = read_settings()
    for warning in reading.warnings:
        print(warning, file=sys.stderr)  # noqa: T201
    return reading


def _keeping() -> Reading:
    """Read the settings for a command that writes to the data folder: what it writes is its owner's alone."""
    os.umask(0o077)
    return _read()


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"pinxit {version_of_pinxit()}")  # noqa: T201
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    del version


@app.command(help="Start Pinxit: the web chat, the queue and the painter. Ctrl-C stops it.")
def run() -> None:
    reading = _keeping()
    from bot.cli.run import serve  # noqa: PLC0415

    raise typer.Exit(serve(reading.settings))


@app.command(help="Start a generator alone, for bots elsewhere; they name it in PINXIT_GENERATOR_URL.")
def generator(
    *,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            help="unix:PATH or HOST:PORT; off this machine only with PINXIT_GENERATOR_SECRET.",
            show_default="PINXIT_GENERATOR_URL",
        ),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="File of a certificate (PEM), for https.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="File of its key.")] = None,
    drain: Annotated[int, typer.Option("--drain", min=0, help="Seconds to finish in when stopped.")] = 30,
) -> None:
    reading = _keeping()
    from bot.cli.elsewhere import generate  # noqa: PLC0415

    generate(reading.settings, listen, certificate, key, drain)


@app.command(
    "serve-ray",
    help="Deploy generators on a Ray cluster, one per card, at one address for PINXIT_GENERATOR_URL.",
)
def serve_ray(  # noqa: PLR0913 - one argument for each option
    *,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="auto or an address; without one, this machine becomes a cluster."),
    ] = None,
    listen: Annotated[str, typer.Option("--listen", help="Where each node listens.")] = "127.0.0.1:8400",
    path: Annotated[
        str, typer.Option("--path", help="Where this model answers; others have other paths.")
    ] = "/",
    replicas: Annotated[
        str, typer.Option("--replicas", help="A number, or bounds for Ray to scale in, such as 1:8.")
    ] = "1",
    gpus: Annotated[float, typer.Option("--gpus", help="Cards of each; 0.5 puts two on one, 0 none.")] = 1.0,
    cpus: Annotated[float, typer.Option("--cpus", help="Cores that are counted for each.")] = 1.0,
    drain: Annotated[float, typer.Option("--drain", min=0, help="Seconds to finish in when stopped.")] = 120,
) -> None:
    reading = _read()
    from bot.cli.elsewhere import deploy, planned  # noqa: PLC0415

    model = reading.settings.model
    plan = planned(replicas, model=model, path=path, gpus=gpus, cpus=cpus, drain_seconds=drain)
    deploy(reading.settings, plan, listen, cluster)


@app.command(help="Paint one picture without a server. Options may also stand inside the prompt.")
def imagine(  # noqa: PLR0913 - one argument for each option that people know from the chat
    prompt: Annotated[list[str], typer.Argument(help="What to paint.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="Where to save: .png, .jpg or .webp.", show_default="pinxit-SEED.png"
        ),
    ] = None,
    ar: Annotated[str | None, typer.Option("--ar", help="Aspect ratio, such as 16:9.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="Width and height, such as 512x768.")] = None,
    seed: Annotated[str | None, typer.Option("--seed", help="The same seed gives the same picture.")] = None,
    steps: Annotated[str | None, typer.Option("--steps", help="More steps take longer.")] = None,
    count: Annotated[
        str | None, typer.Option("--n", help="How many pictures; each has the next seed.")
    ] = None,
    negative: Annotated[str | None, typer.Option("--no", help="What should not be in the picture.")] = None,
    shift: Annotated[str | None, typer.Option("--shift", help="Time shift of the schedule, 1 to 10.")] = None,
    loras: Annotated[
        list[str] | None, typer.Option("--lora", help="A LoRA of the shelf, such as snow:0.8; repeatable.")
    ] = None,
    form: Annotated[str | None, typer.Option("--format", help="png, jpeg or webp.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Another model than PINXIT_MODEL.")] = None,
) -> None:
    reading = _read()
    from bot.cli.imagine import paint  # noqa: PLC0415

    flags = {"ar": ar, "size": size, "seed": seed, "steps": steps, "n": count, "no": negative, "shift": shift}
    flags |= {"lora": ",".join(loras) if loras else None, "format": form}
    given = {name: value for name, value in flags.items() if value is not None}
    settings = reading.settings.model_copy(update={"model": model} if model else {})
    paint(" ".join(prompt), given, out, settings)


@app.command(help="Check everything Pinxit needs, and say the one thing to fix next.")
def doctor(
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also look at every file, ask the chat platforms, paint one step.")
    ] = False,
    monitor: Annotated[
        bool, typer.Option("--monitor", help="One line, and the exit code 0, 1 or 2, for monitors.")
    ] = False,
) -> None:
    from bot.doctor.examine import examine  # noqa: PLC0415

    raise typer.Exit(examine(deep=deep, monitor=monitor))


@app.command(
    help="Give credits to an account (a negative number takes them).",
    context_settings={"ignore_unknown_options": True},  # so that -50 is a number
)
def grant(
    account: Annotated[str, typer.Argument(help="Its number or name, as `pinxit accounts` shows them.")],
    credits: Annotated[str, typer.Argument(help="A whole number.", metavar="CREDITS")],
    note: Annotated[str, typer.Option("--note", help="Kept in the ledger.")] = "",
) -> None:
    reading = _read()
    from bot.cli.owner import grant_credits  # noqa: PLC0415

    grant_credits(reading.settings, account, _whole(credits), note)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Misuse(f"CREDITS must be a whole number, not {text[:40]!r}.") from None


@app.command(help="List the accounts and their credits.")
def accounts() -> None:
    reading = _read()
    from bot.cli.owner import show_accounts  # noqa: PLC0415

    show_accounts(reading.settings)


@db.command("status", help="Say which database it is, whether it is reached, and what it holds.")
def database_status() -> None:
    reading = _read()
    from bot.cli.db import status  # noqa: PLC0415

    status(reading.settings)


@db.command("migrate", help="Bring the database up to this version, as every start does too.")
def migrate_database() -> None:
    reading = _keeping()
    from bot.cli.db import migrate  # noqa: PLC0415

    migrate(reading.settings)


@db.command("copy", help="Copy the SQLite file into the empty PostgreSQL database of PINXIT_DATABASE.")
def copy_database() -> None:
    reading = _keeping()
    from bot.cli.db import copy  # noqa: PLC0415

    copy(reading.settings)


@keys.command("create", help="Make a key, with an account of its own name, and print it this once.")
def create_key(  # noqa: PLR0913 - one argument for each option
    name: Annotated[str, typer.Argument(help="Whose key it is; the same name is the same account.")],
    *,
    credits: Annotated[int, typer.Option("--credits", help="Credits to give.")] = 0,
    scopes: Annotated[
        str, typer.Option("--scopes", help="Some of draw, read, files, users, metrics, with commas.")
    ] = "draw,read,files",
    days: Annotated[float | None, typer.Option("--days", min=0.001, help="Ends after so many days.")] = None,
    rate: Annotated[float | None, typer.Option("--rate", min=0.01, help="Requests per minute.")] = None,
    waiting: Annotated[int | None, typer.Option("--waiting", min=1, help="Unfinished jobs.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the key alone.")] = False,
) -> None:
    reading = _keeping()
    from bot.cli.keys import create_key as create  # noqa: PLC0415

    create(
        reading.settings,
        name,
        credits=credits,
        scopes=scopes,
        days=days,
        requests_per_minute=rate,
        max_waiting=waiting,
        quiet=quiet,
    )


@keys.command("list", help="List the keys; none can be read back.")
def list_keys() -> None:
    reading = _read()
    from bot.cli.keys import list_keys as show  # noqa: PLC0415

    show(reading.settings)


@keys.command("revoke", help="End a key for ever.")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Its first part, as `pinxit keys list` shows it, or its name.")],
) -> None:
    reading = _read()
    from bot.cli.keys import revoke_key as revoke  # noqa: PLC0415

    revoke(reading.settings, key)


@lora.command("add", help="Put a LoRA (safetensors) on the shelf, once it is checked against the model.")
def add_lora(
    file: Annotated[Path, typer.Argument(help="The file; it is copied.")],
    *,
    name: Annotated[
        str | None, typer.Option("--name", help="What people type.", show_default="the file's name")
    ] = None,
) -> None:
    reading = _keeping()
    from bot.cli.loras import add_lora as add  # noqa: PLC0415

    add(reading.settings, file, name)


@lora.command("list", help="List the LoRAs, and whether each fits the model.")
def list_loras() -> None:
    reading = _read()
    from bot.cli.loras import list_loras as show  # noqa: PLC0415

    show(reading.settings)


@lora.command("remove", help="Take a LoRA off the shelf and delete its file there.")
def remove_lora(name: Annotated[str, typer.Argument(help="As `pinxit lora list` shows it.")]) -> None:
    reading = _read()
    from bot.cli.loras import remove_lora as remove  # noqa: PLC0415

    remove(reading.settings, name)


@app.command(help="List everybody's jobs, newest first.")
def jobs(
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many.")] = 30,
) -> None:
    reading = _read()
    from bot.cli.owner import show_jobs  # noqa: PLC0415

    show_jobs(reading.settings, limit)


@app.command(help="Show every setting: what is in force, and from where.")
def settings() -> None:
    reading = _read()
    from bot.cli.owner import show_settings  # noqa: PLC0415

    show_settings(reading)


@app.command(help="Copy everything kept into a new folder, also while Pinxit runs.")
def backup(
    target: Annotated[Path, typer.Argument(help="A folder that is new.")],
    *,
    pictures: Annotated[bool, typer.Option(help="Copy the pictures too.")] = True,
) -> None:
    reading = _keeping()
    from bot.cli.backup import make  # noqa: PLC0415

    make(reading, target, with_pictures=pictures)


@app.command(help="Put a backup into an empty data folder, or an empty PostgreSQL database.")
def restore(source: Annotated[Path, typer.Argument(help="What `pinxit backup` made.")]) -> None:
    reading = _keeping()
    from bot.cli.backup import take_back  # noqa: PLC0415

    take_back(reading.settings, source)


@bench.callback(invoke_without_command=True)
def bench_product(  # noqa: PLR0913 - one argument for each option
    context: typer.Context,
    *,
    pictures: Annotated[int, typer.Option("--pictures", min=1, help="Pictures to time.")] = 10,
    queued: Annotated[int, typer.Option("--queued", min=0, help="Jobs queued before accepting.")] = 10_000,
    history: Annotated[
        bool, typer.Option("--history", help="Also time claims behind 10 000 and 1 000 000 old jobs (slow).")
    ] = False,
    api: Annotated[bool, typer.Option("--api", help="Also press the HTTP API (half a minute).")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")] = None,
) -> None:
    if context.invoked_subcommand is not None:
        return
    reading = _read()
    from bot.bench.run import measure  # noqa: PLC0415

    measure(reading.settings, pictures=pictures, queued=queued, history=history, api=api, file=json)


@bench.command(
    "gpu",
    help="Measure the generator's engine beside diffusers' own pipeline; --help shows its options.",
    context_settings=PASSED_ON,
)
def bench_gpu(context: typer.Context) -> None:
    from bot.cli.bench import measure  # noqa: PLC0415

    raise typer.Exit(measure("generator.bench", context.args))


@bench.command(
    "ray",
    help="Measure what Ray Serve adds to a picture and what more replicas draw; --help shows its options.",
    context_settings=PASSED_ON,
)
def bench_ray(context: typer.Context) -> None:
    from bot.cli.bench import measure  # noqa: PLC0415

    raise typer.Exit(measure("generator.bench.cluster", context.args))


@model.command("fetch", help="Download a model of the Hub, or go on where it stopped; check every byte.")
def fetch_model(source: Annotated[str, typer.Argument(help="Such as Tongyi-MAI/Z-Image-Turbo.")]) -> None:
    _read()
    from bot.cli.model import fetch_model as fetch  # noqa: PLC0415

    fetch(source)


@model.command(
    "convert", help="Write a model as one file per network, quick to load; go on where it stopped."
)
def convert_model(
    source: Annotated[str, typer.Argument(help="A Hub id or a folder.")],
    *,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="A new folder.", show_default="in the data folder")
    ] = None,
    precision: Annotated[
        Literal["exact", "fp8", "int8"],
        typer.Option(help="Sixteen bits, or the large matrices in eight: no start narrows them again."),
    ] = "exact",
) -> None:
    reading = _keeping()
    from bot.cli.model import convert_model as convert  # noqa: PLC0415
    from generator.choices import Precision  # noqa: PLC0415

    convert(reading.settings, source, out, Precision(precision))


@model.command("list", help="List the models that can be drawn with.")
def list_models() -> None:
    reading = _read()
    from bot.cli.model import list_models as show  # noqa: PLC0415

    show(reading.settings)
