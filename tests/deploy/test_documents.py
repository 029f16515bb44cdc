"""The README and its kin name only settings, commands and places that there are."""

import re
from pathlib import Path

import pytest
import typer

from bot.cli.app import app
from bot.settings import NOT_OURS, Settings, variable

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "deploy").glob("*.md"))]
NAMES = {variable(field) for field in Settings.model_fields} | NOT_OURS
OURS = re.compile(r"\b(?:PINXIT|DISCORD|TELEGRAM)_[A-Z0-9_]*[A-Z0-9]\b")
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(
    r"(?:^|[`(\s])(?:\.venv/bin/)?(?<!-n )pinxit ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", re.MULTILINE
)
CODE = re.compile(r"`[^`\n]+`|^```sh\n.*?^```", re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Return what the headings of a document are linked by."""
    heads = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_setting_that_is_named_is_one(document):
    assert set(OURS.findall(document.read_text())) - NAMES == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_link_leads_somewhere(document):
    for link in LINK.findall(document.read_text()):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = document.parent / place if place else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_command_that_is_shown_is_one(document):
    commands = typer.main.get_command(app)
    shown = "\n".join(CODE.findall(document.read_text()))

    for words in COMMAND.findall(shown):
        name, _, deeper = words.partition(" ")
        command = commands.commands.get(name)
        assert command is not None, words
        if deeper and hasattr(command, "commands"):
            assert deeper in command.commands, words


def test_the_defaults_in_the_readme_are_those_in_force():
    rows = re.findall(r"^\| (`[A-Z].*?) \| (.*?) \| ", (ROOT / "README.md").read_text(), re.MULTILINE)
    defaults = {variable(field): info.default for field, info in Settings.model_fields.items()}

    for names, told in rows:
        for name, value in zip(re.findall(r"`(\w+)`", names), told.split(", "), strict=True):
            if re.fullmatch(r"`?[\w.]+`?", value) and value != "none":
                assert str(defaults[name]).removesuffix(".0") == value.strip("`"), name
            elif value == "none":
                assert not defaults[name], name
