"""What an order in the dialect of OpenAI says: its fields, and what they mean here. No I/O."""

import re
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.adapters.api.asking import Asking
from bot.adapters.api.faults import ApiFault, not_valid, of_validation
from bot.adapters.api.forms import KIND as FORM
from bot.adapters.api.forms import Form
from bot.adapters.api.loras import MOST_LISTED, NamedLora
from bot.adapters.api.openai_answers import Showing
from bot.adapters.api.wire import read_object
from bot.adapters.api.wishes import Sizes
from generator.models import Model

MODEL = "z-image-turbo"
ELSEWHERE = re.compile(r"(dall-e|gpt-image|chatgpt-image)[\w.-]{0,60}")  # names that tools hard-code
AS_BASE64 = re.compile(r"(gpt-image|chatgpt-image)")  # whose answers hold the picture itself
SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
USUAL_SIDE = 1024
FAITHFUL_STRENGTH = 0.4  # with `input_fidelity: high`
MOST_IMAGES = 2


class ImagesBody(BaseModel):
    """What every order may say. Other keys (quality, style, background, user) are taken and mean nothing."""

    model_config = ConfigDict(strict=True, extra="ignore")

    model: str | None = Field(None, max_length=200, examples=[MODEL])
    n: int | None = Field(None, ge=1, le=10)
    size: str | None = Field(None, max_length=20, examples=["1024x1024"])
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: int | None = Field(None, ge=0, le=100)
    stream: bool | None = None
    partial_images: int | None = Field(None, ge=0, le=3)
    seed: int | None = Field(None, ge=-1, lt=2**63)
    loras: list[NamedLora] | None = Field(None, max_length=MOST_LISTED)

    def showing(self, asking: Asking, events: str) -> Showing:
        """Return how the pictures are to be answered."""
        form = self.output_format or "png"
        wished = self.response_format or ("b64_json" if AS_BASE64.match(self.model or MODEL) else "url")
        as_base64 = wished == "b64_json" or bool(self.stream)
        return Showing(
            asking=asking,
            format=form,
            quality=self.output_compression if as_base64 and form != "png" else None,
            as_base64=as_base64,
            partial_images=self.partial_images or 0,
            stream=bool(self.stream),
            events=events,
        )

    def check_model(self, model: Model) -> None:
        """Raise ApiFault for the name of a model that is not here."""
        if self.model and self.model not in {MODEL, model.name} and not ELSEWHERE.fullmatch(self.model):
            raise no_such_model(self.model)


class GenerationBody(ImagesBody):
    """An order from words alone."""

    prompt: str = Field(max_length=32_000, examples=["a red circle on a blue background"])

    @property
    def sizes(self) -> Sizes:
        """The size; OpenAI's usual one where nothing is said."""
        return sides_of(self.size) or Sizes(USUAL_SIDE, USUAL_SIDE)


class _FormOfAnOrder(ImagesBody):
    """Fields of a form are text, read for what they mean."""

    model_config = ConfigDict(strict=False, extra="ignore", allow_inf_nan=False)

    strength: float | None = Field(
        None, ge=0, le=1, description="How much is painted anew; 0.6 is usual, 1 with a mask."
    )

    @field_validator("loras", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Read the list as JSON. Raises ApiFault."""
        if not isinstance(value, str):
            return value
        try:
            return read_object(f'{{"loras":{value}}}'.encode())["loras"]
        except ApiFault:
            raise not_valid("loras: send a list in JSON.", "loras") from None

    @property
    def sizes(self) -> Sizes:
        """The size; the picture's own ratio where nothing is said."""
        return sides_of(self.size) or Sizes()


T = TypeVar("T", bound=_FormOfAnOrder)


class EditForm(_FormOfAnOrder):
    """An order from words and one picture, or two to paint from between them (`image`, `image[]`).

    What is transparent in the `mask` (or white, where nothing in it is transparent) is painted anew, and
    nothing else changes.
    """

    prompt: str = Field(max_length=32_000, examples=["the same at night"])
    input_fidelity: Literal["high", "low"] | None = Field(
        None, description="`high` paints less of the picture anew, where no strength is said."
    )
    share: float | None = Field(None, ge=0, le=1, description="How far towards the second picture.")

    def wanted_strength(self, *, masked: bool) -> float | None:
        """Return how much is to be painted anew; None leaves it to what is usual."""
        faithful = self.input_fidelity == "high" and not masked
        return FAITHFUL_STRENGTH if self.strength is None and faithful else self.strength


class VariationForm(_FormOfAnOrder):
    """An order for more of the same; the words are the picture's own, where they are known here."""

    prompt: str | None = Field(None, max_length=32_000, description="Needed for a picture from elsewhere.")


def read_as(kind: type[T], form: Form) -> T:
    """Return the fields of a form; empty ones say nothing. Raises ApiFault."""
    said = {name: value for name, value in form.fields.items() if value}
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise of_validation([dict(each) for each in error.errors()]) from None


def images_of(form: Form) -> tuple[bytes, bytes | None]:
    """Return the picture of a form, and the second one where there are two. Raises ApiFault."""
    match form.files.get("image", ()):
        case (only,):
            return only, None
        case (first, second):
            return first, second
        case ():
            raise not_valid("image: send a picture, as a file of the form.", "image")
        case _:
            raise not_valid(f"image: at most {MOST_IMAGES} pictures are possible at once.", "image")


def mask_of(form: Form) -> bytes | None:
    """Return the mask of a form, if there is one. Raises ApiFault."""
    match form.files.get("mask", ()):
        case ():
            return None
        case (only,):
            return only
        case _:
            raise not_valid("mask: only one is possible.", "mask")


def sides_of(text: str | None) -> Sizes | None:
    """Return what a size says, None for `auto` and nothing. Raises ApiFault."""
    if text is None or text == "auto":
        return None
    found = SIZE.fullmatch(text)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (64 <= width <= 2048 and 64 <= height <= 2048):  # noqa: PLR2004 - the sentence says them
        raise not_valid("size: say auto, or WxH with sides from 64 to 2048, such as 1024x1024.", "size")
    return Sizes(width, height)


def no_such_model(name: str) -> ApiFault:
    """Return the no to a model that is not here."""
    return ApiFault(404, "model_not_found", f"There is no model {name[:100]!r} here; {MODEL} is.", "model")


def described(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the body of a form for the API's description."""
    schema = kind.model_json_schema()
    schema.pop("$defs")
    files = ("image", "mask") if kind is EditForm else ("image",)
    loras = {"type": "string", "description": "A JSON list, as in an order from words."}
    schema["properties"] |= {"loras": loras} | {
        name: {"type": "string", "format": "binary"} for name in files
    }
    schema["required"] = [*schema.get("required", ()), "image"]
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}
