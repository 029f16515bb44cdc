"""The scorer is right on pictures whose truth is known, and notices what is wrong."""

from random import Random

import pytest
from generator.embedded.drawing import draw
from generator.embedded.scenes import RATIOS, SHAPES, Figure, Landscape, Poster, any_scene
from generator.embedded.scorer import figures, judge
from PIL import Image, ImageFilter


def drawn(scene, ratio="1:1", seed=1):
    return draw(scene, *RATIOS[ratio], Random(seed))


def star(colour="red", background="blue", **more):
    figure = Figure(shape="star", colour=colour, **more)
    return Poster(background=background, figures=(figure,))


def test_drawn_scenes_are_judged_right():
    rng = Random(4)
    wrong = []

    for _ in range(60):
        scene = any_scene(rng)
        verdict = judge(draw(scene, *rng.choice(list(RATIOS.values())), rng), scene)
        if False in (verdict.background, verdict.colour, verdict.shape, verdict.place):
            wrong.append(scene)

    assert len(wrong) <= 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_blurred_shape_keeps_its_name(shape):
    scene = Poster(background="white", figures=(Figure(shape=shape, colour="purple"),))

    soft = drawn(scene).filter(ImageFilter.GaussianBlur(4))

    assert judge(soft, scene).shape


def test_a_soft_square_is_no_circle():
    square = Poster(background="white", figures=(Figure(shape="square", colour="red"),))
    circle = Poster(background="white", figures=(Figure(shape="circle", colour="red"),))

    soft = drawn(square).filter(ImageFilter.GaussianBlur(7))

    assert not judge(soft, circle).shape


def test_a_wrong_colour_a_wrong_ground_and_a_wrong_place_are_noticed():
    picture = drawn(star("red", "blue", place="left"))

    assert not judge(picture, star("green", "blue")).colour
    assert not judge(picture, star("red", "white")).background
    assert not judge(picture, star("red", "blue", place="right")).place


def test_an_empty_picture_has_no_figure():
    verdict = judge(Image.new("RGB", (256, 256), (35, 75, 220)), star())

    assert verdict.background
    assert not verdict.colour
    assert not verdict.shape


def test_small_normal_and_big_come_in_this_order():
    areas = [figures(drawn(star(size=size)))[0].area for size in ("small", "normal", "big")]

    assert areas == sorted(areas)


def test_night_is_not_taken_for_day():
    night = Landscape(time="night", ground="sea", things=frozenset({"boat"}))
    day = Landscape(time="day", ground="sea", things=frozenset({"boat"}))

    assert judge(drawn(night), night).background
    assert not judge(drawn(night), day).background
