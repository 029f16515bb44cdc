"""The scorer is right on pictures whose truth is known, and notices what is wrong."""

from random import Random

import pytest
from generator.embedded.drawing import draw
from generator.embedded.scenes import FORMS, RATIOS, Figure, Landscape, Poster, any_scene
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

    for _ in range(200):
        scene = any_scene(rng)
        verdict = judge(draw(scene, *rng.choice(list(RATIOS.values())), rng), scene)
        if False in (verdict.background, verdict.colour, verdict.shape, verdict.place, verdict.count):
            wrong.append(scene)

    assert len(wrong) <= 2  # 99 %


@pytest.mark.parametrize("shape", FORMS)
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


@pytest.mark.parametrize("blend", ["gradient", "halves"])
def test_the_order_of_a_grounds_two_colours_matters(blend):
    one = Poster(background="red", blend=blend, second="blue")
    other = Poster(background="blue", blend=blend, second="red")
    plain = Poster(background="red")

    assert judge(drawn(one), one).background
    assert not judge(drawn(one), other).background
    assert not judge(drawn(one), plain).background


def test_a_figure_on_a_ground_of_two_halves_is_one_figure():
    figure = Figure(shape="square", colour="green")
    scene = Poster(background="white", blend="halves", second="black", figures=(figure,))

    verdict = judge(drawn(scene).filter(ImageFilter.GaussianBlur(1)), scene)

    assert verdict.shape
    assert verdict.count


def test_a_smiley_without_a_face_is_a_circle():
    smiley = Poster(background="white", figures=(Figure(shape="smiley", colour="red"),))
    circle = Poster(background="white", figures=(Figure(shape="circle", colour="red"),))

    assert not judge(drawn(circle), smiley).shape
    assert not judge(drawn(smiley), circle).shape


def test_figures_above_each_other_are_not_taken_for_figures_side_by_side():
    pair = [("top", "bottom"), ("left", "right")]
    above, beside = (
        Poster(
            background="white",
            figures=tuple(Figure(shape="star", colour="red", place=place) for place in places),
        )
        for places in pair
    )

    assert judge(drawn(above), above).shape
    assert not judge(drawn(beside), above).shape


def test_night_is_not_taken_for_day():
    night = Landscape(time="night", ground="sea", things=frozenset({"boat"}))
    day = Landscape(time="day", ground="sea", things=frozenset({"boat"}))

    assert judge(drawn(night), night).background
    assert not judge(drawn(night), day).background
