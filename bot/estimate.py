"""How long drawing takes, as learned shape by shape, and where in line a job stands."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from bot.scaling import Shape, rates_near
from generator.models import Model
from generator.recipe import Recipe
from generator.work import GUIDED, steps_before, steps_of
from storage.records import Place

SHAPES_KEPT, MOST_TRIED = 10_000, 500
PLAIN = re.compile(r"(\d+)x(\d+)/([\d.]+)")  # of a key, behind the model: drawn from noise alone
LORA_SHARE = 0.02  # of a usual picture's seconds: reading a file and adding it to the weights
LEAST_STEPS = 0.5  # where nothing is drawn, a picture is still read, scaled and written


class Memory(Protocol):
    """The verbs of storage that learning needs."""

    async def measured(self, shape: str) -> float | None:
        """Return the learned seconds of a shape key, or None."""

    async def often_measured(self, start: str, most: int) -> Mapping[str, float]:
        """Return the learned seconds of the shape keys that start so and were learned most often."""

    async def learn(self, shapes: Sequence[str], seconds: float) -> None:
        """Fold one measurement into each of the shapes."""


class Estimate:
    """Expected seconds on the card: what was measured for the shape, else scaled from what is known."""

    def __init__(self, store: Memory, model: Model) -> None:
        self._store = store
        self._model = model
        self._known: dict[str, float | None] = {}
        self._tried: dict[str, float] | None = None

    async def seconds(self, recipe: Recipe, count: int) -> float:
        """Return the expected seconds on the card for `count` pictures, and for putting LoRAs on."""
        return await self._drawing(recipe, count) + LORA_SHARE * self._model.seconds * len(recipe.worn)

    async def _drawing(self, recipe: Recipe, count: int) -> float:
        if (measured := await self._measured(self.shape(recipe))) is not None:
            return count * measured
        shape = Shape(self.pixels(recipe), steps_of(recipe))
        tried = [*_plain(self._model, await self._often_tried())]
        rates = rates_near(shape, tried or [_usual(self._model)], self._model.even_tokens)
        before = Shape(shape.pixels, max(LEAST_STEPS - count * shape.steps, steps_before(recipe)))
        found = count * rates.seconds(shape) + rates.stepping(before)
        return round(found, 6)  # one measured shape is met, and no rounding makes it a second more

    async def learn(self, recipe: Recipe, seconds: float, together: int = 1) -> None:
        """Remember the measured seconds of one picture of so many that were drawn as one batch."""
        shape = self.shape(recipe)
        of_many = _of_many(shape, together)
        await self._store.learn((shape, of_many), seconds)
        self._known[shape] = await self._store.measured(shape)
        self._known.pop(of_many, None)  # read again when a batch is thought of
        self._try(shape)

    def _try(self, shape: str) -> None:
        """Let other shapes be scaled from this one, too."""
        measured = self._known[shape]
        if self._tried is not None and measured is not None:
            self._tried[shape] = measured
            if len(self._tried) > MOST_TRIED:
                del self._tried[next(iter(self._tried))]

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
        return _pixels(self._model, recipe.width, recipe.height)

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

    async def _often_tried(self) -> Mapping[str, float]:
        """Return the measured shapes that others are scaled from."""
        if self._tried is None:
            self._tried = dict(await self._store.often_measured(f"{self._model.name}/", MOST_TRIED))
        return self._tried


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


def _pixels(model: Model, width: int, height: int) -> int:
    return math.prod(model.drawn_size(width, height))


def _usual(model: Model) -> tuple[Shape, float]:
    """Return the default picture and what it is taken to need before anything was measured."""
    steps = model.steps * (GUIDED if model.guidance else 1)
    return Shape(_pixels(model, *model.size), steps), model.seconds


def _plain(model: Model, known: Mapping[str, float]) -> Iterator[tuple[Shape, float]]:
    """Yield the measured shapes that are drawn from noise alone, with their seconds."""
    for key, seconds in known.items():
        if (found := PLAIN.fullmatch(key.removeprefix(f"{model.name}/"))) and seconds > 0:
            yield Shape(int(found[1]) * int(found[2]), float(found[3])), seconds
