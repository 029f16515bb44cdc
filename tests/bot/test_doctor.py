"""The doctor finds what is wrong and says the one thing to fix next."""

import asyncio
import os
import socket
import sqlite3
from pathlib import Path

import pytest

from bot.doctor.examine import (
    cards_check,
    compiling_check,
    database_checks,
    disk_check,
    examine,
    folder_check,
    generator_check,
    judged,
    lists_check,
    model_check,
    port_check,
    python_check,
    settings_check,
)
from bot.doctor.verdicts import Check, Verdict, advice
from bot.settings import read_settings
from generator.address import address_of
from generator.embedded import WEIGHTS
from generator.memory import Card
from generator.messages import Loading, Ready, Unusable
from storage.folder_lock import FolderLock


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [*os.environ]:
        if name.upper().startswith("PINXIT_") or name.upper() in {"DISCORD_TOKEN", "TELEGRAM_TOKEN"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PINXIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PINXIT_PORT", "0")
    return tmp_path / "data"


def test_a_sound_machine_has_nothing_to_fix(capsys):
    assert examine(deep=False) == 0

    assert "BAD" not in capsys.readouterr().out


def test_looking_changes_nothing(data):
    examine(deep=False)

    assert not data.exists()


def test_the_first_bad_check_is_what_to_fix_next():
    checks = [
        Check("a", Verdict.GOOD, "fine"),
        Check("b", Verdict.NOTE, "hm", "think about b."),
        Check("c", Verdict.BAD, "broken", "mend c."),
        Check("d", Verdict.BAD, "broken too", "mend d."),
    ]

    assert advice(checks) == "Fix next: mend c."
    assert advice(checks[:2]) == "All works. You could: think about b."
    assert advice(checks[:1]) == "All is well."


def test_faulty_settings_are_the_thing_to_fix(monkeypatch, capsys):
    monkeypatch.setenv("PINXIT_THREADS", "-1")

    assert examine(deep=False) == 1

    assert capsys.readouterr().out.endswith(
        "Fix next: PINXIT_THREADS must be a whole number from 1 to 256, not '-1'.\n"
    )


def test_a_file_in_the_place_of_the_data_folder_is_found(data):
    data.write_text("")

    check = folder_check(data)

    assert (check.verdict, check.finding) == (Verdict.BAD, f"{data} is no folder")


def test_what_others_on_the_machine_can_read_is_worth_knowing(data, tmp_path):
    data.mkdir()
    data.chmod(0o755)
    (tmp_path / ".env").write_text("PINXIT_PORT=0\n")
    (tmp_path / ".env").chmod(0o644)

    found = [folder_check(data), settings_check(read_settings())]

    assert [each.verdict for each in found] == [Verdict.NOTE, Verdict.NOTE]
    assert [each.fix.partition("`")[2] for each in found] == [f"chmod 700 {data}`.", "chmod 600 .env`."]


def test_a_folder_that_cannot_be_used_is_not_taken_for_a_running_pinxit(data, monkeypatch):
    data.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("PINXIT_PORT", str(other.getsockname()[1]))
        alone = port_check(read_settings().settings)
        with FolderLock(data):
            beside = port_check(read_settings().settings)

    assert (alone.verdict, beside.verdict) == (Verdict.BAD, Verdict.GOOD)


def test_a_database_from_the_future_is_found(data):
    data.mkdir()
    with sqlite3.connect(data / "pinxit.sqlite3") as database:
        database.execute("pragma user_version = 999")

    [check] = asyncio.run(database_checks(read_settings().settings, deep=False))

    assert check.verdict is Verdict.BAD
    assert check.finding.endswith(".")


def test_what_is_no_database_is_found(data):
    data.mkdir()
    (data / "pinxit.sqlite3").write_bytes(b"not a database at all" * 100)

    [check] = asyncio.run(database_checks(read_settings().settings, deep=False))

    assert check.verdict is Verdict.BAD


def test_a_taken_port_is_found(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("PINXIT_PORT", str(other.getsockname()[1]))

        check = port_check(read_settings().settings)

    assert check.verdict is Verdict.BAD
    assert "PINXIT_PORT" in check.fix


@pytest.mark.parametrize("source", ["nonsense", "/nowhere/at/all", "./here", "a/b/c"])
def test_a_model_that_cannot_be_is_found(source):
    assert model_check(source).verdict is Verdict.BAD


@pytest.mark.parametrize(
    "source", ["Tongyi-MAI/Z-Image-Turbo", "unsloth/Z-Image-GGUF/z-image-Q4_K_M.gguf", str(WEIGHTS)]
)
def test_a_hub_id_a_file_of_the_hub_and_a_model_folder_are_well(source):
    assert model_check(source).verdict is Verdict.GOOD


def test_a_folder_without_a_model_and_a_broken_file_are_found_with_the_reason(tmp_path):
    (tmp_path / "z-image.gguf").write_bytes(b"GGUF")

    assert "model_index.json is missing" in model_check(str(tmp_path)).finding
    assert "its head does not end" in model_check(str(tmp_path / "z-image.gguf")).finding


def test_an_old_python_is_found():
    assert python_check((3, 10, 9)).verdict is Verdict.BAD
    assert python_check((3, 11, 0)).verdict is Verdict.GOOD


def test_free_disk_is_counted_where_the_folder_will_be(data):
    assert str(data.parent) in disk_check(data).finding


def test_the_owner_s_lists_are_counted(data):
    data.mkdir()
    (data / "words.txt").write_text("gore\n")

    check = lists_check(read_settings().settings)

    assert check.verdict is Verdict.GOOD
    assert "a list of words" in check.finding


@pytest.mark.parametrize(("name", "content"), [("styles.toml", b"[photo"), ("words.txt", b"\xff\xfe")])
def test_a_list_that_cannot_be_read_is_found(data, name, content):
    data.mkdir()
    (data / name).write_bytes(content)

    check = lists_check(read_settings().settings)

    assert check.verdict is Verdict.BAD
    assert name in check.finding


def test_a_generator_elsewhere_takes_the_place_of_model_and_card(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PINXIT_GENERATOR_URL", f"unix:{tmp_path}/nobody.sock")

    assert examine(deep=False) == 1

    said = capsys.readouterr().out
    assert f"Fix next: start the generator at unix:{tmp_path}/nobody.sock" in said
    assert "GPU" not in said


async def test_a_generator_that_nobody_has_started_is_bad(tmp_path):
    address = address_of(f"unix:{tmp_path}/nobody.sock")

    check = await generator_check(read_settings().settings, address)

    assert check.verdict is Verdict.BAD


@pytest.mark.parametrize(
    ("health", "verdict", "word"),
    [
        (Ready("embedded", painters=3), Verdict.GOOD, "3 at once"),
        (Ready("another"), Verdict.NOTE, "another"),
        (Loading(0.25), Verdict.NOTE, "25%"),
        (Unusable("No weights."), Verdict.BAD, "No weights."),
    ],
)
def test_what_a_generator_elsewhere_says_is_told(health, verdict, word):
    check = judged(health, address_of("https://gpu.example"), "embedded")

    assert check.verdict is verdict
    assert word in check.finding


def test_monitors_are_told_one_line_and_the_code_they_go_by(monkeypatch, capsys):
    good = examine(deep=False, monitor=True)
    monkeypatch.setenv("PINXIT_PROT", "8000")
    warning = examine(deep=False, monitor=True)
    monkeypatch.setenv("PINXIT_THREADS", "-1")
    critical = examine(deep=False, monitor=True)

    assert (good, warning, critical) == (0, 1, 2)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "PINXIT OK - All is well."
    assert said[1].startswith("PINXIT WARNING - All works. You could: PINXIT_PROT is no setting")
    assert said[2].startswith("PINXIT CRITICAL - Fix next: PINXIT_THREADS must be")


def test_a_card_that_others_fill_is_worth_knowing():
    free = cards_check(["NVIDIA H200, 143771 MiB, 4 MiB"])
    full = cards_check(["NVIDIA H200, 143771 MiB, 90000 MiB"])
    one_free = cards_check(["A, 1000 MiB, 900 MiB", "B, 1000 MiB, 9 MiB"])

    assert (free.verdict, free.finding) == (Verdict.GOOD, "NVIDIA H200, 4 MiB of 143771 MiB taken")
    assert full.verdict is Verdict.NOTE
    assert one_free.verdict is Verdict.GOOD


def test_a_machine_with_a_card_that_cannot_compile_for_it_is_worth_knowing(monkeypatch):
    monkeypatch.setattr("bot.doctor.examine.cards", lambda: [Card("NVIDIA H200", 1 << 37)])
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CC", raising=False)
    (check,) = compiling_check(read_settings().settings)

    monkeypatch.setenv("PINXIT_COMPILE", "off")

    assert (check.verdict, check.finding.split(",")[0]) == (Verdict.NOTE, "a C compiler is lacking")
    assert "apt-get install gcc" in check.fix
    assert not [*compiling_check(read_settings().settings)]
