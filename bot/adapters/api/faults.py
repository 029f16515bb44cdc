"""Our no over HTTP: a status, a code, one sentence. Each dialect writes it down in its own form."""

from dataclasses import dataclass
from typing import Any, assert_never

from bot.refusals import (
    AccountBlocked,
    AlreadyEnded,
    BadRecipe,
    LoraOnItsWay,
    LoraUnusable,
    NegativeUnguided,
    NoGuidance,
    NoNegativePrompt,
    NoSuchJob,
    NotEnoughCredits,
    NotFinished,
    PainterUnusable,
    QueueIsFull,
    Refusal,
    StillRunning,
    StorageTrouble,
    TooFast,
    TooManyAlternatives,
    TooManyPictures,
    TooManyWaiting,
    UnknownLora,
)
from bot.texts import describe

LATER_SECONDS = 5
TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    402: "Payment required",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    422: "Not valid",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


@dataclass(eq=False)
class ApiFault(Exception):
    """One no. `param` is the faulty field; `retry_seconds` says when to come back."""

    status: int
    code: str
    detail: str
    param: str | None = None
    retry_seconds: int | None = None

    @property
    def title(self) -> str:
        """What the status means, in words."""
        return TITLES.get(self.status, "Error")


def unauthorized(detail: str) -> ApiFault:
    """No key, or not one that opens anything."""
    return ApiFault(401, "unauthorized", detail)


def bad_request(detail: str) -> ApiFault:
    """It could not be read."""
    return ApiFault(400, "invalid_request", detail)


def too_slow(what: str) -> ApiFault:
    """It did not come within the time there is for it."""
    return ApiFault(408, "timeout", f"{what} did not come in time.")


def not_valid(detail: str, param: str | None = None) -> ApiFault:
    """It could be read, and is not possible."""
    return ApiFault(422, "validation_error", detail, param)


def not_found(detail: str = "There is nothing here.") -> ApiFault:
    """Unknown, gone, or somebody else's."""
    return ApiFault(404, "not_found", detail)


def internal() -> ApiFault:
    """A bug of ours; the log has it."""
    return ApiFault(500, "internal_error", "Something went wrong here. Nothing was charged for it.")


def fault_of(refusal: Refusal) -> ApiFault:  # noqa: C901, PLR0911 - one per kind of no
    """Return what a refusal is over HTTP."""
    sentence = describe(refusal, "en")
    match refusal:
        case NotEnoughCredits():
            return ApiFault(402, "payment_required", sentence)
        case TooFast(retry_seconds=seconds):
            return ApiFault(429, "rate_limited", sentence, retry_seconds=seconds)
        case TooManyWaiting(retry_seconds=seconds) | QueueIsFull(retry_seconds=seconds):
            return ApiFault(429, "rate_limited", sentence, retry_seconds=seconds)
        case AccountBlocked():
            return ApiFault(403, "forbidden", sentence)
        case NoSuchJob():
            return not_found("There is no such job.")
        case AlreadyEnded() | StillRunning() | NotFinished():
            return ApiFault(409, "invalid_transition", sentence)
        case PainterUnusable() | StorageTrouble():
            return ApiFault(503, "unavailable", sentence, retry_seconds=LATER_SECONDS)
        case BadRecipe():
            return _bad_recipe(refusal, sentence)
        case LoraOnItsWay():
            return ApiFault(503, "unavailable", sentence, "loras", retry_seconds=LATER_SECONDS)
        case (
            TooManyPictures()
            | NoGuidance()
            | NoNegativePrompt()
            | NegativeUnguided()
            | UnknownLora()
            | LoraUnusable()
        ):
            return _of_field(refusal, sentence)
        case TooManyAlternatives():
            return not_valid(f"prompt: {sentence}", "prompt")
        case _:
            return not_valid(sentence)


def _of_field(
    refusal: TooManyPictures | NoGuidance | NoNegativePrompt | NegativeUnguided | UnknownLora | LoraUnusable,
    sentence: str,
) -> ApiFault:
    match refusal:
        case TooManyPictures():
            return not_valid(sentence, "count")
        case NoGuidance():
            return not_valid(f"guidance: {sentence}", "guidance")
        case NoNegativePrompt() | NegativeUnguided():
            return not_valid(f"negative_prompt: {sentence}", "negative_prompt")
        case UnknownLora() | LoraUnusable():
            return not_valid(f"loras: {sentence}", "loras")
        case _:
            assert_never(refusal)


def _bad_recipe(refusal: BadRecipe, sentence: str) -> ApiFault:
    of_prompt = refusal.rule in {"empty_prompt", "prompt_too_long"}
    name = "prompt" if of_prompt else refusal.details.get("name")
    field = str(name) if name else None
    return not_valid(f"{field}: {sentence}" if field else sentence, field)


def of_validation(errors: list[Any]) -> ApiFault:
    """Return the first of FastAPI's findings as one sentence that names the field."""
    first = errors[0] if errors else {"loc": (), "msg": "not valid"}
    where = [str(part) for part in first["loc"] if part not in {"body", "query", "path", "header"}]
    message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    field = where[-1] if where else None
    if where and where[-1].isdigit():
        field = where[0]
    return not_valid(f"{'.'.join(where)}: {message}." if where else f"{message}.", field)


def headers_of(fault: ApiFault) -> dict[str, str]:
    """Return the headers that say when to come back, and how to show a key."""
    headers = {} if fault.retry_seconds is None else {"retry-after": str(fault.retry_seconds)}
    return headers | ({"www-authenticate": "Bearer"} if fault.status == 401 else {})  # noqa: PLR2004
