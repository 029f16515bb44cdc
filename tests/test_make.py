"""What `make` says on a machine that lacks something."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ANY_PYTHON = "#!/bin/sh\n"  # answers every question with yes

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def python(tmp_path):
    """Return a maker of Pythons that answer no when they are asked about a word."""

    def without(word: str) -> str:
        path = tmp_path / "python"
        path.write_text(f'{ANY_PYTHON}case "$*" in *{word}*) exit 1;; esac\n')
        path.chmod(0o755)
        return f"PYTHON={path}"

    return without


def test_an_old_python_is_named_with_what_would_do(python, tmp_path):
    made = make("setup", f"VENV={tmp_path}/venv", python("version_info"))

    assert made.returncode != 0
    assert "Python 3.11 or newer" in made.stdout


def test_a_missing_venv_module_is_named_with_the_package_that_has_it(python, tmp_path):
    made = make("setup", f"VENV={tmp_path}/venv", python("ensurepip"))

    assert made.returncode != 0
    assert "apt-get install python3-venv" in made.stdout


def test_another_build_of_torch_is_asked_for_by_a_known_name():
    made = make("--dry-run", "help", PINXIT_TORCH="rocm")

    assert made.returncode != 0
    assert "PINXIT_TORCH" in made.stderr


@pytest.mark.parametrize(("wanted", "named"), [("cpu", True), ("", False)])
def test_only_the_cpu_build_names_an_index(wanted, named, tmp_path):
    made = make("--dry-run", "setup", f"VENV={tmp_path}/venv", PINXIT_TORCH=wanted)

    assert ("https://download.pytorch.org/whl/cpu" in made.stdout) is named


def test_make_alone_lists_what_can_be_made():
    made = make()

    assert "make run" in made.stdout
    assert "make test" in made.stdout
