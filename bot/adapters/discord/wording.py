"""Discord's markdown. No I/O, no discord.py.

Whatever a person typed is shown, never obeyed: every character that could mean something is escaped.
"""

import re
from collections.abc import Sequence

from bot.pages import Markup, Pages
from bot.texts import say

MOST_CHARACTERS = 2000  # of one message
MOST_OF_PROMPT = 1200
MOST_BOLD = 300
MOST_OF_CODE = 1500
MEANINGFUL = re.compile(r"[\\*_~|`>#\-+\[\]<:@]")
COMMANDS = ("imagine", "queue", "history", "credits", "help")


def shown(text: str, most: int = MOST_OF_PROMPT) -> str:
    """Return somebody's own words so that they appear as typed, at most so many characters long."""
    pieces = [MEANINGFUL.sub(r"\\\g<0>", letter) for letter in " ".join(text.split())]
    length = 0
    for index, piece in enumerate(pieces):
        length += len(piece)
        if length > most:
            return "".join(pieces[:index]) + "…"
    return "".join(pieces)


def code(text: str) -> str:
    """Return a block that can be copied; it cannot be left from inside."""
    kept = text.replace("`", "`\u200b")
    return "```\n" + (kept if len(kept) <= MOST_OF_CODE else kept[:MOST_OF_CODE] + "…") + "\n```"


def cut(lines: Sequence[str]) -> str:
    """Return as many lines as one message holds."""
    text = ""
    for line in lines:
        if len(text) + len(line) + 2 > MOST_CHARACTERS:
            return text + "\n…"
        text = f"{text}\n{line}" if text else line
    return text


class Markdown(Markup):
    """What Discord makes of a message's text."""

    most_of_prompt = MOST_OF_PROMPT
    most_bold = MOST_BOLD

    def shown(self, text: str, most: int) -> str:
        """Escape every character that could mean something."""
        return shown(text, most)

    def bold(self, text: str) -> str:
        """Two stars on each side."""
        return f"**{text}**"

    def small(self, text: str) -> str:
        """Subtext."""
        return f"-# {text}"

    def ordinal(self, place: int) -> str:
        """Escape the point: Discord would take it for a list and number that anew."""
        return f"{place}\\."

    def typed(self, text: str) -> str:
        """Inline code."""
        return f"`{text}`"

    def block(self, text: str) -> str:
        """Return a fenced block."""
        return code(text)

    def when(self, seconds: float, language: str) -> str:  # noqa: ARG002 - Discord translates it
        """Return a timestamp that Discord shows as "3 minutes ago"."""
        return f"<t:{int(seconds)}:R>"

    def cut(self, lines: Sequence[str]) -> str:
        """Return as many lines as one message holds."""
        return cut(lines)


PAGES = Pages(Markdown(), COMMANDS)
update_text, info_text, info_line = PAGES.update, PAGES.info, PAGES.info_line
wallet_text, queue_text, history_text = PAGES.wallet, PAGES.queue, PAGES.history
prompt_line, list_line, state_line = PAGES.prompt_line, PAGES.list_line, PAGES.state_line


def help_text(language: str) -> str:
    """Return every command and every option with a word about each."""
    return PAGES.help(language, say(language, "discord_help"))
