"""Tells what answers about people and places say: one sentence each, and the lines of their lists."""

from collections.abc import Sequence
from typing import assert_never

from bot.texts.catalogue import OWN_NAMES
from bot.texts.speech import listed, number, say
from bot.updates import (
    AllAccepted,
    AnyAside,
    DeletionAsked,
    Erased,
    Examined,
    Exported,
    Finding,
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
from storage.records import PlaceRules, Preferences

Line = tuple[str, str]  # a label and a value


def describe_aside(answer: AnyAside, language: str) -> str:  # noqa: C901, PLR0911, PLR0912 - one per answer
    """Return one sentence about an answer that shows no job."""
    match answer:
        case PreferencesView():
            return say(language, "settings_view")
        case PlaceView(changed=True, by=by):
            return say(language, "place_changed", name=by.name)
        case PlaceView():
            return say(language, "place_view")
        case StyleKept(style):
            return say(language, "style_kept", style=style.name)
        case StyleGone(name):
            return say(language, "style_gone", style=name)
        case StyleList(styles=(), own=()):
            return say(language, "styles_none")
        case StyleList(styles, own):
            return say(language, "styles_view", count=len(styles) + len(own), example=(*own, *styles)[0].name)
        case LinkCode(code=code, life_seconds=seconds):
            return say(language, "link_code", code=code, life_seconds=seconds)
        case LinkAsked(name=name, identities=identities):
            where = listed(language, sorted({identity.platform.title() for identity in identities}))
            return say(language, "link_asked", name=name, where=where)
        case Linked(balance=balance, lapsed=lapsed):
            return say(language, "linked_lapsed" if lapsed else "linked", available=balance.available)
        case Exported():
            return say(language, "exported")
        case DeletionAsked(jobs=jobs, credits=credits_left):
            return say(language, "deletion_asked", jobs=jobs, credits=credits_left)
        case Erased():
            return say(language, "erased")
        case Granted() | NowBlocked() | NowUnblocked():
            return _act(answer, language)
        case JobsView(items=items):
            return say(language, "jobs_view" if items else "jobs_none")
        case Examined(findings=findings):
            return _examined(findings, answer.well, language)
        case FoundRecipe():
            return _found(answer, language)
        case PictureKept():
            return say(language, "picture_kept")
        case LoraList(names=()):
            return say(language, "loras_none")
        case LoraList(names):
            return say(language, "loras_view", count=len(names), example=names[0])
        case LoraReady():
            return say(language, "lora_ready")
        case KeyMade(text):
            return say(language, "key_made", text=text)
        case Paid(credits=bought, balance=balance):
            return say(language, "paid", credits=bought, available=balance.available)
        case PaymentView(payment):
            return say(language, "payment_view", stars=payment.stars, credits=payment.credits)
        case TakenBack(payment=payment, balance=balance):
            return say(language, "taken_back", stars=payment.stars, available=balance.available)
        case SeveralAsked(texts=texts, pictures=pictures, price=price):
            return say(language, "several_asked", jobs=len(texts), pictures=pictures, price=price)
        case AllAccepted(updates):
            return say(language, "all_accepted", jobs=len(updates))
        case Quoted(price=price):
            return say(language, "quoted", price=price)
        case _:
            assert_never(answer)


def _examined(findings: Sequence[Finding], well: bool, language: str) -> str:
    lines = [say(language, "checkup_well" if well else "checkup_ill")]
    for finding in findings:
        mark, state = ("✓", "good") if finding.good else ("✗", "bad")
        lines.append(f"{mark} {say(language, f'checkup_{finding.organ}_{state}', figure=finding.figure)}")
    return "\n".join(lines)


def _found(found: FoundRecipe, language: str) -> str:
    recipe = found.recipe
    said = {"prompt": recipe.prompt, "size": f"{recipe.width}×{recipe.height}", "seed": str(recipe.seed)}
    if found.made_with:
        return say(language, "found_foreign", model=found.made_with, **said)
    return say(language, "found_recipe", **said)


def _act(act: Granted | NowBlocked | NowUnblocked, language: str) -> str:
    """Return what a moderator did, fit for a log that others read."""
    who = {"by": act.by.name, "to": act.name}
    match act:
        case Granted(credits=given, balance=balance):
            key = "granted" if given > 0 else "taken"
            return say(language, key, **who, credits=abs(given), available=balance.available)
        case NowBlocked(cancelled=0):
            return say(language, "now_blocked_none", **who)
        case NowBlocked(cancelled=cancelled):
            return say(language, "now_blocked", **who, cancelled=cancelled)
        case NowUnblocked():
            return say(language, "now_unblocked", **who)
        case _:
            assert_never(act)


def preference_lines(preferences: Preferences, language: str) -> list[Line]:
    """Return what somebody prefers, line by line."""
    values = {
        "aspect": preferences.aspect or say(language, "as_usual"),
        "count": _number(preferences.count, language, "as_usual"),
        "format": preferences.format.value.upper() if preferences.format else say(language, "as_usual"),
        "private": _yes_or_no(preferences.private, language),
        "language": OWN_NAMES.get(preferences.language or "", say(language, "as_usual")),
        "as_document": _yes_or_no(preferences.as_document, language),
        "styles": number(language, len(preferences.styles)),
    }
    return [(say(language, f"setting_{name}"), value) for name, value in values.items()]


def rule_lines(rules: PlaceRules, language: str) -> list[Line]:
    """Return what holds in a place, line by line; channels and roles by their ids."""
    roles = [f"{role} × {number(language, weight)}" for role, weight in rules.roles]
    values = {
        "channels": listed(language, sorted(rules.channels)) or say(language, "everywhere"),
        "roles": listed(language, roles) or say(language, "everybody"),
        "aspect": rules.aspect or say(language, "as_usual"),
        "count": _number(rules.count, language, "as_usual"),
        "most_pixels": _number(rules.most_pixels, language, "no_limit"),
        "private": _yes_or_no(rules.private, language),
        "spoiler": say(language, f"spoiler_{rules.spoiler}"),
        "words": _yes_or_no(rules.words, language),
        "log_channel": rules.log_channel or say(language, "nowhere"),
        "private_notices": _yes_or_no(rules.private_notices, language),
    }
    return [(say(language, f"rule_{name}"), value) for name, value in values.items()]


def _number(value: int | None, language: str, otherwise: str) -> str:
    return say(language, otherwise) if value is None else number(language, value)


def _yes_or_no(value: bool, language: str) -> str:
    return say(language, "yes" if value else "no")
