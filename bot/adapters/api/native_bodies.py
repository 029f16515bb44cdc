"""What Pinxit's own dialect takes and answers, for its routes and their description."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.adapters.api.beginning import LONGEST_TEXT, Given
from bot.adapters.api.loras import MOST_LISTED, NamedLora
from generator.recipe import MAX_GUIDANCE


class NewJobBody(BaseModel):
    """One order. Everything but the prompt has a default; unknown names are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    prompt: str = Field(examples=["a red circle on a blue background"])
    wildcards: bool = Field(
        False,
        description="Let `{red|blue}` in the prompt stand for one job each, at most 16: all are accepted, or"
        " none, and the answer lists them. Otherwise braces are painted as words.",
    )
    negative_prompt: str = ""
    width: int | None = Field(None, ge=64, le=2048, examples=[256])
    height: int | None = Field(None, ge=64, le=2048, examples=[256])
    aspect_ratio: str | None = Field(None, max_length=20, examples=["16:9"])
    steps: int | None = Field(None, ge=1, le=50)
    shift: float | None = Field(None, ge=1, le=10)
    guidance: float | None = Field(
        None,
        ge=0,
        le=MAX_GUIDANCE,
        description="How closely the prompt is followed, where the model takes it.",
    )
    seed: int | None = Field(None, ge=-1, lt=2**63, description="-1 or null leaves it to chance.")
    count: int = Field(1, ge=1, le=10)
    loras: list[NamedLora] | None = Field(None, max_length=MOST_LISTED)
    format: Literal["png", "jpeg", "webp"] = "png"
    image: Given | None = Field(
        None,
        description="What to start from: an https address, the `uri` of a file sent here, a data: URI, or"
        " a picture of a job of yours. Without a size of its own the order has the picture's ratio.",
        examples=[{"job": "…", "index": 0}],
    )
    mask: str | None = Field(
        None,
        max_length=LONGEST_TEXT,
        description="What is white (or transparent) in it is painted anew, and nothing else changes.",
    )
    strength: float | None = Field(None, ge=0, le=1, description="How much is painted anew; 0.6 is usual.")
    other: Given | None = Field(
        None,
        description="A second picture, given as `image` is: what is painted starts between the two.",
        examples=[{"job": "…", "index": 0}],
    )
    share: float | None = Field(
        None, ge=0, le=1, description="How far it starts towards `other`; 0.5 is the middle and usual."
    )
    webhook: str | None = Field(None, max_length=2000)
    dry_run: bool = Field(False, description="Price the order and draw nothing.")


class PictureView(BaseModel):
    """A finished picture; its URL needs no key."""

    url: str
    width: int
    height: int
    format: str
    seed: int
    size_bytes: int


class JobView(BaseModel):
    """A job as it stands."""

    id: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    created_at: str
    ended_at: str | None
    progress: float = Field(description="Percent; never falls.")
    step: int | None
    steps: int | None
    place: int | None
    eta_seconds: float | None
    price: int
    recipe: dict[str, Any]
    count: int
    pictures: list[PictureView]
    message: str
    error: str | None


class QuoteView(BaseModel):
    """What an order would cost."""

    dry_run: bool
    price: int
    available: int
    enough: bool
    recipe: dict[str, Any]


class SeveralView(BaseModel):
    """The jobs that wildcards stand for, and what all of them cost."""

    price: int
    data: list[JobView]


class SeveralQuoteView(BaseModel):
    """What the orders that wildcards stand for would cost together."""

    dry_run: bool
    price: int
    available: int
    enough: bool
    recipes: list[dict[str, Any]]


class JobsView(BaseModel):
    """Jobs, newest first."""

    data: list[JobView]
    more: bool


class ToldView(BaseModel):
    """How telling a webhook went: `state` is waiting, delivered or given_up."""

    url: str
    tries: int
    last_answer: str
    state: str


class KeyView(BaseModel):
    """A key and its account."""

    key: str
    name: str
    scopes: list[str]
    expires_at: str | None
    credits: dict[str, int]
    requests_per_minute: float | None
    max_waiting: int | None
    webhook_secret: str
