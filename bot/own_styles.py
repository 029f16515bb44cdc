"""Styles that people save for themselves: a template and options, kept as they were typed."""

import re
from contextlib import suppress
from dataclasses import replace

from bot.commands import DeleteStyle, RenameStyle, SaveStyle, ShowStyles
from bot.options import Defaults, parse, split
from bot.people import People
from bot.refusals import (
    BadStyleName,
    NoNegativePrompt,
    Refusal,
    StyleNameTaken,
    StyleTooLong,
    TooManyStyles,
    UnknownStyle,
)
from bot.styles import PROMPT, Style, Styles, is_name, spelled
from bot.updates import StyleGone, StyleKept, StyleList
from generator.models import GUIDED, Model
from storage.records import LONGEST_STYLE, MOST_STYLES, Preferences

BRACES = re.compile(r"\{\s*prompt\s*\}", re.IGNORECASE)
ANY_PROMPT = "a fox"


def style_of(name: str, text: str) -> Style:
    """Return the style that somebody typed; a template that names no place for the prompt follows it.

    Raises a Refusal where the text cannot be read.
    """
    template, options = split(BRACES.sub(PROMPT, text))
    if PROMPT not in template:
        template = f"{PROMPT}, {template}" if template else PROMPT
    negative = options.pop("no", "")
    options.pop("style", None)  # no style within a style
    return Style(name=name, template=template, negative=negative, options=options)


def styles_for(preferences: Preferences, house: Styles) -> Styles:
    """Return the person's own styles over those of the house."""
    own = own_styles(preferences)
    return Styles((*house.all(), *own)) if own else house


def own_styles(preferences: Preferences) -> tuple[Style, ...]:
    """Return the styles that somebody saved, but for those that no longer can be read."""
    styles = []
    for name, text in preferences.styles:
        with suppress(Refusal):
            styles.append(style_of(name, text))
    return tuple(styles)


class OwnStyles:
    """Keeps them among what the person prefers, so that they are exported and deleted with it."""

    def __init__(self, people: People, model: Model, defaults: Defaults) -> None:
        self._people = people
        self._model = model
        self._defaults = defaults

    async def answer(
        self, command: ShowStyles | SaveStyle | RenameStyle | DeleteStyle
    ) -> StyleList | StyleKept | StyleGone:
        """Show them all, or change the person's own. Raises a Refusal."""
        preferences = self._people.preferences(command.by.identity)
        if isinstance(command, ShowStyles):
            return StyleList(self._defaults.styles.all(), own_styles(preferences))
        own = dict(preferences.styles)
        answer = self._changed(own, command)
        await self._people.prefer(command.by, replace(preferences, styles=tuple(sorted(own.items()))))
        return answer

    def _changed(
        self, own: dict[str, str], command: SaveStyle | RenameStyle | DeleteStyle
    ) -> StyleKept | StyleGone:
        match command:
            case SaveStyle(name=typed, text=text):
                name = _name(typed)
                if name not in own and len(own) >= MOST_STYLES:
                    raise TooManyStyles(limit=MOST_STYLES)
                self._check(name, text)
                own[name] = text
                return StyleKept(style_of(name, text))
            case RenameStyle(name=typed, to=wished):
                name, to = _known(typed, own), _name(wished)
                if to in own and to != name:
                    raise StyleNameTaken(style=to)
                own[to] = own.pop(name)
                return StyleKept(style_of(to, own[to]))
            case DeleteStyle(name=typed):
                name = _known(typed, own)
                del own[name]
                return StyleGone(name)

    def _check(self, name: str, text: str) -> None:
        """Raise the Refusal that ordering something in this style would meet."""
        if len(text) > LONGEST_STYLE:
            raise StyleTooLong(length=len(text), limit=LONGEST_STYLE)
        style = style_of(name, text)
        if style.negative and not self._model.takes_guidance:
            raise NoNegativePrompt(model=self._model.title, able=", ".join(GUIDED))
        styles = Styles([style])
        parse(f'{ANY_PROMPT} --style "{name}"', self._model, replace(self._defaults, styles=styles))


def _name(typed: str) -> str:
    name = spelled(typed)
    if not is_name(name):
        raise BadStyleName(style=typed[:40])
    return name


def _known(typed: str, own: dict[str, str]) -> str:
    name = spelled(typed)
    if name not in own:
        raise UnknownStyle(style=typed[:40], guess="")
    return name
