"""Captions say the scene in three languages, and the held-out prompts stay held out."""

from random import Random

import pytest
from generator.embedded.captions import LANGUAGES, caption
from generator.embedded.prompts import held_out_prompts, training_caption
from generator.embedded.scenes import NEVER_TAUGHT, Figure, Landscape, Poster, any_scene

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


def test_there_are_two_hundred_prompts_in_three_languages_with_pairs_never_taught():
    prompts = held_out_prompts()
    untaught = [prompt for prompt in prompts if not prompt.taught]

    assert len(prompts) == 200
    assert {prompt.language for prompt in prompts} == set(LANGUAGES)
    assert {(p.scene.figures[0].colour, p.scene.figures[0].shape) for p in untaught} == NEVER_TAUGHT


def test_training_never_says_a_held_out_prompt():
    held = {prompt.text for prompt in held_out_prompts()}
    rng = Random(2)

    said = {training_caption(any_scene(rng), "en", rng) for _ in range(2000)}

    assert not said & held
