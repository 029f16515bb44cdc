"""Small requests to try the generator with."""

from dataclasses import replace

from generator.messages import Generate, Order
from generator.recipe import Recipe

PLAIN = Recipe(prompt="a red circle", model="embedded", width=256, height=256, steps=2, seed=1)


def wish(*ids: str, previews: bool = True, **changes: object) -> Generate:
    """A request for one picture per id, or for one picture called "a"."""
    orders = [
        Order(id=each, recipe=replace(PLAIN, **({"seed": n} | changes)))
        for n, each in enumerate(ids or ["a"])
    ]
    return Generate(orders=tuple(orders), previews=previews)
