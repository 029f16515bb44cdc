import sys

from typer.testing import CliRunner

from bot import cli_bench
from bot.cli import app


def test_the_engines_benchmark_runs_beside_the_bot_with_what_was_typed(monkeypatch):
    class Done:
        returncode = 3

    asked = []
    monkeypatch.setattr(cli_bench.subprocess, "run", lambda command, **_: asked.append(command) or Done)

    ended = CliRunner().invoke(app, ["bench", "gpu", "--quick", "--size", "tiny"])

    assert asked == [[sys.executable, "-m", "generator.bench", "--quick", "--size", "tiny"]]
    assert ended.exit_code == 3
