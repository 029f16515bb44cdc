"""Discord's markdown. No I/O, no discord.py.

Whatever a person typed is shown, never obeyed: every character that could mean something is escaped.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.adapters.discord.address import PLATFORM
from bot.pages import Markup, Pages, command_key
from bot.refusals import WrongChannel, WrongRole
from bot.texts import labelled, rule_lines, say
from bot.updates import Delivered, PlaceView, Refused, SeenJob, Update
from storage.records import PlaceRules

MOST_CHARACTERS = 2000  # of one message
MOST_OF_PROMPT = 1200
MOST_BOLD = 300
MOST_OF_CODE = 1500
MOST_FILES = 10  # of one message
MOST_NAMED = 20  # channels or roles in one message
MEANINGFUL = re.compile(r"[\\*_~|`>#\-+\[\]<:@]")
MARKS = re.compile(r"[\\*_~|`\[\]<@]|(?=://)")  # within a line of ours
COMMANDS = (
    "imagine",
    "blend",
    "queue",
    "history",
    "credits",
    "settings",
    "styles",
    "loras",
    "style",
    "link",
    "privacy",
    "apikey",
    "help",
)
OWN_KEYS = ("blend",)  # commands whose sentence is Discord's own


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
    kept = _fenced(text)
    return "```\n" + (kept if len(kept) <= MOST_OF_CODE else kept[:MOST_OF_CODE] + "…") + "\n```"


def over_code(text: str) -> int:
    """Return by how many characters a text is too long for a block."""
    return max(0, len(_fenced(text)) - MOST_OF_CODE)


def _fenced(text: str) -> str:
    return text.replace("`", "`\u200b")


def copyable(text: str, part: str) -> str:
    """Set apart a part of a text that is typed as it stands; it holds nothing to escape."""
    return text.replace(part, f"`{part}`")


CODE = re.compile(r"```\n(.*?)\n```", re.DOTALL)  # what `code` made


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

    def own(self, text: str) -> str:
        """Escape what somebody's words in a sentence of ours could mean."""
        return MARKS.sub(r"\\\g<0>", text)

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

    def whose(self, seen: SeenJob) -> str:
        """Return a person as Discord shows people, or by name where they are elsewhere."""
        here = next((each.user for each in seen.identities if each.platform == PLATFORM), None)
        return f"<@{here}>" if here else shown(seen.name)

    def cut(self, lines: Sequence[str]) -> str:
        """Return as many lines as one message holds."""
        return cut(lines)


def key_of(name: str) -> str:
    """Return the key of the sentence that says what a command does."""
    return f"discord_command_{name}" if name in OWN_KEYS else command_key(name)


MARKDOWN = Markdown()
PAGES = Pages(MARKDOWN, COMMANDS, key_of)
info_text, info_line = PAGES.info, PAGES.info_line
wallet_text, queue_text, history_text = PAGES.wallet, PAGES.queue, PAGES.history
told, recipe_text, jobs_text, styles_text = PAGES.told, PAGES.found, PAGES.jobs, PAGES.styles
loras_text = PAGES.loras
several_text = PAGES.several
prompt_line, list_line, state_line = PAGES.prompt_line, PAGES.list_line, PAGES.state_line


def update_text(update: Update, language: str) -> str:
    """Return what the message of a job says; where it does not hold all pictures, that too."""
    text = PAGES.update(update, language)
    if not isinstance(update, Delivered) or len(update.pictures) <= MOST_FILES:
        return text
    some = say(language, "discord_some_of", shown=MOST_FILES, count=len(update.pictures))
    return f"{text}\n{MARKDOWN.small(some)}"


def refused_text(refused: Refused, language: str) -> str:
    """Return why not, and which channels or roles would do."""
    sentence = told(refused, language)
    match refused.refusal:
        case WrongChannel(channels):
            return f"{sentence}\n{' '.join(f'<#{channel}>' for channel in channels[:MOST_NAMED])}"
        case WrongRole(roles):
            return f"{sentence}\n{' '.join(f'<@&{role}>' for role in roles[:MOST_NAMED])}"
        case _:
            return sentence


def help_text(language: str, options: Collection[str]) -> str:
    """Return every command and these options with a word about each."""
    return PAGES.help(
        language, options, *(say(language, key) for key in ("discord_help_pictures", "discord_help"))
    )


def rules_text(view: PlaceView, language: str) -> str:
    """Return what holds in a server, line by line."""
    other = say(language, "rule_private_notices")  # on Discord they always are
    told_of = rule_lines(_linked(view.rules), language)
    lines = [labelled(language, f"**{label}**", value) for label, value in told_of]
    return cut([told(view, language), *(line for line in lines if other not in line)])


def _linked(rules: PlaceRules) -> PlaceRules:
    """Return the rules with channels and roles as links that Discord shows by name."""
    return replace(
        rules,
        channels=frozenset(f"<#{channel}>" for channel in rules.channels),
        roles=tuple((f"<@&{role}>", weight) for role, weight in rules.roles),
        log_channel=f"<#{rules.log_channel}>" if rules.log_channel else None,
    )
