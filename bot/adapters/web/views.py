"""What the page is told: every update and answer as plain JSON values, sentences in its language.

Seeds are text, because a browser's numbers end at 2**53.
"""

import base64
import re
from collections.abc import Iterable
from typing import Any, assert_never

from bot.adapters.web.beginning import start_view
from bot.adapters.web.personal import personal_view
from bot.file_names import ENDINGS
from bot.options import is_said, lora_flag, render
from bot.texts import describe
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
    Update,
    Wallet,
)
from bot.wildcards import plain
from generator.messages import Health, Loading, Ready, Unusable
from generator.models import model_for
from generator.recipe import Recipe
from storage.records import Balance, Entry, Job, Picture

SUBTLE_UP_TO = 0.25  # between the strengths of a subtle (0.15) and a strong (0.4) variation
LONGEST_NAME = 60

View = dict[str, Any]


def answer_view(answer: Answer, language: str) -> View:  # noqa: PLR0911 - one line for each kind of answer
    """Return the message that answers a command."""
    match answer:
        case Queued() | Progress() | Delivered() | Broken() | Cancelled():
            return {"type": "item", "item": item(answer, language)}
        case Refused(refusal):
            return {"type": "refused", "key": refusal.key, "sentence": describe(refusal, language)}
        case Stopping(job):
            return {"type": "stopping", "job": job, "sentence": describe(answer, language)}
        case Deleted(job):
            return {"type": "deleted", "job": job, "sentence": describe(answer, language)}
        case Info():
            return _info(answer)
        case Wallet():
            return _wallet(answer)
        case QueueView():
            return {"type": "queue", "items": items(answer.mine, language), "length": answer.length}
        case History():
            return {"type": "history", "items": items(answer.items, language), "more": answer.more}
        case Aside():
            return personal_view(answer, language)
        case _:
            assert_never(answer)


def items(updates: Iterable[Update], language: str) -> list[View]:
    """Return updates as the page's items, in their order."""
    return [item(update, language) for update in updates]


def item(update: Update, language: str) -> View:
    """Return a job as its message in the chat shows it."""
    return _job(update.job) | {"sentence": describe(update, language)} | _state(update)


def health_view(health: Health) -> View:
    """Return how the painter is."""
    match health:
        case Loading(fraction):
            return {"type": "health", "state": "loading", "fraction": fraction}
        case Ready(model):
            return {"type": "health", "state": "busy" if health.busy else "ready", "model": model}
        case Unusable(reason):
            return {"type": "health", "state": "unusable", "reason": reason}
        case _:
            assert_never(health)


def balance_view(balance: Balance) -> View:
    """Return the credits in the top bar."""
    return {"type": "balance", "available": balance.available, "held": balance.held}


def file_name(picture: Picture) -> str:
    """Return the name a picture is saved under, for example ``pinxit-01k9-2.png``."""
    return f"pinxit-{_plain(picture.job)}-{picture.index + 1}.{ENDINGS[picture.format]}"


def _state(update: Update) -> View:
    match update:
        case Queued():
            return {
                "state": "queued",
                "place": update.place,
                "eta": update.eta_seconds,
                "loading": update.loading,
            }
        case Progress():
            return {
                "state": "running",
                "step": update.step,
                "of": update.steps,
                "previews": [[index, _data_url(jpeg)] for index, jpeg in update.previews],
            }
        case Delivered():
            return {
                "state": "done",
                "pictures": [_picture(picture, update.job) for picture in update.pictures],
            }
        case Broken():
            return {"state": "broken"}
        case Cancelled():
            return {"state": "cancelled"}
        case _:
            assert_never(update)


def _job(job: Job) -> View:
    recipe = job.recipe
    return {
        "job": job.id,
        "attempt": job.attempt,
        "parent": job.parent,
        "created": job.created_at,
        "count": job.count,
        "price": job.price,
        "seconds": job.draw_seconds,
        "prompt": recipe.prompt,
        "text": _typed(job),
        "width": recipe.width,
        "height": recipe.height,
        "seed": str(recipe.seed),
        "variation": _variation(recipe),
        "start": start_view(recipe.start),
        "resized": recipe.drawn_steps == 0,
    }


def _variation(recipe: Recipe) -> str | None:
    if recipe.variation_seed is None:
        return None
    return "subtle" if recipe.variation_strength < SUBTLE_UP_TO else "strong"


def _picture(picture: Picture, job: Job) -> View:
    ending = ENDINGS[picture.format]
    return {
        "index": picture.index,
        "src": f"/pictures/{picture.secret}.{ending}",
        "width": picture.width,
        "height": picture.height,
        "truncated": picture.truncated,
        "file": f"{_slug(job.recipe.prompt)}{_plain(job.id)}-{picture.index + 1}.{ending}",
    }


def _info(info: Info) -> View:
    job, recipe = info.job, info.job.recipe
    return {
        "type": "info",
        "job": job.id,
        "recipe": recipe.as_dict()
        | {"seed": str(recipe.seed), "variation_seed": _text(recipe.variation_seed)},
        "count": job.count,
        "format": job.format.value,
        "price": job.price,
        "seconds": job.draw_seconds,
        "created": job.created_at,
        "bytes": [picture.size_bytes for picture in info.pictures],
        "again": _again(job),
        "receipt": [_entry(entry) for entry in info.receipt],
    }


def _typed(job: Job) -> str:
    """Return the prompt with the options worth keeping when it is edited: those that are not usual.

    Not the seed, and not what the page shows beside a picture to start from.
    """
    recipe, model = job.recipe, model_for(job.recipe.model)
    size = recipe.width, recipe.height
    ratio = next((name for name, preset in model.aspects.items() if preset == size), None)
    unusual = {
        f"--ar {ratio}" if ratio else f"--size {recipe.width}x{recipe.height}": size != model.size,
        f"--n {job.count}": job.count > 1,
        f"--steps {recipe.steps}": recipe.steps != model.steps,
        f"--shift {recipe.shift:g}": recipe.shift != model.shift,
        f"--guidance {recipe.guidance:g}": recipe.guidance != model.guidance,
        lora_flag(recipe.loras): bool(recipe.loras),
        f"--no {plain(recipe.negative_prompt)}": bool(recipe.guidance and recipe.negative_prompt),
    }
    return " ".join([plain(recipe.prompt), *(option for option, kept in unusual.items() if kept)])


def _again(job: Job) -> str | None:
    """Return what to type to draw the job again, where words can say it."""
    return f"/imagine {render(job.recipe, job.count, job.format)}" if is_said(job.recipe) else None


def _wallet(wallet: Wallet) -> View:
    return {
        "type": "wallet",
        "available": wallet.balance.available,
        "held": wallet.balance.held,
        "daily": wallet.daily_allowance,
        "entries": [_entry(entry) for entry in wallet.entries],
    }


def _entry(entry: Entry) -> View:
    return {
        "kind": entry.kind.value,
        "available": entry.available,
        "held": entry.held,
        "job": entry.job,
        "note": entry.note,
        "created": entry.created_at,
    }


def _data_url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _slug(prompt: str) -> str:
    """Return the prompt's first words as part of a file name in any script, or nothing."""
    words = re.sub(r"[^\w]+|_+", "-", prompt[: 4 * LONGEST_NAME]).strip("-")
    return words[:LONGEST_NAME].rstrip("-") + "-" if words else "pinxit-"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "", text)[:40]
