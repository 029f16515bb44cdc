"""From a command to an order: its recipe, and what the person prefers and the place rules about it."""

import random
from dataclasses import dataclass, replace

from bot.commands import Again, Draw, Enlarge, Extend, Imagine, Quote, Reroll, Vary
from bot.options import Defaults, Wish, check_lora, cleaned, parse, valid
from bot.own_styles import styles_for
from bot.people import People
from bot.places import Places
from bot.pricing import CREDITS, price
from bot.refusals import BadRecipe, NotFinished, TooManyPictures
from bot.starts import UNSEEN, Beginning, start_of
from generator.messages import PictureFormat
from generator.models import Model
from generator.recipe import USUAL_STRENGTH, Recipe, RecipeError, Start
from storage.records import Job, JobState, NewPost, PlaceRules, Preferences

SUBTLE, STRONG = 0.15, 0.4  # how far a variation goes
SEED_BITS = 32  # a person can still type it
MOST_DRAWN = 16  # pictures that a program may order at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order before it has a price: what Imagine, Reroll and Vary have in common."""

    key: str
    recipe: Recipe
    count: int
    format: PictureFormat
    parent: str | None
    post: NewPost
    weight: float
    private: bool
    per_picture: bool = False
    most_waiting: int | None = None

    @property
    def price(self) -> int:
        """What it costs."""
        return self.count * CREDITS if self.per_picture else price(self.recipe, self.count)


class Orders:
    """Reads orders. `dice` gives seeds. Each method raises a Refusal for what may not be."""

    def __init__(
        self, people: People, places: Places, model: Model, defaults: Defaults, dice: random.Random
    ) -> None:
        self._people = people
        self._places = places
        self._model = model
        self._defaults = defaults
        self._dice = dice

    def imagined(self, command: Imagine, beginning: Beginning | None) -> Wanted:
        """Return what a prompt with options asks for."""
        preferences = self._people.preferences(command.by.identity)
        rules = self._places.rules_here(command.here)
        defaults = usual(self._defaults, preferences, rules)
        size = beginning.size if beginning else None
        blends = beginning is not None and beginning.other is not None
        wish = parse(command.text, self._model, replace(defaults, starts_from=size, blends=blends))
        recipe = begun(wish.recipe(self._model, self._seed()), beginning, wish)
        return self._wanted(command, recipe, wish.count, wish.format, beginning.job if beginning else None)

    def drawn(self, command: Draw, beginning: Beginning | None) -> Wanted:
        """Return what a program asks for in exact values."""
        if not 1 <= command.wish.count <= MOST_DRAWN:
            raise TooManyPictures(count=command.wish.count, limit=MOST_DRAWN)
        return Wanted(
            key=command.key,
            recipe=begun(self.recipe_of(command.wish), beginning, command.wish),
            count=command.wish.count,
            format=command.wish.format,
            parent=None,
            post=command.post,
            weight=1.0,
            private=True,  # a program's users are not ours to tell about
            per_picture=command.per_picture,
            most_waiting=command.most_waiting,
        )

    def recipe_of(self, wish: Wish) -> Recipe:
        """Return the recipe of a wish in exact values."""
        for lora in wish.loras:
            if not lora.sha256:  # else it was found already, on the shelf or elsewhere
                check_lora(lora.name, self._defaults.loras)
        return valid(wish, self._model).recipe(self._model, self._seed())

    def quoted(self, command: Quote) -> Recipe:
        """Return the recipe of what is only asked for, as far as its price goes."""
        recipe, wanted = self.recipe_of(command.wish), command.start
        if wanted is None:
            return recipe
        mask = UNSEEN if wanted.mask is not None else None
        other = UNSEEN if wanted.other is not None else None
        return replace(recipe, start=start_of(wanted, command.wish, picture=UNSEEN, mask=mask, other=other))

    def again(self, command: Reroll | Vary, job: Job) -> Wanted:
        """Return the same order with other seeds, or a sibling of one of its pictures."""
        if isinstance(command, Reroll):
            return self._wanted(
                command, repainted(job.recipe.rerolled(self._seed())), job.count, job.format, job
            )
        _check_painted(command, job)
        strength = STRONG if command.strong else SUBTLE
        recipe = repainted(job.recipe.picture(command.index)).varied(self._seed(), strength)
        return self._wanted(command, recipe, 1, job.format, job)

    def onward(self, command: Extend | Enlarge, job: Job, start: Start, size: tuple[int, int]) -> Wanted:
        """Return one of a job's pictures painted on from itself, at another size."""
        _check_painted(command, job)
        recipe = job.recipe.picture(command.index)
        seed = self._seed() if isinstance(command, Extend) else recipe.seed
        try:
            recipe = replace(recipe.rerolled(seed), width=size[0], height=size[1], start=start)
            if isinstance(command, Extend) and command.prompt.strip():
                recipe = replace(recipe, prompt=cleaned(command.prompt))
        except RecipeError as error:
            raise BadRecipe(error.rule, error.values) from error
        return self._wanted(command, recipe, 1, job.format, job)

    def _wanted(
        self,
        command: Imagine | Again,
        recipe: Recipe,
        count: int,
        format: PictureFormat,
        parent: Job | None = None,
    ) -> Wanted:
        weight = self._places.weight(command.here)  # first whether one may order here at all
        self._places.check(command.here, recipe)
        return Wanted(
            key=command.key,
            recipe=replace(recipe, model=self._model.name),
            count=count,
            format=format,
            parent=parent.id if parent else None,
            post=command.post,
            weight=weight,
            private=self._is_private(command) or (parent is not None and parent.private),
            most_waiting=None if isinstance(command, Imagine) else command.most_waiting,
        )

    def _is_private(self, command: Imagine | Again) -> bool:
        ruled = self._places.rules_here(command.here).private
        return command.private or ruled or self._people.preferences(command.by.identity).private

    def _seed(self) -> int:
        return self._dice.getrandbits(SEED_BITS)


def _check_painted(command: Vary | Extend | Enlarge, job: Job) -> None:
    """Raise NotFinished unless the job has the picture that is meant."""
    if job.state is not JobState.SUCCEEDED or not 0 <= command.index < job.count:
        raise NotFinished


def repainted(recipe: Recipe) -> Recipe:
    """Return a recipe that paints: from a picture that was only enlarged, as far as is usual."""
    if recipe.start is None or recipe.drawn_steps:
        return recipe
    return replace(recipe, start=replace(recipe.start, strength=USUAL_STRENGTH))


def begun(recipe: Recipe, beginning: Beginning | None, wish: Wish) -> Recipe:
    """Return the recipe with what it starts from. Raises BadRecipe."""
    return replace(recipe, start=beginning.start(wish)) if beginning else recipe


def usual(defaults: Defaults, preferences: Preferences, rules: PlaceRules) -> Defaults:
    """Return what holds where an order says nothing: the person's wishes, then the place's, then ours."""
    return replace(
        defaults,
        aspect=preferences.aspect or rules.aspect or defaults.aspect,
        count=preferences.count or rules.count or defaults.count,
        format=preferences.format or defaults.format,
        most_pixels=rules.most_pixels,
        styles=styles_for(preferences, defaults.styles),
    )
