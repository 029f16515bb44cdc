"""LoRAs through the real generator's process: whatever a file holds, only its order fails."""

import asyncio
import hashlib
import json
import pickle
import shutil
import subprocess
import sys
from contextlib import aclosing

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from wishes import wish

from generator import lora_file
from generator.child import bare_environment
from generator.client import GeneratorClient
from generator.embedded import ADAPTERS
from generator.messages import Failed, Fault, Finished
from generator.metadata import read_recipe
from generator.recipe import Lora
from tests.generator.conftest import until_ready

SNOW = ADAPTERS / "snow.safetensors"
SHA256 = hashlib.sha256(SNOW.read_bytes()).hexdigest()
DEADLINE = 300


@pytest.fixture(scope="module")
def dressed(tmp_path_factory):
    """A process with a shelf of its own: (socket, shelf, process)."""
    folder = tmp_path_factory.mktemp("dressed")
    shelf = folder / "loras"
    (shelf / "fetched").mkdir(parents=True)
    command = [sys.executable, "-P", "-m", "generator.serve", "--socket", str(folder / "g.sock")]
    serving = subprocess.Popen(
        [*command, "--loras", str(shelf)],
        stderr=subprocess.DEVNULL,
        env=bare_environment({"PATH": "/usr/bin"}),
    )
    asyncio.run(until_ready(folder / "g.sock"))
    yield folder / "g.sock", shelf, serving
    serving.kill()
    serving.wait()


async def end(socket, *loras):
    """Draw one small picture; return how it ended."""
    client = GeneratorClient(socket)
    request = wish(loras=loras, steps=1, previews=False)
    try:
        async with asyncio.timeout(DEADLINE), aclosing(client.generate(request)) as events:
            (ended,) = [event async for event in events if isinstance(event, Finished | Failed)]
            return ended
    finally:
        await client.close()


def broken(path):
    path.write_bytes(b"\x10" + SNOW.read_bytes()[1:])


def truncated(path):
    path.write_bytes(SNOW.read_bytes()[:-1000])


def pickled(path):
    path.write_bytes(pickle.dumps({"lora": [1, 2, 3]}))


def huge(path):
    shutil.copyfile(SNOW, path)
    with path.open("r+b") as opened:
        opened.truncate(lora_file.MOST_BYTES + 1)  # a hole: it takes no room on the disk


def head_of_exabytes(path):
    path.write_bytes((1 << 62).to_bytes(8, "little") + b"{}")


def sizes_overflow(path):
    whole = SNOW.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    head = json.loads(whole[8 : 8 + length])
    next(iter(head.values())).update({"shape": [1 << 62, 1 << 62]})
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + whole[8 + length :])


def the_same_name_twice(path):
    text = b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' * 2
    text = text[:-1] + b"}"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))


def for_another_architecture(path):
    save_file(
        {"transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight": np.ones((4, 8), "f2")}, path
    )


def no_numbers(path):
    save_file({name: np.full_like(value, np.nan) for name, value in load_file(SNOW).items()}, path)


def a_folder(path):
    path.mkdir()


BAD = (
    broken,
    truncated,
    pickled,
    huge,
    head_of_exabytes,
    sizes_overflow,
    the_same_name_twice,
    for_another_architecture,
    no_numbers,
    a_folder,
)


@pytest.mark.parametrize("damage", BAD)
async def test_whatever_the_file_holds_its_order_fails_and_the_process_lives(dressed, damage):
    socket, shelf, serving = dressed
    name = damage.__name__.replace("_", "-")
    damage(shelf / f"{name}.safetensors")

    assert await end(socket, Lora("outline"), Lora(name)) == Failed("a", Fault.WRONG_LORA)

    assert serving.poll() is None


async def test_after_all_that_pictures_are_drawn_with_loras_and_without(dressed):
    socket, shelf, _ = dressed
    before = await end(socket)
    (shelf / "broken.safetensors").write_bytes(b"nothing")
    worn = await end(socket, Lora("snow"))
    await end(socket, Lora("broken"))

    after = await end(socket)

    assert after.file == before.file
    assert worn.file != before.file
    assert read_recipe(worn.file).loras == (Lora("snow"),)


async def test_what_was_fetched_is_drawn_with_by_its_content_alone(dressed):
    socket, shelf, _ = dressed
    (shelf / "fetched" / f"{SHA256}.safetensors").write_bytes(SNOW.read_bytes())

    worn = await end(socket, Lora("whatever", 1.0, SHA256))

    assert read_recipe(worn.file).loras == (Lora("whatever", 1.0, SHA256),)
    assert await end(socket, Lora("outline", 1.0, SHA256)) != Failed("a", Fault.WRONG_LORA)
    assert await end(socket, Lora("outline", 1.0, "0" * 64)) == Failed("a", Fault.WRONG_LORA)
    assert await end(socket, Lora("nobody", 1.0, "0" * 64)) == Failed("a", Fault.WRONG_LORA)
