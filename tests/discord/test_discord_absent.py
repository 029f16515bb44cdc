"""Without a token nothing of Discord is loaded."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_bot_starts_without_loading_discord():
    code = "import sys, bot.cli.run; print('discord' in sys.modules, 'PIL' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]


def test_pillow_waits_for_the_first_picture_that_is_too_large():
    code = "import sys, bot.adapters.discord.front; print('PIL' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False"]
