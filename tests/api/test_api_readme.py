"""The examples of the HTTP API in its document work as they stand, but for address and key."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from apistage import PLENTY, Served, painting, serving
from standardwebhooks import Webhook

from bot.adapters.api.signing import signed_headers

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = BLOCK.findall((ROOT / "deploy" / "API.md").read_text())
SECTION = re.compile(r"^## HTTP API\n(.*?)^## ", re.DOTALL | re.MULTILINE)
JS = Path(__file__).with_name("js")


def blocks(language: str, holding: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language and holding in text]


def real(text: str, served: Served) -> str:
    return text.replace("http://127.0.0.1:8000", served.url).replace("pinxit_your_key", served.token)


def run(command: list[str], folder: Path, text: str | None = None, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory):
    with serving(tmp_path_factory.mktemp("readme"), painting(), credits=10_000) as running:
        yield running


def test_every_example_is_among_those_that_are_run():
    assert [kind for kind, _ in BLOCKS] == ["sh", "sh", "python", "js", "python", "sh", "sh", "python"]
    assert PLENTY.burst > 0


def test_what_the_readme_shows_of_it_is_the_same():
    (section,) = SECTION.findall((ROOT / "README.md").read_text())

    assert BLOCK.findall(section)
    assert [each for each in BLOCK.findall(section) if each not in BLOCKS] == []


@pytest.mark.parametrize("text", blocks("python", "client"))
def test_the_python_examples_paint(served, tmp_path, text):
    said = run([sys.executable, "-"], tmp_path, real(text, served))

    assert f"{served.url}/f/" in said
    if "webp" in text:
        assert (tmp_path / "circle-1.webp").read_bytes()[:4] == b"RIFF"
    else:
        assert "10 Here is your picture." in said


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine: install it to run these")
@pytest.mark.parametrize("text", blocks("sh", "curl"))
def test_the_curl_examples_paint(served, tmp_path, text):
    said = run(["bash", "-euo", "pipefail"], tmp_path, real(text, served))

    assert any(end in said for end in ("SUCCESS", "event: succeeded", '"state":"succeeded"'))
    assert ('"dry_run":true' in said) == ("dry_run" in text)


def test_the_first_example_makes_a_key(tmp_path):
    (text,) = blocks("sh", "pinxit keys")

    command = [sys.executable, "-m", "bot", *text.split()[1:]]
    said = run(command, tmp_path, PINXIT_DATA=str(tmp_path / "data"), PYTHONPATH=str(ROOT))

    assert re.search(r"pinxit_[0-9a-f]{12}_[0-9a-f]{48}", said)
    assert "whsec_" in said


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine: install it to run this")
@pytest.mark.skipif(not (JS / "node_modules").is_dir(), reason="no package: run npm install in tests/api/js")
def test_the_javascript_example_paints(served, tmp_path):
    (text,) = blocks("js", "client")
    example = JS / "node_modules" / f"{tmp_path.name}.mjs"
    example.write_text(real(text, served))
    try:
        said = run(["node", "--import", str(JS / "endings.mjs"), str(example)], JS)
    finally:
        example.unlink()

    assert f"{served.url}/f/" in said


def test_the_receiver_takes_what_is_signed_and_nothing_else():
    (text,) = blocks("python", "def receive")
    secret = "whsec_" + "c2VjcmV0" * 4
    names: dict[str, object] = {}
    exec(text.replace("whsec_your_secret", secret), names)
    body = json.dumps({"id": "x"}).encode()
    headers = signed_headers(secret, "msg_x", body, datetime.now(UTC).timestamp())

    assert names["receive"](body, headers) == {"id": "x"}
    with pytest.raises(Exception, match="signature"):
        names["receive"](body + b" ", headers)
    assert Webhook(secret)
