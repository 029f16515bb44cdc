"""What the page says and is told about the person: settings, styles, joining accounts, what is kept."""

from collections.abc import Mapping
from typing import Any, assert_never

from bot.commands import (
    ChangeSettings,
    Command,
    DeleteMine,
    DeleteStyle,
    ExportMine,
    MakeLink,
    Person,
    RenameStyle,
    SaveStyle,
    ShowLoras,
    ShowSettings,
    ShowStyles,
    UseLink,
)
from bot.options import render
from bot.texts import describe, preference_lines, say
from bot.texts.catalogue import OWN_NAMES
from bot.updates import (
    AllAccepted,
    AnyAside,
    DeletionAsked,
    Erased,
    Examined,
    Exported,
    FoundRecipe,
    Granted,
    JobsView,
    KeyMade,
    LinkAsked,
    LinkCode,
    Linked,
    LoraList,
    LoraReady,
    NowBlocked,
    NowUnblocked,
    Paid,
    PaymentView,
    PictureKept,
    PlaceView,
    PreferencesView,
    Quoted,
    SeveralAsked,
    StyleGone,
    StyleKept,
    StyleList,
    TakenBack,
)
from bot.wildcards import literal
from generator.messages import PictureFormat
from generator.models import ASPECTS
from storage.records import Preferences

View = dict[str, Any]

LONGEST_CODE = 100
COUNTS = (1, 2, 3, 4)


def personal(values: Mapping[str, Any], by: Person) -> Command | None:  # noqa: C901, PLR0911 - one per message
    """Read what is about the person; None for anything else."""
    match values:
        case {"type": "settings"}:
            return ShowSettings(by)
        case {"type": "change_settings", "field": str(field), "value": value}:
            return _change(by, field, value)
        case {"type": "styles"}:
            return ShowStyles(by)
        case {"type": "save_style", "name": str(name), "text": str(text)}:
            return SaveStyle(by, name, text)
        case {"type": "rename_style", "name": str(name), "to": str(to)}:
            return RenameStyle(by, name, to)
        case {"type": "delete_style", "name": str(name)}:
            return DeleteStyle(by, name)
        case {"type": "loras"}:
            return ShowLoras(by)
        case {"type": "link"}:
            return MakeLink(by)
        case {"type": "use_link", "code": str(code), "confirmed": bool(confirmed)} if (
            len(code) <= LONGEST_CODE
        ):
            return UseLink(by, code, confirmed)
        case {"type": "export"}:
            return ExportMine(by)
        case {"type": "erase", "confirmed": bool(confirmed)}:
            return DeleteMine(by, confirmed)
    return None


def _change(by: Person, field: str, value: object) -> ChangeSettings | None:
    """Read the new value of one preference: one of those that the page was offered."""
    offered = _choices("en").get(field, [])
    if not any(value is each or (value == each and type(value) is type(each)) for each, _ in offered):
        return None
    changed = PictureFormat(value) if field == "format" and isinstance(value, str) else value
    return ChangeSettings(by=by, **{field: changed})  # type: ignore[arg-type]


def personal_view(answer: AnyAside, language: str) -> View:  # noqa: C901, PLR0911, PLR0912 - one per answer
    """Return the message that tells an answer about people."""
    told = {"sentence": describe(answer, language)}
    match answer:
        case PreferencesView(preferences):
            return told | {"type": "settings", "fields": _fields(preferences, language)}
        case StyleList(styles, own):
            listed = [{"name": style.name, "title": style.title(language)} for style in styles]
            owned = [{"name": style.name, "text": style.typed} for style in own]
            how = say(language, "style_how")
            return told | {"type": "styles", "styles": listed, "own": owned, "how": how}
        case StyleKept() | StyleGone():
            return told | {"type": "style_changed"}
        case LoraList(names):
            return told | {"type": "loras", "names": list(names)}
        case LinkCode(code=code):
            return told | {"type": "link_code", "code": code}
        case Exported(file=file, name=name):
            return told | {"type": "export", "name": name, "text": file.decode()}
        case KeyMade(text):
            return told | {"type": "key", "key": text}
        case Linked() | Erased():
            return told | {"type": "changed"}  # everything the page shows may be different now
        case DeletionAsked() | LinkAsked():
            return told | {"type": "sure"}
        case SeveralAsked(texts=texts, price=price, balance=balance):
            said = {"texts": [literal(text) for text in texts], "price": price}
            return told | {"type": "several", "available": balance.available} | said
        case FoundRecipe(recipe):
            return told | {"type": "found", "again": render(recipe, 1)}
        case PictureKept(sha256=sha256, width=width, height=height):
            return told | {"type": "kept", "picture": sha256, "width": width, "height": height}
        case PlaceView() | Granted() | NowBlocked() | NowUnblocked() | JobsView() | Quoted():
            return told | {"type": "note"}
        case AllAccepted() | Paid() | PaymentView() | TakenBack() | LoraReady() | Examined():
            return told | {"type": "note"}
        case _:
            assert_never(answer)


def _fields(preferences: Preferences, language: str) -> list[View]:
    labels = dict(zip(Preferences.__dataclass_fields__, preference_lines(preferences, language), strict=True))
    return [
        {
            "name": name,
            "label": labels[name][0],
            "value": getattr(preferences, name),
            "choices": [{"value": value, "title": title} for value, title in choices],
        }
        for name, choices in _choices(language).items()
    ]


def _choices(language: str) -> dict[str, list[tuple[Any, str]]]:
    """Return the values that a preference can have, with what to call them."""
    usual: list[tuple[Any, str]] = [(None, say(language, "as_usual"))]
    yes_or_no: list[tuple[Any, str]] = [(False, say(language, "no")), (True, say(language, "yes"))]
    return {
        "aspect": usual + [(aspect, aspect) for aspect in ASPECTS],
        "count": usual + [(count, str(count)) for count in COUNTS],
        "format": usual + [(each.value, each.value.upper()) for each in PictureFormat],
        "private": yes_or_no,
        "language": usual + list(OWN_NAMES.items()),
        "as_document": yes_or_no,
    }
