"""Models that cannot be loaded, through the real process: one sentence each, and the process lives."""

import asyncio
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
from contextlib import aclosing, contextmanager

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from wishes import wish

from generator.checkpoint import MARK
from generator.child import bare_environment
from generator.client import GeneratorClient, NotReached
from generator.embedded import WEIGHTS
from generator.machine import resident_mib
from generator.messages import Failed, Fault, Loading, Ready, Unusable

DEADLINE = 300
MOST_BYTES = 2 << 30  # of memory: a healthy generator takes half
NUMBERS = np.zeros((4, 4), dtype=np.float32)
TRANSFORMER = "transformer/diffusion_pytorch_model.safetensors"


def write(path, content):
    """Put this in the place of what may be a link."""
    path.unlink(missing_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def configured(folder, part, **changes):
    path = folder / part
    write(path, json.loads(path.read_bytes()) | changes)
    return folder


def saved(folder, name, tensors):
    path = folder / name
    path.unlink(missing_ok=True)
    save_file(tensors, path, metadata={"format": "pt"})


# ── one for each way to fail ──────────────────────────────────────────────────────────────────────


def is_nowhere(folder):
    return folder / "nowhere"


def has_a_broken_index(folder):
    write(folder / "model_index.json", b"{")
    return folder


def has_a_description_of_gigabytes(folder):
    (folder / "model_index.json").unlink()
    with (folder / "model_index.json").open("wb") as file:
        file.truncate(64 << 30)
    return folder


def is_cut_off(folder):
    write(folder / TRANSFORMER, (WEIGHTS / TRANSFORMER).read_bytes()[:-1])
    return folder


def says_that_its_weights_lie_on_each_other(folder):
    content = (WEIGHTS / TRANSFORMER).read_bytes()
    length = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + length])
    names = [name for name in head if name != "__metadata__"]
    head[names[0]]["data_offsets"] = head[names[1]]["data_offsets"]
    said = json.dumps(head).encode().ljust(length)
    write(folder / TRANSFORMER, len(said).to_bytes(8, "little") + said + content[8 + length :])
    return folder


def is_pickled(folder):
    (folder / TRANSFORMER).unlink()
    write(folder / "transformer" / "pytorch_model.bin", pickle.dumps({}))
    return folder


def is_a_pickled_file(folder):
    write(folder / "model.ckpt", pickle.dumps({MARK: 1}))
    return folder / "model.ckpt"


def is_of_another_architecture(folder):
    return configured(folder, "model_index.json", transformer=["diffusers", "FluxTransformer2DModel"])


def is_a_file_of_another_architecture(folder):
    saved(folder, "flux.safetensors", {"double_blocks.0.img_attn.qkv.weight": NUMBERS})
    return folder / "flux.safetensors"


def is_a_lora(folder):
    saved(folder, "lora.safetensors", {"layers.0.attention.to_q.lora_A.weight": NUMBERS})
    return folder / "lora.safetensors"


def asks_for_layers_without_end(folder):
    return configured(folder, "transformer/config.json", n_layers=10**9)


def asks_for_more_memory_than_there_is(folder):
    return configured(folder, "transformer/config.json", dim=1 << 20, n_heads=1 << 15, n_kv_heads=1 << 15)


def asks_for_steps_without_end(folder):
    return configured(folder, "scheduler/scheduler_config.json", num_train_timesteps=10**12)


def is_of_another_size(folder):
    return configured(folder, "transformer/config.json", dim=96, n_heads=3, n_kv_heads=3)


def lacks_weights(folder):
    weights = load_file(WEIGHTS / TRANSFORMER)
    del weights[MARK]
    saved(folder, TRANSFORMER, weights)
    return folder


def has_no_words(folder):
    write(folder / "tokenizer" / "tokenizer.json", b"{")
    return folder


def is_a_gguf_file_that_lies(folder):
    write(folder / "z-image.gguf", b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0))
    return folder / "z-image.gguf"


def is_a_gguf_file_with_weights_beyond_its_end(folder):
    name = struct.pack("<Q", len(MARK)) + MARK.encode()
    tensor = name + struct.pack("<I2QIQ", 2, 1 << 40, 1 << 20, 0, 0)
    write(folder / "z-image.gguf", b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + tensor)
    return folder / "z-image.gguf"


def is_a_gguf_file_of_words(folder):
    entry = b"".join(struct.pack("<Q", len(each)) + each for each in (b"general.architecture",))
    entry += struct.pack("<IQ", 8, 5) + b"qwen3"
    write(folder / "qwen.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + entry + bytes(64))
    return folder / "qwen.gguf"


BAD = {
    is_nowhere: "There is no model folder",
    has_a_broken_index: "model_index.json is damaged: it is no JSON",
    has_a_description_of_gigabytes: "too large for what it should describe",
    is_cut_off: "Download it again",
    says_that_its_weights_lie_on_each_other: "or it is damaged",
    is_pickled: "pickle files, which can run anything",
    is_a_pickled_file: "is a pickle file, which can run anything",
    is_of_another_architecture: "its transformer is FluxTransformer2DModel",
    is_a_file_of_another_architecture: "it holds no Z-Image transformer",
    is_a_lora: "is a LoRA, not a model",
    asks_for_layers_without_end: "it asks for n_layers = 1e+09",
    asks_for_more_memory_than_there_is: "is expected",
    asks_for_steps_without_end: "it asks for num_train_timesteps = 1e+12",
    is_of_another_size: "is expected",
    lacks_weights: f"lacks 1 weights, for example {MARK}",
    has_no_words: "could not be loaded",
    is_a_gguf_file_that_lies: "it says that it has 1152921504606846976 tensors",
    is_a_gguf_file_with_weights_beyond_its_end: "instead of",
    is_a_gguf_file_of_words: "is of another architecture (qwen3)",
}


@pytest.fixture
def folder(tmp_path):
    """The embedded model's folder, all of it links."""
    return shutil.copytree(WEIGHTS, tmp_path / "model", copy_function=os.symlink)


@contextmanager
def serving(model, folder):
    command = [sys.executable, "-P", "-m", "generator.serve", "--socket", str(folder / "g.sock")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--model", str(model)], stderr=log, env=bare_environment({"PATH": "/usr/bin"})
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def decided(client):
    """Return the health once it is more than loading."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                if not isinstance(health := await client.health(), Loading):
                    return health
            except NotReached:
                pass
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("bad", BAD, ids=lambda make: make.__name__)
async def test_a_model_that_cannot_be_loaded_gets_a_sentence_and_the_process_lives(folder, tmp_path, bad):
    with serving(bad(folder), tmp_path) as process:
        client = GeneratorClient(tmp_path / "g.sock")
        health = await decided(client)
        await client.close()

        assert isinstance(health, Unusable)
        assert BAD[bad] in health.reason
        assert health.reason.count("\n") == 0
        assert process.poll() is None
        assert resident_mib(process.pid, most=True) * 2**20 < MOST_BYTES


async def test_code_that_a_model_brings_along_is_never_run(folder, tmp_path):
    told = tmp_path / "it ran"
    for part, kind in (("tokenizer", "AutoTokenizer"), ("text_encoder", "AutoModel")):
        write(folder / part / "own.py", f"open({str(told)!r}, 'w')\n".encode())
        name = "tokenizer_config.json" if part == "tokenizer" else "config.json"
        own = {kind: ["own.Own", "own.Own"] if part == "tokenizer" else "own.Own", "AutoConfig": "own.Own"}
        configured(folder / part, name, auto_map=own)

    with serving(folder, tmp_path) as process:
        client = GeneratorClient(tmp_path / "g.sock")
        await decided(client)
        await client.close()

        assert process.poll() is None
    assert not told.exists()


async def test_weights_that_are_no_numbers_fail_their_picture_and_no_other(folder, tmp_path):
    name = "vae/diffusion_pytorch_model.safetensors"
    weights = load_file(WEIGHTS / name)
    saved(folder, name, {each: np.full_like(value, np.nan) for each, value in weights.items()})

    with serving(folder, tmp_path):
        client = GeneratorClient(tmp_path / "g.sock")
        assert isinstance(await decided(client), Ready)
        async with asyncio.timeout(DEADLINE), aclosing(client.generate(wish())) as events:
            ends = [event async for event in events if isinstance(event, Failed)]

        assert [end.fault for end in ends] == [Fault.BROKEN_PICTURE]
        assert isinstance(await client.health(), Ready)
        await client.close()
