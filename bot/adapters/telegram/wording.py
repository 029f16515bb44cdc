"""Telegram's HTML, and how much of it a message holds. No I/O, no python-telegram-bot.

Whatever a person typed is shown, never obeyed: nothing of it is read as markup, and what Telegram itself
would make a mention, a command, a hashtag or a link of is kept apart by an invisible letter.
"""

import datetime as dt
import html
import re
from collections.abc import Sequence

from babel.dates import format_skeleton

from bot.pages import Markup, Pages, command_key
from bot.texts import language_for
from bot.updates import SeenJob

MOST_CHARACTERS = 4096  # of a text; of a caption:
MOST_OF_CAPTION = 1024
MOST_OF_PROMPT = 700
MOST_BOLD = 300
MOST_OF_CODE = 3800
MOST_OF_FORM = 3500  # of an order that is shown to be changed or said yes to
LOOKING = ("info", "queue", "history", "credits", "settings", "styles", "loras", "help")
EVERYBODYS = ("imagine", "blend", *LOOKING)
PRIVATE = (*EVERYBODYS, "style", "link", "privacy", "apikey")
MANAGERS = (*EVERYBODYS, "chat")
ADMINS = ("grant", "block", "unblock", "jobs", "doctor")
COMMANDS = (*PRIVATE, "chat", "buy", "paysupport", "refund", *ADMINS)
MONEY = ("buy", "paysupport")  # where there are packs
OWN_KEYS = ("blend", "info", "chat", "refund", *MONEY, *ADMINS)  # what only Telegram calls so
UNLINKED = "\u2060"  # word joiner: nothing to see
LINKS = r"[@#$]|(?<=\w)[.:](?=\w)"
TAGS = re.compile(r"<[^<>]*>")  # they do not count
THEIR_LINKS = re.compile(rf"{LINKS}|/")
ODD_LINKS = re.compile(rf"{LINKS}|/(?!(?:{'|'.join(COMMANDS)})\b)")  # our sentences name our own commands


def escaped(text: str) -> str:
    """Return any text so that Telegram shows it as it is."""
    return html.escape(text, quote=False)


def unlinked(text: str, links: re.Pattern[str] = THEIR_LINKS) -> str:
    """Return a text of which Telegram makes no links, mentions, hashtags or commands."""
    return links.sub(lambda found: found[0] + UNLINKED, text)


def length(text: str) -> int:
    """Return the length of a text as Telegram counts it, in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shortened(text: str, most: int) -> str:
    """Return at most so many UTF-16 code units of a text, never half a letter."""
    if length(text) <= most:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (most - 1)].decode("utf-16-le", "ignore")
    return kept + "…"


def key_of(name: str) -> str:
    """Return the key of the sentence that says what a command does."""
    return f"telegram_command_{name}" if name in OWN_KEYS else command_key(name)


class Html(Markup):
    """What Telegram makes of a text with parse_mode HTML."""

    most_of_prompt = MOST_OF_PROMPT
    most_bold = 2 * MOST_BOLD  # with its escapes

    def shown(self, text: str, most: int) -> str:
        """Escape it; its length is counted as it is shown."""
        return escaped(shortened(unlinked(" ".join(text.split())), most))

    def own(self, text: str) -> str:
        """Our sentences may repeat words that somebody typed."""
        return escaped(unlinked(text, ODD_LINKS))

    def bold(self, text: str) -> str:
        """Set in bold."""
        return f"<b>{text}</b>"

    def small(self, text: str) -> str:
        """Set in italics: Telegram has nothing smaller."""
        return f"<i>{text}</i>"

    def typed(self, text: str) -> str:
        """A command by itself can be tapped, an option copied."""
        return text if text.startswith("/") else f"<code>{escaped(text)}</code>"

    def block(self, text: str) -> str:
        """One tap copies it."""
        return f"<code>{escaped(shortened(text, MOST_OF_CODE))}</code>"

    def when(self, seconds: float, language: str) -> str:
        """Return what Telegram shows as "3 minutes ago", and an old app as day and minute."""
        moment, locale = dt.datetime.fromtimestamp(seconds, dt.UTC), language_for(language)
        told = f"{format_skeleton('MMMd', moment, locale=locale)} {moment:%H:%M} UTC"
        return f'<tg-time unix="{int(seconds)}" format="r">{told}</tg-time>'

    def whose(self, seen: SeenJob) -> str:
        """Return the name, and the numbers by which administrators name a person."""
        numbers = ", ".join(f"{each.platform} {each.user}" for each in seen.identities)
        return escaped(f"{unlinked(seen.name)} ({numbers})")

    def cut(self, lines: Sequence[str]) -> str:
        """Return as many whole lines as one message holds."""
        text = ""
        for line in lines:
            if length(TAGS.sub("", f"{text}\n{line}")) + 2 > MOST_CHARACTERS:
                return f"{text}\n…"
            text = f"{text}\n{line}" if text else line
        return text


def copyable(text: str, part: str) -> str:
    """Let one tap copy a part of a marked-up text that holds nothing to escape."""
    return text.replace(part, f"<code>{part}</code>")


HTML = Html()
PAGES = Pages(HTML, (*PRIVATE, "chat"), key_of)
quoted = HTML.own
