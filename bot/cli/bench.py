"""The generator's own benchmarks, in processes of their own: this one never loads torch."""

import subprocess
import sys
from collections.abc import Sequence


def measure(module: str, arguments: Sequence[str]) -> int:
    """Run one with these arguments and return its exit code."""
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode  # noqa: S603
