"""Tells what happened: one kind sentence for every update, answer, refusal and fault."""

from typing import assert_never

from bot.refusals import (
    BadRecipe,
    LoraUnusable,
    NoGuidance,
    NoNegativePrompt,
    NoStartsHere,
    Refusal,
    UnknownLora,
    UnknownOption,
    UnknownStyle,
)
from bot.texts.asides import describe_aside
from bot.texts.speech import duration, place, say
from bot.updates import (
    Answer,
    Aside,
    Broken,
    Cancelled,
    Deleted,
    Delivered,
    History,
    Info,
    Progress,
    Queued,
    QueueView,
    Refused,
    Stopping,
    Wallet,
)
from generator.messages import Fault
from generator.models import EMBEDDED_MODEL


def describe(thing: Answer | Refusal | Fault, language: str) -> str:
    """Return one sentence (two where something is to be done) about what happened."""
    match thing:
        case Queued() | Progress() | Delivered() | Broken() | Cancelled():
            return _update(thing, language)
        case Stopping() | Deleted() | Info() | Wallet() | QueueView() | History():
            return _view(thing, language)
        case Aside():
            return describe_aside(thing, language)
        case Refused(refusal):
            return _refusal(refusal, language)
        case Refusal():
            return _refusal(thing, language)
        case Fault():
            return say(language, f"fault_{thing}")
        case _:
            assert_never(thing)


def _update(update: Queued | Progress | Delivered | Broken | Cancelled, language: str) -> str:
    match update:
        case Queued():
            return _queued(update, language)
        case Progress(step=0):
            return say(language, "progress_start")
        case Progress(step=step, steps=steps):
            return say(language, "progress", step=step, steps=steps)
        case Delivered():
            return _delivered(update, language)
        case Broken(fault=fault):
            return say(language, "broken", reason=describe(fault, language))
        case Cancelled():
            return say(language, "cancelled")
        case _:
            assert_never(update)


def _queued(update: Queued, language: str) -> str:
    where = place(language, update.place)
    if update.loading is not None:
        return say(language, "queued_loading", percent=int(update.loading * 100), place=where)
    return say(language, "queued", place=where, wait=duration(language, update.eta_seconds))


def _delivered(update: Delivered, language: str) -> str:
    if update.job.deleted or not update.pictures:
        return say(language, "deleted")
    sentence = say(language, "delivered", count=len(update.pictures))
    if not update.job.recipe.drawn_steps:
        return say(language, "delivered_resized", sentence=sentence)
    if any(picture.truncated for picture in update.pictures):
        return say(language, "delivered_truncated", sentence=sentence)
    return sentence


def _view(view: Stopping | Deleted | Info | Wallet | QueueView | History, language: str) -> str:
    match view:
        case Stopping():
            return say(language, "stopping")
        case Deleted():
            return say(language, "deleted")
        case Info(job=job):
            recipe = job.recipe
            size = f"{recipe.width}×{recipe.height}"
            return say(
                language, "info", size=size, steps=recipe.steps, seed=str(recipe.seed), price=job.price
            )
        case Wallet(balance=balance):
            key = "wallet_held" if balance.held else "wallet"
            return say(language, key, available=balance.available, held=balance.held)
        case QueueView(mine=mine, length=length):
            key = "queue_mine" if mine else "queue_none"
            return say(language, key, mine=len(mine), length=length)
        case History(items=items):
            return say(language, "history" if items else "history_empty")
        case _:
            assert_never(view)


def _refusal(refusal: Refusal, language: str) -> str:  # noqa: PLR0911 - one per kind
    match refusal:
        case BadRecipe(rule=rule, details=details):
            return say(language, f"recipe_{rule}", **_named(details, language))
        case NoGuidance(model=model) | NoStartsHere(model=model) | NoNegativePrompt(model=model):
            return say(language, refusal.key, **refusal.values() | {"model": _model(model, language)})
        case UnknownOption(option=option, guess=""):
            return say(language, "unknown_option_no_guess", option=option)
        case UnknownStyle(style=style, guess=""):
            return say(language, "unknown_style_no_guess", style=style)
        case LoraUnusable(lora=lora, rule=rule, details=details):
            return say(language, "lora_unusable", lora=lora, reason=say(language, f"lora_{rule}", **details))
        case UnknownLora(lora=lora, names=""):
            return say(language, "no_loras", lora=lora)
        case UnknownLora(lora=lora, guess="", names=names):
            return say(language, "unknown_lora_no_guess", lora=lora, names=names)
        case _:
            return say(language, refusal.key, **refusal.values())


def _model(title: str, language: str) -> str:
    """Return what a model is called; the demonstration model has no name of its own."""
    return say(language, "demonstration_model") if title == EMBEDDED_MODEL.title else title


def _named(details: dict[str, object], language: str) -> dict[str, object]:
    """Put a recipe's field into the reader's words: "width" becomes "ширина"."""
    if "name" not in details:
        return details
    return details | {"name": say(language, f"field_{details['name']}")}
