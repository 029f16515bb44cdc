"""The engine's own benchmark, in a process of its own: this one never loads torch."""

import subprocess
import sys
from collections.abc import Sequence


def measure_engine(arguments: Sequence[str]) -> int:
    """Run it with these arguments and return its exit code."""
    return subprocess.run([sys.executable, "-m", "generator.bench", *arguments], check=False).returncode  # noqa: S603
