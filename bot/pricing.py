"""What a picture costs, in whole credits."""

from generator.recipe import Recipe

CREDITS = 15  # for one picture of this size and these steps
PIXELS = 1024 * 1024
STEPS = 8


def price(recipe: Recipe, count: int) -> int:
    """Return the price of `count` pictures: in proportion to pixels times steps, rounded up, at least 1."""
    work = recipe.width * recipe.height * recipe.steps
    return count * max(1, -(-CREDITS * work // (PIXELS * STEPS)))
