"""Pictures from the command line, with the real generator and without a server."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from product import Product, command_lines, environment, page
from safetensors.numpy import save_file


def pinxit(folder: Path, *arguments: str, **settings: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env=environment(folder / "data", **settings) | {"TMPDIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_options_may_be_flags_or_stand_in_the_text_and_every_picture_gets_a_file(tmp_path):
    asked = ("a red circle --steps 2", "--seed", "7", "--n", "2", "--ar", "16:9", "-o", "out.png")

    ended = pinxit(tmp_path, "imagine", *asked)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.findall(r"(\S+)  336×192  seed (\d)", ended.stdout) == [("out-1.png", "7"), ("out-2.png", "8")]
    assert Image.open(tmp_path / "out-2.png").size == (336, 192)
    assert list(tmp_path.glob("pinxit*")) == []


def test_each_text_that_wildcards_stand_for_is_painted(tmp_path):
    asked = ("a {red|blue --ar 16:9} circle --steps 2 --seed 7", "-o", "out.webp")

    ended = pinxit(tmp_path, "imagine", *asked)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.findall(r"(\S+)  (\d+×\d+)  seed 7", ended.stdout) == [
        ("out-1.webp", "256×256"),
        ("out-2.webp", "336×192"),
    ]
    assert Image.open(tmp_path / "out-2.webp").size == (336, 192)


def test_a_lora_is_put_on_the_shelf_and_painted_with(tmp_path):
    halves = {"A": np.ones((1, 192), np.float32), "B": np.ones((192, 1), np.float32)}
    lora = {f"layers.0.attention.to_v.lora_{half}.weight": numbers for half, numbers in halves.items()}
    save_file(lora, tmp_path / "Mine.safetensors")
    asked = ("a red circle --steps 2 --size 64x64", "--seed", "7")

    added = pinxit(tmp_path, "lora", "add", "Mine.safetensors")
    ended = [
        pinxit(tmp_path, "imagine", *asked, *lora, "-o", f"{name}.png")
        for name, lora in (("plain", ()), ("worn", ("--lora", "mine:0.9")), ("none", ("--lora", "mine:0")))
    ]

    plain, worn, none = (Image.open(tmp_path / f"{name}.png") for name in ("plain", "worn", "none"))
    assert [each.returncode for each in (added, *ended)] == [0, 0, 0, 0]
    assert plain.tobytes() == none.tobytes() != worn.tobytes()
    assert "LoRAs: mine:0.9" in worn.text["parameters"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("a cat --lora nothing",), "no LoRA “nothing”"),
        (("a cat --seeed 7",), "Did you mean --seed?"),
        (("a cat", "--seed", "x"), "--seed 7"),
        (("a cat --seed 1", "--seed", "2"), "twice"),
        (("  ",), "Say what to paint"),
        (("a cat", "-o", "out.bmp"), ".png, .jpg or .webp"),
        (("a cat --format png", "-o", "out.jpg"), "another format"),
        (("a cat", "-o", "nowhere/out.png"), "no folder nowhere"),
        (("{a|b}{a|b}{a|b}{a|b}{a|b} cat",), "may make 16 orders"),
    ],
)
def test_what_cannot_be_painted_is_one_sentence(tmp_path, asked, said):
    ended = pinxit(tmp_path, "imagine", *asked)

    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_without_a_model_it_says_so(tmp_path):
    ended = pinxit(tmp_path, "imagine", "a cat", MODEL=tmp_path / "nothing")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert str(tmp_path / "nothing") in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def heeds_interrupts():
    """A shell lets what it starts in the background ignore them, and so would all that the tests start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_leaves_no_process_and_no_file(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "imagine", "a cat --steps 50"],
        env=environment(tmp_path / "data") | {"TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_interrupts,  # noqa: PLW1509 - no other thread runs here
    )
    until(lambda: any("generator.serve" in line and str(tmp_path) in line for _, line in command_lines()))

    process.send_signal(2)
    said = process.communicate(timeout=15)[1]

    assert process.returncode != 0
    assert "Traceback" not in said
    assert list(tmp_path.glob("pinxit*")) == []
    assert not any("generator.serve" in line and str(tmp_path) in line for _, line in command_lines())


def test_the_doctor_paints_a_test_picture(tmp_path):
    ended = pinxit(tmp_path, "doctor", "--deep")

    assert ended.returncode == 0, ended.stdout
    assert "test picture: one step took" in ended.stdout
    assert list(tmp_path.glob("pinxit*")) == []


def test_the_doctor_says_what_is_wrong_with_the_model(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model_index.json").write_text("{}")

    ended = pinxit(tmp_path, "doctor", "--deep", MODEL=tmp_path / "model")

    assert ended.returncode == 1
    assert "Fix next: " in ended.stdout.splitlines()[-1]


async def test_credits_are_granted_while_the_bot_runs(running: Product):
    async with page(running) as chat:
        before = (await chat.ask("wallet"))["available"]

        granted = pinxit(running.data.parent, "grant", "web", "5")
        after = (await chat.ask("wallet"))["available"]

    assert granted.returncode == 0, granted.stderr
    assert after == before + 5


def until(true, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
