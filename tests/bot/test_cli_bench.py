import sys

import pytest
from typer.testing import CliRunner

from bot.cli import bench as cli_bench
from bot.cli.app import app


@pytest.mark.parametrize(("name", "module"), [("gpu", "generator.bench"), ("ray", "generator.bench.cluster")])
def test_the_generators_benchmarks_run_beside_the_bot_with_what_was_typed(monkeypatch, name, module):
    class Done:
        returncode = 3

    asked = []
    monkeypatch.setattr(cli_bench.subprocess, "run", lambda command, **_: asked.append(command) or Done)

    ended = CliRunner().invoke(app, ["bench", name, "--quick", "--help"])

    assert asked == [[sys.executable, "-m", module, "--quick", "--help"]]
    assert ended.exit_code == 3
