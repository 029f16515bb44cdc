"""How much there is to compute for pictures, in pixels times steps. Torch-free: prices and waits use it."""

from generator.models import model_for
from generator.recipe import Recipe
from generator.tiles import times_drawn

ENCODED = 0.5
"""Steps' worth of reading a picture to start from; done once for all pictures of an order. A mask is free."""
GUIDED = 2  # with guidance each step is computed twice: with the prompt and with what is unwanted


def steps_of(recipe: Recipe) -> float:
    """Return the steps that are really computed for one picture; where its pieces overlap, more than once."""
    return recipe.drawn_steps * (GUIDED if recipe.guidance else 1) * _times_drawn(recipe)


def steps_before(recipe: Recipe) -> float:
    """Return the steps' worth of what is computed once, before any picture of the order."""
    if recipe.start is None or recipe.drawn_steps == 0:
        return 0.0
    return ENCODED * (1 if recipe.start.other is None else 2)


def _times_drawn(recipe: Recipe) -> float:
    if recipe.start is None or not recipe.start.tiled:
        return 1
    model = model_for(recipe.model)
    return times_drawn(model.drawn_size(recipe.width, recipe.height), model.size)
