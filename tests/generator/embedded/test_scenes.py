"""What can be drawn, and what training never sees."""

from random import Random

import pytest
from generator.embedded.scenes import (
    COLOURS,
    FORMS,
    GROUNDS,
    NEVER_SEEN,
    NEVER_TAUGHT,
    RATIOS,
    SHAPES,
    Figure,
    Landscape,
    Poster,
    any_scene,
)


def test_there_are_at_least_eleven_colours_and_the_six_basic_shapes():
    assert len(COLOURS) >= 11
    assert {"circle", "square", "triangle", "star", "heart", "diamond"} <= set(SHAPES)


def test_a_figure_of_an_unknown_shape_cannot_be_made():
    with pytest.raises(ValueError, match="blob"):
        Figure(shape="blob", colour="red")


def test_a_figure_never_has_the_colour_of_its_background():
    with pytest.raises(ValueError, match="background"):
        Poster(background="red", figures=(Figure(shape="star", colour="red"),))


def test_a_boat_stays_off_the_field():
    with pytest.raises(ValueError, match="boat"):
        Landscape(time="day", ground="field", things=frozenset({"boat"}))


def test_no_scene_of_the_training_holds_a_pair_that_was_kept_out():
    rng = Random(1)
    scenes = [any_scene(rng) for _ in range(6000)]
    posters = [scene for scene in scenes if isinstance(scene, Poster)]

    pairs = {(figure.colour, figure.shape) for poster in posters for figure in poster.figures}

    assert not pairs & NEVER_TAUGHT
    assert len(pairs) == len(COLOURS) * len(FORMS) - len(NEVER_TAUGHT)


def test_no_landscape_of_the_training_shows_a_thing_at_a_time_that_was_kept_out():
    rng = Random(1)
    scenes = [any_scene(rng) for _ in range(6000)]
    landscapes = [scene for scene in scenes if isinstance(scene, Landscape)]

    seen = {(thing, landscape.time) for landscape in landscapes for thing in landscape.things}

    assert not seen & NEVER_SEEN
    assert {thing for thing, _ in seen} == {*GROUNDS["field"], *GROUNDS["sea"]}


def test_a_rainbow_is_not_seen_at_night():
    with pytest.raises(ValueError, match="night"):
        Landscape(time="night", ground="field", things=frozenset({"rainbow"}))


@pytest.mark.parametrize(
    "ground",
    [{"blend": "gradient"}, {"second": "blue"}, {"blend": "halves", "second": "red"}],
    ids=["no second colour", "plain with two colours", "twice the same"],
)
def test_a_ground_has_two_different_colours_or_one(ground):
    with pytest.raises(ValueError, match="two different colours"):
        Poster(background="red", **ground)


def test_every_native_size_is_whole_patches_of_about_the_same_area():
    for width, height in RATIOS.values():
        assert width % 16 == height % 16 == 0
        assert 64_000 < width * height <= 65_536
