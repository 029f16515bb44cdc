"""The LoRAs that an order of any dialect names: of the shelf, of a sent file, or at an address."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from bot.adapters.api.asking import Asking
from bot.adapters.api.core import Core
from bot.adapters.api.faults import fault_of, not_valid
from bot.adapters.api.files import secret_in
from bot.commands import FetchLora
from bot.updates import LoraReady, Refused
from generator.loras import name_of
from generator.recipe import MAX_LORAS, Lora, RecipeError
from storage.keys import Scope

NAMELESS = "lora"
MOST_LISTED = 20


class NamedLora(BaseModel):
    """A LoRA to draw with: that of the owner's shelf with this name, or what lies at `lora_url`.

    `lora_url` is an https address or the `uri` of a file sent here. Each LoRA adds a credit to the price.
    """

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    adapter_name: str = Field(max_length=200, examples=["snow"])
    lora_url: str | None = Field(None, max_length=2000)
    lora_multiplier: float = Field(1.0, description="How strongly, from -2 to 2.", examples=[0.8])


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """Finds them; `field` is what the dialect calls them."""

    core: Core
    field: str = "loras"

    async def loras(self, asking: Asking, given: Sequence[NamedLora] | None) -> tuple[Lora, ...]:
        """Return the LoRAs of a recipe. Raises ApiFault."""
        if not given:
            return ()
        asking.caller.must_have(Scope.DRAW)
        if len(given) > MAX_LORAS:
            raise not_valid(f"{self.field}: At most {MAX_LORAS} LoRAs are possible at once.", "loras")
        found: list[Lora] = []
        for each in given:
            found.append(await self._one(asking, each, {lora.name for lora in found}))
        return tuple(found)

    async def _one(self, asking: Asking, given: NamedLora, taken: set[str]) -> Lora:
        try:
            if not given.lora_url:
                return Lora(given.adapter_name, given.lora_multiplier)
            checked = Lora(_free(name_of(given.adapter_name) or NAMELESS, taken), given.lora_multiplier)
        except RecipeError as error:
            raise not_valid(f"{self.field}: {error}", "loras") from None
        return Lora(checked.name, checked.scale, await self._fetched(asking, checked.name, given.lora_url))

    async def _fetched(self, asking: Asking, name: str, url: str) -> str:
        """Return the content of what lies there: in a file that was sent here, or elsewhere."""
        secret = secret_in(url)
        sent = await self.core.files.by_secret(secret) if secret else None
        where = {"upload": secret or ""} if sent else {"address": url}
        answer = await self.core.answer(FetchLora(by=asking.caller.by, name=name, **where))
        match answer:
            case LoraReady(sha256):
                return sha256
            case Refused(refusal):
                raise fault_of(refusal)
            case _:
                raise TypeError(type(answer).__name__)


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no other LoRA of the order has: two addresses may be called alike."""
    names = (name, *(f"{name[:45]}-{number}" for number in range(2, MAX_LORAS + 2)))
    return next(each for each in names if each not in taken)
