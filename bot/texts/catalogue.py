"""Reads the gettext catalogues: from a key and a count to one sentence with its blanks.

In the catalogues a msgid is a key. Where a sentence counts something, msgid_plural names the value that is
counted, so that each language chooses the form by its own rule: Russian has three.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

LANGUAGES = ("en", "ru", "zh")  # the first is spoken to everybody whose own is missing

OWN_NAMES = {"en": "English", "ru": "Русский", "zh": "中文"}  # how each is called by those who speak it

FOLDER = Path(__file__).parent
CATEGORIES = ("zero", "one", "two", "few", "many", "other")  # the order in which gettext numbers forms


@dataclass(frozen=True, slots=True)
class Sentence:
    """The forms of one sentence, with blanks as in ``str.format``.

    `counted` names the value that chooses the form, or is "" where there is only one.
    """

    forms: tuple[str, ...]
    counted: str = ""


def language_for(tag: str) -> str:
    """Return the catalogue's language for a tag such as "ru-RU" or "zh_Hans"; English when unknown.

    >>> language_for("zh-Hans-CN"), language_for("pt-BR")
    ('zh', 'en')
    """
    language = tag.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else LANGUAGES[0]


@cache
def catalogue(language: str) -> dict[str, Sentence]:
    """Return every sentence of one of the LANGUAGES by its key."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        return dict(_entry(message) for message in read_po(file, locale=language) if message.id)


def _entry(message: Message) -> tuple[str, Sentence]:
    match message.id, message.string:
        case str(key), str(form):
            return key, Sentence((form,))
        case (str(key), str(counted)), (*forms,):
            return key, Sentence(tuple(forms), counted)
        case _:
            raise ValueError(f"line {message.lineno}: neither one sentence nor forms of one")


@cache
def locale(language: str) -> Locale:
    """Return Babel's knowledge of one of the LANGUAGES."""
    return Locale.parse(language)


def form_index(language: str, count: int) -> int:
    """Return which form of a counted sentence a language uses for a count.

    >>> [form_index("ru", count) for count in (1, 2, 5, 21)]
    [0, 1, 2, 0]
    """
    rule = locale(language).plural_form
    forms = [category for category in CATEGORIES if category in rule.tags or category == "other"]
    return forms.index(rule(count))


def ordinal_form(language: str, position: int) -> str:
    """Return the CLDR category of an ordinal: in English 1 is "one" (1st), 4 is "other" (4th)."""
    return str(locale(language).ordinal_form(position))
