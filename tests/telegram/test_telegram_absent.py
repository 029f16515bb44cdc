"""Without a token nothing of Telegram is loaded."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_bot_starts_without_loading_telegram(tmp_path):
    code = (
        "import sys, bot.cli.assembly; from pathlib import Path; from bot.settings import Settings;"
        "bot.cli.assembly.assemble(Settings(data=Path(sys.argv[1]), port=0)).web.close();"
        "print('telegram' in sys.modules, 'httpx' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["False", "False"]
