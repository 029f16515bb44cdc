"""What the languages tell in the same way, each in its own words."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from generator.embedded.scenes import Figure, Landscape

Words = Mapping[str, Sequence[str]]
Told = Callable[[list[str], Random], str]


def listed(things: Sequence[str], glues: Sequence[str], rng: Random, comma: str = ", ") -> str:
    """One after the other, with a word of `glues` before the last."""
    if len(things) < 2:
        return things[0]
    return comma.join(things[:-1]) + rng.choice(glues) + things[-1]


def placed(name: str, figure: Figure, places: Words, rng: Random) -> tuple[str, str]:
    """What comes before the ground is said, and what after it; the middle mostly goes unsaid."""
    said = figure.place != "centre" or rng.random() < 0.06
    where = rng.choice(places[figure.place]) if said else ""
    if where and rng.random() < 0.5:
        return name, f" {where}"
    return f"{name} {where}".strip(), ""


def seen(
    scene: Landscape, names: Words, fields: Sequence[str], told: Told, by_the_sea: Told, rng: Random
) -> str:
    """What is there; a field is named where little else stands in it."""
    things = [rng.choice(names[thing]) for thing in sorted(scene.things)]
    rng.shuffle(things)
    if scene.ground == "sea":
        return by_the_sea(things, rng)
    if scene.things - {"flowers", "stars"} and rng.random() < 0.8:
        return told(things, rng)
    return told([*things, rng.choice(fields)], rng)


def goes_without_saying(time: str, rng: Random) -> bool:
    """Whether nobody says when: only of the day."""
    return time == "day" and rng.random() < 0.35


def dated(text: str, time: str, names: Words, phrases: Words, rng: Random) -> str:
    """The text, mostly with the time that it shows: named before or behind it, or in a phrase."""
    if goes_without_saying(time, rng):
        return text
    if rng.random() < 0.25:
        return f"{rng.choice(names[time])}, {text}"
    if rng.random() < 0.2:
        return f"{text}, {rng.choice(names[time])}"
    return f"{text} {rng.choice(phrases[time])}"
