"""How long drawing takes, as learned shape by shape, and where in line a job stands."""

from collections.abc import Sequence
from typing import Protocol

from generator.models import Model
from generator.recipe import Recipe
from generator.work import GUIDED, steps_before, steps_of
from storage.records import Place

SHAPES_KEPT = 10_000
LORA_SHARE = 0.02  # of a usual picture's seconds: reading a file and adding it to the weights
LEAST_STEPS = 0.5  # where nothing is drawn, a picture is still read, scaled and written


class Memory(Protocol):
    """The two verbs of storage that learning needs."""

    async def measured(self, shape: str) -> float | None:
        """Return the learned seconds of a shape key, or None."""

    async def learn(self, shapes: Sequence[str], seconds: float) -> None:
        """Fold one measurement into each of the shapes."""


class Estimate:
    """Expected seconds on the card: what was measured for the shape, else scaled from what is known."""

    def __init__(self, store: Memory, model: Model) -> None:
        self._store = store
        self._model = model
        self._known: dict[str, float | None] = {}

    async def seconds(self, recipe: Recipe, count: int) -> float:
        """Return the expected seconds on the card for `count` pictures, and for putting LoRAs on."""
        return await self._drawing(recipe, count) + LORA_SHARE * self._model.seconds * len(recipe.worn)

    async def _drawing(self, recipe: Recipe, count: int) -> float:
        if (measured := await self._measured(self.shape(recipe))) is not None:
            return count * measured
        width, height = self._model.size
        steps = self._model.steps * (GUIDED if self._model.guidance else 1)
        usual = await self._measured(_key(self._model, *self._model.drawn_size(width, height), steps))
        return (usual or self._model.seconds) * _work(self._model, recipe, count)

    async def learn(self, recipe: Recipe, seconds: float, together: int = 1) -> None:
        """Remember the measured seconds of one picture of so many that were drawn as one batch."""
        shape = self.shape(recipe)
        keys = (shape, _of_many(shape, together))
        await self._store.learn(keys, seconds)
        for key in keys:
            self._known[key] = await self._store.measured(key)

    async def together(self, recipe: Recipe, most: int) -> dict[int, float]:
        """Return the measured seconds of one picture by how many were drawn as one batch, up to `most`."""
        shape = self.shape(recipe)
        found = {count: await self._measured(_of_many(shape, count)) for count in range(1, most + 1)}
        return {count: seconds for count, seconds in found.items() if seconds is not None}

    def shape(self, recipe: Recipe) -> str:
        """Return the key under which is learned how long such pictures take."""
        return shape_key(self._model, recipe)

    def pixels(self, recipe: Recipe) -> int:
        """Return how many pixels of one picture are really drawn."""
        width, height = self._model.drawn_size(recipe.width, recipe.height)
        return width * height

    async def patience_seconds(self, recipe: Recipe, count: int, least: float = 30.0) -> float:
        """Return how long a generator may be silent over these pictures before it counts as hung.

        Ten mean steps where the shape was measured; where nothing is known, long enough for a slow
        CPU with a large model.
        """
        measured = await self._measured(self.shape(recipe))
        if measured is None:
            return max(least, 300.0 * self._model.seconds)
        return max(least, 10.0 * count * measured / max(1, recipe.drawn_steps))

    async def _measured(self, key: str) -> float | None:
        if key not in self._known:
            if len(self._known) > SHAPES_KEPT:
                self._known.clear()
            self._known[key] = await self._store.measured(key)
        return self._known[key]


def shape_key(model: Model, recipe: Recipe) -> str:
    """Return what pictures share that take equally long: model, drawn size and what is computed."""
    size = model.drawn_size(recipe.width, recipe.height)
    begun = "" if recipe.start is None else "/start" if recipe.start.other is None else "/blend"
    begun += "/tiled" if recipe.start and recipe.start.tiled else ""
    return _key(model, *size, steps_of(recipe)) + begun


def place_in_line(place: Place, *, drawing: int) -> int:
    """Return the place that a person is shown: 1 is next, whoever is being drawn is not in line."""
    return max(1, place.ahead + 1 - drawing)


def _key(model: Model, width: int, height: int, steps: float) -> str:
    return f"{model.name}/{width}x{height}/{steps}"


def _of_many(shape: str, count: int) -> str:
    return f"{shape}*{count}"


def _work(model: Model, recipe: Recipe, count: int) -> float:
    """Return the work of an order as a multiple of the model's default picture."""
    width, height = model.drawn_size(recipe.width, recipe.height)
    usual_width, usual_height = model.drawn_size(*model.size)
    usual_steps = model.steps * (GUIDED if model.guidance else 1)
    steps = max(LEAST_STEPS, count * steps_of(recipe) + steps_before(recipe))
    return width * height * steps / (usual_width * usual_height * usual_steps)
