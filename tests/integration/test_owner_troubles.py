"""What an owner may do wrong ends in one sentence, and what is kept is the owner's alone."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from product import ROOT, Product, environment, page

WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all"]
OF_OTHERS = 0o077


def said(folder: Path, *command: str, **settings: object) -> tuple[int, list[str]]:
    """Run a command as one who has no right beyond what files say; return its code and what it complains."""
    powers = WITHOUT_RIGHTS if os.geteuid() == 0 else []
    ended = subprocess.run(
        [*powers, sys.executable, *command],
        env=environment(folder / "data", **settings),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.returncode, ended.stderr.splitlines()


def wait_until(true: Callable[[], object], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.1)


@pytest.fixture
def closed(tmp_path: Path):
    """A data folder that somebody else keeps."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root can read everything, and there is no setpriv here")
    (tmp_path / "data").mkdir(mode=0)
    yield tmp_path
    (tmp_path / "data").chmod(0o700)


@pytest.mark.parametrize(
    "command", ["accounts", "lora list", "model list", "keys list", "run", "backup copy", "db status"]
)
def test_a_data_folder_of_somebody_else_is_told_in_one_sentence(closed, command):
    code, lines = said(closed, "-m", "bot", *command.split())

    assert code == 1
    (line,) = lines
    assert str(closed / "data") in line
    assert line.endswith(".")


def test_the_doctor_says_so_too_and_goes_on(closed):
    code, lines = said(closed, "-m", "bot", "doctor")

    assert (code, lines) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--listen", "127.0.0.1:0", "--certificate", "nowhere.pem"], "nowhere.pem"),
        (["--listen", "127.0.0.1:0", "--certificate", str(ROOT / "LICENSE")], "PEM"),
        (["--listen", "127.0.0.1:0", "--key", "key.pem"], "--certificate"),
        (["--listen", "unix:nowhere/at/all.sock"], "nowhere/at/all.sock"),
    ],
)
def test_a_generator_that_cannot_listen_says_why_and_ends(tmp_path, arguments, word):
    code, lines = said(tmp_path, "-m", "bot", "generator", *arguments)

    assert code != 0
    (line,) = lines
    assert word in line


def test_so_does_one_whose_port_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"

        code, lines = said(tmp_path, "-m", "bot", "generator", "--listen", address)

    assert code != 0
    assert lines == [f"The generator cannot listen on {address}: Address already in use."]


async def test_what_is_kept_is_the_owner_s_alone(made, tmp_path):
    product: Product = made(tmp_path / "kept")
    before = os.umask(0o022)
    try:
        product.start()
    finally:
        os.umask(before)

    async with page(product) as chat:
        await chat.ended((await chat.imagine("a red circle --steps 1"))["item"]["job"])
    kept = [product.data, *product.data.rglob("*")]

    assert any("pictures" in path.parts for path in kept)
    assert [path for path in kept if path.stat().st_mode & OF_OTHERS] == []


def test_a_model_that_cannot_be_used_is_told_in_the_log(made, tmp_path):
    product: Product = made(tmp_path / "kept", MODEL=tmp_path / "nowhere")
    product.start()

    wait_until(lambda: product.logged("nothing can be painted"))

    (line,) = product.logged("nothing can be painted")
    assert f"There is no model folder at {tmp_path / 'nowhere'}" in line


def test_whoever_watches_may_use_any_name_and_the_page_may_not(running):
    said = {}
    for path in ("/health", "/"):
        asked = urllib.request.Request(running.url + path, headers={"host": "10.1.2.3:8000"})
        try:
            said[path] = urllib.request.urlopen(asked, timeout=30).status
        except urllib.error.HTTPError as refused:
            said[path] = refused.code

    assert said == {"/health": 200, "/": 403}
