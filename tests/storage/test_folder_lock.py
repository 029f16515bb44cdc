import os
import subprocess
import sys

import pytest

from storage.folder_lock import FolderLock
from storage.store import StorageError

HOLDS_IT = """
import sys
from pathlib import Path
from storage.folder_lock import FolderLock
FolderLock(Path(sys.argv[1])).take()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_bot_on_the_same_folder_is_refused_in_a_sentence(tmp_path):
    with (
        FolderLock(tmp_path),
        pytest.raises(StorageError, match="Another Pinxit is running"),
        FolderLock(tmp_path),
    ):
        pass


def test_a_lock_that_was_let_go_can_be_taken(tmp_path):
    with FolderLock(tmp_path):
        pass

    with FolderLock(tmp_path):
        pass


def test_a_killed_bot_holds_nothing(tmp_path):
    bot = subprocess.Popen(
        [sys.executable, "-c", HOLDS_IT, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with bot:
        assert bot.stdout.readline() == b"held\n"
        with pytest.raises(StorageError):
            FolderLock(tmp_path).take()
        bot.kill()

    with FolderLock(tmp_path):
        pass


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match="cannot be used"):
        FolderLock(tmp_path / "file").take()
