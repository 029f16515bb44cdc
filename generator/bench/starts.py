"""What starting from a picture costs: `python -m generator.bench.starts`.

Pictures from text and from pictures of several strengths are drawn by turns. What is expected is the share
of the steps that are drawn, and one encoding by the VAE; no picture is encoded twice. It only measures;
`--json` keeps the figures.
"""

import io
import statistics
from dataclasses import replace

from PIL import Image, ImageDraw

from generator.bench.loras import WARM, Bench, keep, parser_for, seconds
from generator.messages import name_of
from generator.recipe import Recipe, Start

STRENGTHS = (0.25, 0.5, 1.0)
FEW = 2  # steps of a second picture from text: the difference tells what a step takes
ALONE = "text"


def arms(recipe: Recipe) -> dict[str, tuple[Recipe, float | None]]:
    """Return what is drawn by turns: recipes and the strengths with which they start from a picture."""
    texts = {ALONE: recipe, f"{ALONE}, {FEW} steps": replace(recipe, steps=FEW)}
    return {name: (each, None) for name, each in texts.items()} | {
        f"strength {strength}": (recipe, strength) for strength in STRENGTHS
    }


def measured(bench: Bench, rounds: int) -> dict[str, list[float]]:
    """Draw each arm in the order A B C C B A, so that whatever else happens slows all alike."""
    taken: dict[str, list[float]] = {name: [] for name in arms(bench.recipe)}
    for number in range(WARM + rounds):
        turns = list(arms(bench.recipe).items())
        for place, (name, (recipe, strength)) in enumerate(turns if number % 2 else reversed(turns)):
            taken[name].append(_paint(bench, recipe, strength, number * len(turns) + place))
    return {name: each[WARM:] for name, each in taken.items()}


def encoding(bench: Bench, rounds: int) -> float:
    """Return the seconds that the VAE takes for one picture."""
    starts = bench.painter._starts  # noqa: SLF001 - the very thing measured
    picture = _picture(bench.recipe, 0)
    return statistics.median(seconds(lambda: starts._encode(picture)) for _ in range(WARM + rounds))  # noqa: SLF001


def figures_of(recipe: Recipe, taken: dict[str, list[float]], encode: float) -> dict[str, float]:
    """Return what each arm takes, what is expected of it, and the one over the other."""
    whole, few = taken[ALONE], taken[f"{ALONE}, {FEW} steps"]
    found = {"from text, p50, seconds": statistics.median(whole), "one encoding, p50, seconds": encode}
    for strength in STRENGTHS:
        drawn, times = (
            Start(picture="0" * 64, strength=strength).drawn(recipe.steps),
            taken[f"strength {strength}"],
        )
        expected = [
            each - (recipe.steps - drawn) * (each - less) / (recipe.steps - FEW) + encode
            for each, less in zip(whole, few, strict=True)
        ]
        name = f"strength {strength}: {drawn} of {recipe.steps} steps"
        found[f"{name}, p50, seconds"] = statistics.median(times)
        found[f"{name}, over text, p50 of pairs"] = _ratio(times, whole)
        found[f"{name}, over what is expected"] = _ratio(times, expected)
    return found


def _ratio(ones: list[float], others: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def _paint(bench: Bench, recipe: Recipe, strength: float | None, number: int) -> float:
    if strength is None:
        return bench.paint(recipe)
    file = io.BytesIO()
    _picture(recipe, number).save(file, "png")
    start = Start(picture=name_of(file.getvalue()), strength=strength)
    return bench.paint(replace(recipe, start=start), (file.getvalue(),))


def _picture(recipe: Recipe, number: int) -> Image.Image:
    """Return a picture that was not there before."""
    picture = Image.new("RGB", (recipe.width, recipe.height), (number % 256, number // 256 % 256, 90))
    ImageDraw.Draw(picture).ellipse((40, 40, 160, 160), fill=(220, 40, 40))
    return picture


def main() -> None:
    """Measure and print."""
    options = parser_for("starts", __doc__).parse_args()
    bench = Bench(options.model, options.threads, None)
    taken = measured(bench, options.rounds)
    keep(
        options.json,
        options.model,
        options.rounds,
        figures_of(bench.recipe, taken, encoding(bench, options.rounds)),
    )


if __name__ == "__main__":
    main()
