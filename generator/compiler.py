"""What compiling for a card wants of a machine besides torch: some C is built at a start. Torch-free."""

import os
import shutil
import sysconfig
from pathlib import Path

COMPILERS = ("gcc", "clang")
HEADER = "Python.h"
PACKAGES = "gcc libc6-dev python3-dev"


def lacking() -> str | None:
    """Return what is not there, None where nothing is amiss."""
    if not (os.environ.get("CC") or any(map(shutil.which, COMPILERS))):
        return "a C compiler"
    if not (Path(sysconfig.get_path("include")) / HEADER).exists():
        return f"Python's header files ({HEADER})"
    return None
