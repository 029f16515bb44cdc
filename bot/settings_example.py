"""`deploy/settings.env`: every setting with what it means and its default, made from the settings themselves.

``python -m bot.settings_example > deploy/settings.env``
"""

import textwrap
from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.settings import Settings, variable

WIDTH = 100
HEAD = """\
# Every setting of Pinxit: for /etc/pinxit.env (systemd), deploy/pinxit.env (compose), or as .env beside the
# Makefile. What is commented keeps its default; `pinxit settings` shows what is in force, and from where.
# Made by `python -m bot.settings_example`; a test keeps it true.
"""
TITLES = {"PINXIT": "Pinxit", "DISCORD": "Discord", "TELEGRAM": "Telegram"}


def example() -> str:
    """Return the file."""
    return HEAD + "".join(_group(word, title) for word, title in TITLES.items())


def _group(word: str, title: str) -> str:
    fields = [
        (variable(name), info)
        for name, info in Settings.model_fields.items()
        if variable(name).startswith(f"{word}_")
    ]
    return f"\n# ── {title} {'─' * (WIDTH - len(title) - 5)}\n" + "".join(
        "\n" + "\n".join(_lines(name, info)) + "\n" for name, info in fields
    )


def _lines(name: str, info: FieldInfo) -> Iterator[str]:
    extra = info.json_schema_extra
    wants = extra["wants"] if isinstance(extra, dict) else ""
    yield from (f"# {line}" for line in textwrap.wrap(str(info.description), WIDTH - 2))
    yield from (f"# {line}" for line in textwrap.wrap(f"Takes {wants}.", WIDTH - 2))
    yield f"#{name}={_default(info)}"


def _default(info: FieldInfo) -> str:
    """Return the default as it would be written; nothing where there is none, or it is the machine's own."""
    value = info.default
    if value is None or value is PydanticUndefined:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    print(example(), end="")  # noqa: T201 - it is a file
