"""How much there is to compute for pictures, in pixels times steps. Torch-free: prices and waits use it."""

from generator.recipe import Recipe

ENCODED = 0.5
"""Steps' worth of reading a picture to start from; done once for all pictures of an order. A mask is free."""
GUIDED = 2  # with guidance each step is computed twice: with the prompt and with what is unwanted


def steps_of(recipe: Recipe) -> int:
    """Return the steps that are really computed for one picture."""
    return recipe.drawn_steps * (GUIDED if recipe.guidance else 1)


def steps_before(recipe: Recipe) -> float:
    """Return the steps' worth of what is computed once, before any picture of the order."""
    if recipe.start is None or recipe.drawn_steps == 0:
        return 0.0
    return ENCODED * (1 if recipe.start.other is None else 2)
