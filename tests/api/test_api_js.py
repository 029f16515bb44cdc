"""The official JavaScript client of inference.sh, where node and the package are there."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from apistage import playing_api
from stage import ScriptedGenerator, draws, waits_for

JS = Path(__file__).with_name("js")
NODE = shutil.which("node")
PACKAGE = JS / "node_modules" / "@inferencesh" / "sdk"


@pytest.mark.skipif(NODE is None, reason="no node on this machine: install it to test the JavaScript client")
@pytest.mark.skipif(
    not PACKAGE.is_dir(), reason=f"run `npm install` in {JS.name}/ to test the JavaScript client"
)
async def test_the_javascript_client_streams_polls_cancels_and_hears_no(tmp_path):
    scripts = [draws, draws, waits_for(asyncio.Event())]
    async with playing_api(tmp_path, ScriptedGenerator(*scripts)) as api:
        process = await asyncio.create_subprocess_exec(
            str(NODE),
            "--import",
            str(JS / "endings.mjs"),
            str(JS / "run.mjs"),
            api.url,
            api.token,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=JS,
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate()

        assert process.returncode == 0, err.decode()
        said = json.loads(out)
        assert (said["streamed"]["status"], said["polled"]["status"]) == (10, 10)
        assert said["streamed"]["output"]["image"].startswith("http")
        assert [status for status, _ in said["seen"]] == sorted(status for status, _ in said["seen"])
        assert said["refused"][0] == 422
        assert (await api.done(said["started"]))["state"] == "cancelled"
