"""What a picture costs, in whole credits."""

import math

from generator.recipe import Recipe
from generator.work import steps_before, steps_of

CREDITS = 15  # for one picture of this size and these steps
PIXELS = 1024 * 1024
STEPS = 8
LORA = 1  # for each one of an order, however many pictures it has; so nobody has to know which are warm


def price(recipe: Recipe, count: int) -> int:
    """Return the price of `count` pictures: in proportion to pixels times steps, rounded up, at least 1 each.

    Steps are those really computed. The first picture pays for reading a picture to start from, and for
    each LoRA that is put on.
    """
    first = _credits(recipe, steps_of(recipe) + steps_before(recipe)) + LORA * len(recipe.worn)
    return first + (count - 1) * _credits(recipe, steps_of(recipe))


def _credits(recipe: Recipe, steps: float) -> int:
    return max(1, math.ceil(CREDITS * recipe.width * recipe.height * steps / (PIXELS * STEPS)))
