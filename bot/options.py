"""What people type after /imagine: a prompt with options anywhere in it.

No I/O. Phones turn "--" into a dash and straight quotes into curly ones, so both are understood; a dash
between words stays prose. Text in double quotes is never searched for options.
"""

import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

from bot.refusals import (
    BadOption,
    BadRecipe,
    NegativeUnguided,
    NoGuidance,
    NoNegativePrompt,
    NothingToBlend,
    NothingToStartFrom,
    OptionClash,
    OptionTwice,
    TooManyAlternatives,
    TooManyPictures,
    UnknownLora,
    UnknownOption,
)
from bot.shown_names import BIDI_CONTROLS
from bot.styles import Style, Styles
from bot.wildcards import alternatives, escaped, literal
from generator.messages import PictureFormat
from generator.models import GUIDED, Model, model_for
from generator.recipe import MAX_PROMPT, MIN_SIDE, SIDE_STEP, Lora, Recipe, RecipeError, Start

WIDEST, NARROWEST = Fraction(4, 1), Fraction(1, 4)

EXAMPLES = {
    "ar": "--ar 16:9",
    "size": "--size 512x768",
    "seed": "--seed 7",
    "steps": "--steps 8",
    "n": "--n 4",
    "no": "--no text",
    "style": "--style photo",
    "lora": "--lora snow:0.8",
    "shift": "--shift 3",
    "strength": "--strength 0.6",
    "share": "--share 0.3",
    "guidance": "--guidance 4",
    "format": "--format png",
}
BY_GUIDANCE, OF_PICTURES = (
    ("no", "guidance"),
    ("strength", "share"),
)  # what only guidance, only pictures make heard
ALIASES = {"aspect": "ar", "count": "n", "negative": "no", "loras": "lora", "cfg": "guidance"}
REPEATABLE = {"lora"}
MEANT = {"width": "size", "height": "size", "w": "size", "h": "size", "ratio": "ar", "number": "n"}
MOST_LISTED = 20  # names in a refusal
ALIKE, VERY_ALIKE = 0.6, 0.8  # a dash before a word is more often prose than a flag mistyped
FORMATS = {"png": PictureFormat.PNG, "jpeg": PictureFormat.JPEG, "webp": PictureFormat.WEBP} | {
    "jpg": PictureFormat.JPEG
}

QUOTES = (('"', '"'), ("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("'", "'"), ("‘", "’"))
# No opening quote within: a text of many that are never closed is searched in one pass.
IN_DOUBLE_QUOTES = r'"[^"]*"|“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»'
SPOKEN = rf"(?<!\S)(?:{IN_DOUBLE_QUOTES})(?!\w)"
HYPHENS = r"--+|[-‐‑−－][‐‑−－—–]|[‐‑−－—–][-‐‑−－]"  # what keyboards make of "--"
DASH = r"[—–―]{1,2}"
FLAG = re.compile(
    rf'(?P<spoken>{SPOKEN})|(?<![^\s"”“»])(?:(?P<hyphens>{HYPHENS})|{DASH})(?P<name>[^\W\d_][\w-]*)[=:]?'
)
IN_QUOTES = re.compile(rf"\s*(?P<value>{IN_DOUBLE_QUOTES}|'[^']*'|‘[^’]*’)(?!\w)")
PAIR = re.compile(r"\s*(?P<value>\d[\d.,]*\s*[:：/／xXхХ×✕*]\s*\d[\d.,]*)(?=[\s;]|$)")
WORD = re.compile(r"\s*(?P<value>\S+)")
LORA = re.compile(r"\s*(?P<name>[^\s:,]+)\s*(?::\s*(?P<scale>[+-]?\d+(?:[.,]\d+)?))?\s*(?:,|$)")

# "--no text, logo a red fox": nothing else is left for a prompt, so the list ends where its commas end.
SHARED = re.compile(r"(?P<unwanted>(?:[^\s,]+,\s*)*[^\s,]+)\s+(?P<prompt>.+)")

UNSEEN_CATEGORIES = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn"}
UNSEEN_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
ZERO_WIDTH = "\u200b\u2060\ufeff"
DROPPED = frozenset(ZERO_WIDTH) | BIDI_CONTROLS


PLAIN = Style(name="plain", template="{prompt}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds where the person says nothing, how many pictures are allowed at once, the styles and LoRAs.

    A size that was not asked for is made smaller where it has more than `most_pixels`. `starts_from` is the
    size of a picture to start from, whose ratio holds before the usual one; `blends` where there are two.
    """

    max_count: int = 4
    format: PictureFormat = PictureFormat.PNG
    aspect: str | None = None
    count: int = 1
    most_pixels: int | None = None
    starts_from: tuple[int, int] | None = None
    blends: bool = False
    styles: Styles = field(default_factory=Styles)
    loras: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for, valid but for the seed, which is None where it is left to chance.

    `strength` and `share` are those of pictures to start from. They and `guidance` are None where nothing
    was said.
    """

    prompt: str
    width: int
    height: int
    seed: int | None
    steps: int
    count: int
    negative: str
    shift: float
    format: PictureFormat
    loras: tuple[Lora, ...] = ()
    strength: float | None = None
    share: float | None = None
    guidance: float | None = None

    def recipe(self, model: Model, seed: int) -> Recipe:
        """Return the recipe of the first picture; `seed` is used where none was given."""
        return Recipe(
            prompt=self.prompt,
            model=model.name,
            width=self.width,
            height=self.height,
            steps=self.steps,
            seed=seed if self.seed is None else self.seed,
            shift=self.shift,
            guidance=model.guidance if self.guidance is None else self.guidance,
            negative_prompt=self.negative,
            loras=self.loras,
        )


def heeded(model: Model) -> tuple[str, ...]:
    """Return the options that a model heeds, by their names without hyphens."""
    unheard = (*(() if model.takes_guidance else BY_GUIDANCE), *(() if model.takes_pictures else OF_PICTURES))
    return tuple(name for name in EXAMPLES if name not in unheard)


def parse(text: str, model: Model, defaults: Defaults) -> Wish:
    """Read a prompt with options and no wildcards. Raises a Refusal that says what would be right."""
    prompt, given = split(text)
    if "ar" in given and "size" in given:
        raise OptionClash(option="--ar", other="--size")
    if "strength" in given and defaults.starts_from is None:
        raise NothingToStartFrom
    if "share" in given and not defaults.blends:
        raise NothingToBlend
    style = defaults.styles.named(given["style"]) if "style" in given else PLAIN
    unwanted = literal(given.get("no", ""))
    given = style.given(given)
    guidance = _read(given, "guidance", _number, None)
    if model.takes_guidance and guidance != 0:  # where there is none, a style's own is not its user's mistake
        unwanted = style.unwanted(unwanted)
    width, height = _size(
        given, model, _aspect_of(defaults.starts_from) or defaults.aspect, defaults.most_pixels
    )
    wish = Wish(
        prompt=style.over(literal(prompt)) if prompt else "",
        width=width,
        height=height,
        seed=_read(given, "seed", _whole, None),
        steps=_read(given, "steps", _whole, model.steps),
        count=_count(given, defaults),
        negative=unwanted,
        shift=_read(given, "shift", _number, model.shift),
        format=_read(given, "format", _format, defaults.format),
        loras=_loras(_read(given, "lora", _named_scales, ()), defaults.loras),
        strength=_read(given, "strength", _number, None),
        share=_read(given, "share", _number, None),
        guidance=guidance,
    )
    return valid(wish, model)


def render(recipe: Recipe, count: int, format: PictureFormat = PictureFormat.PNG) -> str:
    """Return the text that parses to this recipe: a prompt to edit, with its options.

    What the recipe starts from stands beside the text: `From.of`. Without guidance nothing heeded what was
    unwanted, so it is left out.
    """
    if not recipe.guidance:
        recipe = replace(recipe, negative_prompt="")
    extra = [lora_flag(recipe.loras), *_start_flags(recipe.start), *_guidance_flags(recipe)]
    flags = (
        f"--size {recipe.width}x{recipe.height} --seed {recipe.seed} --steps {recipe.steps}"
        f" --n {count} --shift {recipe.shift!r} --format {format.value}"
    )
    flags = " ".join([flags, *filter(None, extra)])
    for spell in (str, escaped):
        quotings = _quotings(spell(recipe.prompt)), _quotings(spell(recipe.negative_prompt))
        for prompt, negative in product(*quotings):
            text = f"{prompt} {flags} --no {negative}" if recipe.negative_prompt else f"{prompt} {flags}"
            if _says(text, recipe):
                return text
    return f"{recipe.prompt} {flags}"  # a prompt that nobody can have typed


def is_said(recipe: Recipe) -> bool:
    """Say whether its text says all of a recipe: no words say a variation, or a picture to start from."""
    return recipe.variation_seed is None and recipe.start is None


def workable(recipe: Recipe, model: Model, shelf: Collection[str]) -> Recipe:
    """Return a recipe from elsewhere as far as it can be ordered here in words.

    What the model does not heed, LoRAs that the shelf does not have, and what it started from are left out.
    Where the recipe's own model says nothing of guidance, this one's usual holds.
    """
    guidance = recipe.guidance if model_for(recipe.model).takes_guidance else model.guidance
    return replace(
        recipe,
        guidance=guidance if model.takes_guidance else 0.0,
        loras=tuple(lora for lora in recipe.loras if lora.name in shelf),
        start=None,
    )


def split(text: str) -> tuple[str, dict[str, str]]:
    """Return the prompt and the raw value of every option, by its name without hyphens."""
    if len(text) > MAX_PROMPT * 2:
        raise BadRecipe("prompt_too_long", {"length": len(text), "most": MAX_PROMPT})
    text = cleaned(text)
    prose: list[str] = []
    given: dict[str, str] = {}
    loose = ""  # the words after --no, where no quotes say how far they go
    position = 0
    for name, start, after in _flags(text):
        if start < position:
            continue  # inside the value before
        if name in given and name not in REPEATABLE:
            raise OptionTwice(option=f"--{name}")
        prose.append(text[position:start])
        value, position = _value(text, name, after)
        given[name] = f"{given[name]},{value}" if name in given else value
        if name == "no" and text[:position].rstrip().endswith(given[name]):
            loose = given[name]
    prose.append(text[position:])
    prompt = _seen(_unquoted(" ".join(" ".join(prose).split())))
    if not prompt and (shared := SHARED.fullmatch(loose)) is not None:
        given["no"], prompt = shared["unwanted"], _seen(_unquoted(shared["prompt"]))
    return prompt, given


def cleaned(text: str) -> str:
    """Return the text without control characters and the like, its whitespace squeezed."""
    squeezed = " ".join(text.split())
    kept = "".join(letter for letter in squeezed if not _is_dropped(letter))
    return " ".join(kept.split())


def _is_dropped(letter: str) -> bool:
    return letter in DROPPED or unicodedata.category(letter) in {"Cc", "Cs"}


def _seen(text: str) -> str:
    """Return the text, or "" where there is nothing to see in it."""
    return text if any(map(_is_visible, text)) else ""


def _is_visible(letter: str) -> bool:
    return unicodedata.category(letter) not in UNSEEN_CATEGORIES and letter not in UNSEEN_LETTERS


# ── flags and their raw values ────────────────────────────────────────────────────────────────────


def _flags(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, start and end of every flag outside quotes. Raises UnknownOption."""
    for match in FLAG.finditer(text):
        if match["spoken"] is None and (name := _known(match)) is not None:
            yield name, match.start(), match.end()


def _known(match: re.Match[str]) -> str | None:
    """Return the option that is meant; None where a dash only belongs to the prose."""
    typed = unicodedata.normalize("NFKC", match["name"]).lower()
    name = ALIASES.get(typed, typed)
    if name in EXAMPLES:
        return name
    sure = match["hyphens"] is not None
    guess = _nearest(typed, ALIKE if sure else VERY_ALIKE) or (MEANT.get(typed, "") if sure else "")
    if not sure and not guess:
        return None
    raise UnknownOption(option=f"--{match['name'][:40]}", guess=f"--{guess}" if guess else "")


def _nearest(typed: str, alike: float) -> str:
    return next(iter(difflib.get_close_matches(typed[:40], EXAMPLES, n=1, cutoff=alike)), "")


def _value(text: str, name: str, start: int) -> tuple[str, int]:
    """Return an option's raw value and where it ends."""
    if (quoted := IN_QUOTES.match(text, start)) is not None:
        return quoted["value"][1:-1].strip(), quoted.end()
    end = next((at for _, at, _ in _flags_from(text, start)), len(text))
    if name == "no" and (value := text[start:end].strip()):
        return value, end
    pair = PAIR.match(text, start, end) if name in {"ar", "size"} else None
    word = pair or WORD.match(text, start, end)
    if word is None:
        raise BadOption(option=f"--{name}", value="", example=EXAMPLES[name])
    return word["value"].rstrip(",;."), word.end()


def _flags_from(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    return (flag for flag in _flags(text) if flag[1] >= start)


def _unquoted(prompt: str) -> str:
    """Return the prompt without the one pair of quotes around all of it."""
    for opening, closing in QUOTES:
        inside = prompt[1:-1]
        whole = len(prompt) > 1 and prompt[0] == opening and prompt[-1] == closing
        if whole and not {opening, closing} & set(inside):
            return inside.strip()
    return prompt


# ── values ────────────────────────────────────────────────────────────────────────────────────────


def _read(given: dict[str, str], name: str, reader: Callable[[str], Any], default: Any) -> Any:
    """Return an option's value, or the default where it was not given."""
    if name not in given:
        return default
    plain = unicodedata.normalize("NFKC", given[name]).strip()
    try:
        return reader(plain)
    except (ValueError, KeyError, ZeroDivisionError):
        raise BadOption(option=f"--{name}", value=given[name][:40], example=EXAMPLES[name]) from None


def _whole(value: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,40}", value):
        raise ValueError(value)
    return int(value)


def _number(value: str) -> float:
    if not re.fullmatch(r"[+-]?\d{1,20}([.,]\d{1,20})?", value):
        raise ValueError(value)
    return float(value.replace(",", "."))


def _format(value: str) -> PictureFormat:
    return FORMATS[value.lower().removeprefix(".")]


def _named_scales(value: str) -> list[tuple[str, float]]:
    """Return names and scales; without one it is 1."""
    found: list[tuple[str, float]] = []
    position = 0
    while position < len(value) or not found:
        match = LORA.match(value, position)
        if match is None:
            raise ValueError(value)
        found.append((match["name"].lower(), float((match["scale"] or "1").replace(",", "."))))
        position = match.end()
    return found


def _loras(wanted: Sequence[tuple[str, float]], shelf: Collection[str]) -> tuple[Lora, ...]:
    for name, _ in wanted:
        check_lora(name, shelf)
    try:
        return tuple(Lora(name, scale) for name, scale in wanted)
    except RecipeError as error:
        raise BadRecipe(error.rule, error.values) from error


def check_lora(name: str, shelf: Collection[str]) -> None:
    """Raise UnknownLora, with the nearest name and all there are, unless it is on the shelf."""
    if name not in shelf:
        names = list(shelf)
        near = difflib.get_close_matches(name[:40], names, n=1, cutoff=ALIKE)
        raise UnknownLora(lora=name[:40], guess=near[0] if near else "", names=_listed(names))


def _listed(names: Sequence[str]) -> str:
    more = ", …" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def _pair(value: str) -> tuple[str, str]:
    first, _, second = re.split(r"\s*([:/xх×✕*])\s*", value.lower())
    return first, second


def _ratio(value: str) -> Fraction:
    width, height = (Fraction(str(_number(side))) for side in _pair(value))
    if not NARROWEST <= width / height <= WIDEST:
        raise ValueError(value)
    return width / height


def _sides(value: str) -> tuple[int, int]:
    width, height = _pair(value) if not value.isdigit() else (value, value)
    return rounded(_whole(width)), rounded(_whole(height))


def rounded(side: int) -> int:
    """Return the nearest side that a picture can have."""
    return (side + SIDE_STEP // 2) // SIDE_STEP * SIDE_STEP


def ratio_size(text: str, model: Model) -> tuple[int, int] | None:
    """Return the model's size for a ratio as people write it, None for what is none."""
    try:
        ratio = _ratio(text)
    except (ValueError, ZeroDivisionError):
        return None
    return _of_ratio(ratio, model)


def _of_ratio(ratio: Fraction, model: Model) -> tuple[int, int]:
    presets = {Fraction(*map(int, name.split(":"))): size for name, size in model.aspects.items()}
    return presets.get(ratio) or model.size_for(float(ratio))


def _size(
    given: dict[str, str], model: Model, aspect: str | None, most_pixels: int | None
) -> tuple[int, int]:
    """Return the size; `aspect` holds where none was given."""
    if "size" in given:
        width, height = _read(given, "size", _sides, None)
        return width, height
    ratio: Fraction | None = _read(given, "ar", _ratio, _ratio(aspect) if aspect else None)
    if ratio is None:
        return _fitting(model.size, most_pixels)
    return _fitting(_of_ratio(ratio, model), most_pixels)


def _aspect_of(size: tuple[int, int] | None) -> str | None:
    """Return the ratio of a picture, or the nearest one that can be painted."""
    if size is None:
        return None
    ratio = min(WIDEST, max(NARROWEST, Fraction(*size)))
    return f"{ratio.numerator}:{ratio.denominator}"


def _fitting(size: tuple[int, int], most_pixels: int | None) -> tuple[int, int]:
    """Return the size, made smaller at about its ratio where it has too many pixels."""
    width, height = size
    if most_pixels is None or width * height <= most_pixels:
        return size
    scale = math.sqrt(most_pixels / (width * height))
    return _down(width * scale), _down(height * scale)


def _down(side: float) -> int:
    return max(MIN_SIDE, int(side) // SIDE_STEP * SIDE_STEP)


def _count(given: dict[str, str], defaults: Defaults) -> int:
    count: int = _read(given, "n", _whole, min(defaults.count, defaults.max_count))
    if count < 1:
        raise BadOption(option="--n", value=given["n"][:40], example=EXAMPLES["n"])
    if count > defaults.max_count:
        raise TooManyPictures(count=count, limit=defaults.max_count)
    return count


def valid(wish: Wish, model: Model) -> Wish:
    """Return the wish, once a recipe could be made of it. Raises BadRecipe or what the model has not."""
    if wish.guidance and not model.takes_guidance:
        raise NoGuidance(model=model.title)
    if wish.negative and not model.takes_guidance:
        raise NoNegativePrompt(model=model.title, able=", ".join(GUIDED))
    if wish.negative and wish.guidance == 0:
        raise NegativeUnguided
    try:
        wish.recipe(model, seed=0)
    except RecipeError as error:
        raise BadRecipe(error.rule, error.values) from error
    return wish


# ── rendering ─────────────────────────────────────────────────────────────────────────────────────


def lora_flag(loras: Sequence[Lora]) -> str:
    """Return the option, its scales without an exponent; "" for none."""
    scaled = ",".join(f"{lora.name}:{Decimal(repr(lora.scale)):f}" for lora in loras)
    return f"--lora {scaled}" if loras else ""


def _start_flags(start: Start | None) -> list[str]:
    if start is None:
        return []
    return [_flag("strength", start.strength), *([_flag("share", start.share)] if start.other else [])]


def _guidance_flags(recipe: Recipe) -> list[str]:
    """Return the option; none at all is worth saying where the model usually has some."""
    said = recipe.guidance or model_for(recipe.model).takes_guidance
    return [_flag("guidance", recipe.guidance)] if said else []


def _flag(name: str, value: float) -> str:
    """Return an option, its number without an exponent."""
    return f"--{name} {Decimal(repr(value)):f}"


def _quotings(text: str) -> Iterator[str]:
    yield text
    for opening, closing in QUOTES:
        if not {opening, closing} & set(text):
            yield f"{opening}{text}{closing}"


def _says(text: str, recipe: Recipe) -> bool:
    try:
        one, *more = alternatives(text)
        prompt, given = split(one)
    except (UnknownOption, OptionTwice, BadOption, BadRecipe, TooManyAlternatives):
        return False
    said = literal(prompt), literal(given.get("no", ""))
    return not more and said == (recipe.prompt, recipe.negative_prompt)
