"""The bot as a process: how it starts, what it holds, what it refuses, how it stops and what it logs."""

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import time
from pathlib import Path
from typing import Any

import gguf
import pytest
from product import Product, eventually, once, page
from safetensors.numpy import load_file

from generator.embedded import WEIGHTS
from generator.machine import resident_mib


def refused(data: Path, **settings: object) -> str:
    """Return what `pinxit run` says instead of running."""
    ended = once("run", data, 30, **settings)
    assert ended.returncode in {1, 2}
    assert ended.stdout == ""
    return ended.stderr.strip()


async def test_torch_is_in_the_generator_and_never_in_the_bot(running: Product):
    async with page(running) as chat:
        await chat.ended((await chat.imagine("a red circle --steps 1"))["item"]["job"])

    [generator] = running.generators()
    assert has_torch(generator)
    assert not has_torch(running.pid)


async def test_the_bot_stays_small(running: Product):
    async with page(running) as chat:
        await chat.ended((await chat.imagine("a red circle --steps 1 --n 4"))["item"]["job"])

    assert resident_mib(running.pid) <= 150


def test_a_second_bot_on_the_same_folder_is_refused(running: Product):
    said = refused(running.data)

    assert re.fullmatch(r"Another Pinxit is running with \S+\. .*", said)


def test_a_taken_port_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        said = refused(tmp_path / "data", PORT=other.getsockname()[1])

    assert "PINXIT_PORT" in said
    assert len(said.splitlines()) == 1


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "data").write_text("")

    assert len(refused(tmp_path / "data").splitlines()) == 1


def test_a_database_from_the_future_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "pinxit.sqlite3")) as database:
        database.execute("pragma user_version = 999")

    said = refused(tmp_path / "data")

    assert len(said.splitlines()) == 1
    assert "newer" in said


def test_an_open_address_without_a_password_is_refused(tmp_path):
    assert "PINXIT_PASSWORD" in refused(tmp_path / "data", HOST="0.0.0.0")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_everything_while_a_picture_is_drawn(made, number):
    product = made()
    product.start()
    async with page(product) as chat:
        job = (await chat.imagine("a red circle --steps 50 --n 4"))["item"]["job"]
        await chat.shown(job, lambda item: item["state"] == "running")
        began = time.monotonic()

        os.kill(product.pid, number)

        assert product.process.wait(10) == 0
    assert time.monotonic() - began < 10
    assert product.generators() == []


async def test_a_generator_that_hangs_does_not_hold_up_the_stop(made):
    product = made()
    product.start()
    async with page(product) as chat:
        job = (await chat.imagine("a red circle --steps 50"))["item"]["job"]
        await chat.shown(job, lambda item: item["state"] == "running")
        os.kill(product.generators()[0], signal.SIGSTOP)

        assert product.stop(seconds=10) == 0

    assert product.generators() == []


async def test_a_picture_under_way_at_the_stop_is_drawn_after_the_next_start(made):
    product = made()
    product.start()
    async with page(product) as chat:
        job = (await chat.imagine("a red circle --steps 30"))["item"]["job"]
        await chat.shown(job, lambda item: item["state"] == "running")
    product.stop()

    product.start()

    async with page(product) as chat:
        done = await chat.ended(job)
    assert done["state"] == "done"


async def test_a_second_signal_ends_it_at_once(made):
    product = made()
    product.start()
    await eventually(lambda: product.generators() != [])

    os.kill(product.pid, signal.SIGINT)
    with contextlib.suppress(ProcessLookupError):
        os.kill(product.pid, signal.SIGINT)

    assert product.process.wait(10) in {0, 128 + signal.SIGINT}
    await eventually(lambda: product.generators() == [])


async def test_a_folder_whose_path_is_too_long_for_a_socket_works_and_leaves_nothing_elsewhere(
    made, tmp_path, monkeypatch
):
    (elsewhere := tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    product = made(tmp_path / ("long" * 25) / "data")
    product.data.parent.mkdir()
    product.start()
    async with page(product) as chat:
        done = await chat.ended((await chat.imagine("a red circle --steps 1"))["item"]["job"])

    product.stop()

    assert done["state"] == "done"
    assert list(elsewhere.glob("pinxit*")) == []


async def test_without_a_model_the_bot_stays_up_and_says_so(made, tmp_path):
    product = made(MODEL=tmp_path / "no-model")
    product.start()
    async with page(product) as chat:
        await chat.told(lambda: chat.health.get("state") == "unusable")
        answer = await chat.imagine("a red circle")
        wallet = await chat.ask("wallet")

    assert (answer["type"], answer["key"]) == ("refused", "painter_unusable")
    assert str(tmp_path / "no-model") in answer["sentence"]
    assert [entry["kind"] for entry in wallet["entries"]] == ["allowance"]


async def test_a_broken_model_costs_nothing_and_once_it_is_mended_it_paints(made, tmp_path):
    home = shutil.copytree(WEIGHTS, tmp_path / "home")
    weights = load_file(home / "transformer" / "diffusion_pytorch_model.safetensors")
    (home / "z-image-turbo.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0))
    product = made(MODEL=home / "z-image-turbo.gguf")
    product.start()
    async with page(product) as chat:
        await chat.told(lambda: chat.health.get("state") == "unusable")
        refused = await chat.imagine("a red circle")
        wallet = await chat.ask("wallet")
        save_gguf(home / "whole.gguf", weights)
        (home / "whole.gguf").replace(home / "z-image-turbo.gguf")
        await chat.told(lambda: chat.health.get("state") == "ready", seconds=240)
        done = await chat.ended((await chat.imagine("a red circle --size 256x256 --steps 1"))["item"]["job"])

    assert (refused["type"], refused["key"]) == ("refused", "painter_unusable")
    assert "is damaged: it says that it has 1152921504606846976 tensors" in refused["sentence"]
    assert [entry["kind"] for entry in wallet["entries"]] == ["allowance"]
    assert done["state"] == "done"


def save_gguf(file: Path, weights: dict[str, Any]) -> None:
    writer = gguf.GGUFWriter(file, "lumina2")
    for name, weight in weights.items():
        writer.add_tensor(name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


async def test_a_prompt_reaches_no_log(made):
    product = made(LOG_LEVEL="debug")
    product.start()
    async with page(product) as chat:
        for prompt in ("a xylophonist on a trampoline", "a xylophonist --size 7x7", "xylophonist --seeed 1"):
            answer = await chat.imagine(prompt)
            if answer["type"] == "item":
                await chat.ended(answer["item"]["job"])
    product.stop()

    said = "".join(log.read_text() for log in [product.log, *(product.data / "logs").glob("*")])

    assert "job settled" in said
    assert "xylophonist" not in said


def test_a_token_is_accepted_and_kept_quiet(made, tmp_path):
    nowhere = "TELEGRAM_API_URL=http://127.0.0.1:9"
    (tmp_path / ".env").write_text(f"TELEGRAM_TOKEN=quiet-please\n{nowhere}\nPINXIT_LOG_LEVEL=debug\n")
    product = made()
    product.start()
    product.stop()

    said = product.log.read_text()

    assert "Telegram cannot be reached" in said
    assert "quiet-please" not in said


def has_torch(pid: int) -> bool:
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text()
