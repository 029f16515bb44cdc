"""Captions say the scene in three languages, and the held-out prompts stay held out."""

from random import Random

import pytest
from generator.embedded.captions import LANGUAGES, caption
from generator.embedded.prompts import held_out_prompts, training_caption
from generator.embedded.scenes import (
    NEVER_SEEN,
    NEVER_TAUGHT,
    Figure,
    Landscape,
    Poster,
    any_scene,
)

RED_STAR = Poster(background="blue", figures=(Figure(shape="star", colour="red"),))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_scene_is_said_in_many_ways(language):
    rng = Random(1)

    assert len({caption(RED_STAR, language, rng) for _ in range(100)}) > 30


def test_russian_adjectives_agree_with_their_nouns():
    rng = Random(1)
    said = " | ".join(caption(RED_STAR, "ru", rng) for _ in range(200))

    assert "красная звезда на синем фоне" in said
    assert "красный звезда" not in said
    assert "красную звезду" in said


def test_a_background_is_left_unsaid_only_when_it_is_the_usual_one():
    rng = Random(1)

    assert all("blue" in caption(RED_STAR, "en", rng) for _ in range(200))


def test_night_is_always_said():
    rng = Random(1)
    night = Landscape(time="night", ground="field")

    said = [caption(night, "en", rng) for _ in range(100)]

    assert all(any(word in text for word in ("night", "moon", "dark")) for text in said)


def test_there_are_hundreds_of_prompts_in_three_languages_with_pairs_never_taught():
    prompts = held_out_prompts()
    untaught = [prompt.scene for prompt in prompts if not prompt.taught]
    posters = [scene for scene in untaught if isinstance(scene, Poster)]
    landscapes = [scene for scene in untaught if isinstance(scene, Landscape)]

    assert len(prompts) >= 300
    assert {prompt.language for prompt in prompts} == set(LANGUAGES)
    assert {(scene.figures[0].colour, scene.figures[0].shape) for scene in posters} == NEVER_TAUGHT
    assert {(thing, scene.time) for scene in landscapes for thing in scene.things} == NEVER_SEEN


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "a red cat above a blue fish"),
        ("ru", "красная кошка над синей рыбой"),
        ("zh", "红色猫在蓝色鱼上面"),
    ],
)
def test_what_stands_above_is_said(language, said):
    figures = (
        Figure(shape="cat", colour="red", place="top"),
        Figure(shape="fish", colour="blue", place="bottom"),
    )
    rng = Random(1)

    captions = {caption(Poster(background="white", figures=figures), language, rng) for _ in range(3000)}

    assert said in captions


def test_five_cats_and_a_living_cat_are_good_russian():
    rng = Random(1)
    one = Poster(background="white", figures=(Figure(shape="cat", colour="black"),))
    five = Poster(background="white", figures=(Figure(shape="cat", colour="black", size="small"),) * 5)

    said_one = " | ".join(caption(one, "ru", rng) for _ in range(500))
    said_five = " | ".join(caption(five, "ru", rng) for _ in range(500))

    assert "нарисуй чёрного кота" in said_one
    assert "чёрный кота" not in said_one
    assert "пять чёрных кошек" in said_five


def test_a_gradient_names_both_colours():
    rng = Random(1)
    ground = Poster(background="red", blend="gradient", second="blue")

    assert all("red" in text or "scarlet" in text or "crimson" in text for text in said_of(ground, rng))
    assert all("blue" in text for text in said_of(ground, rng))


def said_of(scene, rng):
    return [caption(scene, "en", rng) for _ in range(100)]


def test_training_never_says_a_held_out_prompt():
    held = {prompt.text for prompt in held_out_prompts()}
    rng = Random(2)

    said = {training_caption(any_scene(rng), "en", rng) for _ in range(2000)}

    assert not said & held
