import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from generator.engine.encode_file import encode_file, fit
from generator.messages import PictureFormat
from generator.metadata import parameters, read_recipe
from generator.recipe import Recipe

PICTURE = Image.new("RGB", (16, 16), "red")


def recipe(prompt="a red circle", **values):
    return Recipe(prompt=prompt, model="embedded", width=256, height=256, steps=8, seed=1, **values)


@pytest.mark.parametrize("format", list(PictureFormat))
@given(st.text(min_size=1, max_size=300).filter(lambda text: text.strip()), st.integers(0, 2**63 - 1))
def test_every_recipe_is_read_back_from_every_format(format, prompt, seed):
    wanted = recipe(prompt, variation_seed=seed, variation_strength=0.4, negative_prompt=prompt)

    assert read_recipe(encode_file(PICTURE, wanted, format)) == wanted


@pytest.mark.parametrize("format", list(PictureFormat))
def test_the_longest_prompts_are_read_back_too(format):
    wanted = recipe("кот и пёс на луне, " * 1_600, negative_prompt="猫" * 10_000)

    assert read_recipe(encode_file(PICTURE, wanted, format)) == wanted


def test_a_recipe_that_no_jpeg_can_hold_costs_the_recipe_not_the_picture():
    noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(32_000))

    file = encode_file(PICTURE, recipe(noise, negative_prompt=noise[::-1]), PictureFormat.JPEG)

    assert Image.open(io.BytesIO(file)).size == (16, 16)


def test_other_programs_find_the_prompt_in_a_png():
    file = encode_file(PICTURE, recipe("кот", negative_prompt="пёс"), PictureFormat.PNG)

    text = Image.open(io.BytesIO(file)).text["parameters"]

    assert text.splitlines() == [
        "кот",
        "Negative prompt: пёс",
        "Steps: 8, CFG scale: 0, Seed: 1, Size: 256x256, Model: embedded, Shift: 3",
    ]


def test_a_variation_is_named_for_other_programs():
    assert "Variation seed: 7" in parameters(recipe(variation_seed=7, variation_strength=0.15))


@given(st.binary(max_size=200) | st.binary(max_size=99).map(lambda tail: b"\x89PNG\r\n\x1a\n" + tail))
def test_files_of_any_content_have_a_recipe_or_none(content):
    assert read_recipe(content) is None


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("format", list(PictureFormat))
@given(st.data())
def test_a_damaged_file_has_a_recipe_or_none(format, data):
    file = bytearray(encode_file(PICTURE, recipe(), format))
    for place in data.draw(st.lists(st.integers(0, len(file) - 1), min_size=1, max_size=9)):
        file[place] ^= 0x55

    assert isinstance(read_recipe(bytes(file)), Recipe | None)


def _marked(width, height):
    """A picture whose middle is white."""
    picture = Image.new("RGB", (width, height))
    picture.paste("white", (width // 4, height // 4, width - width // 4, height - height // 4))
    return picture


@pytest.mark.parametrize("drawn", [(256, 256), (272, 256), (336, 192)])
@pytest.mark.parametrize("wished", [(256, 256), (1024, 1024), (2048, 64), (64, 2048), (264, 248)])
def test_the_middle_of_the_picture_fills_the_wished_size(drawn, wished):
    fitted = fit(_marked(*drawn), *wished)

    assert fitted.size == wished
    assert fitted.getpixel((wished[0] // 2, wished[1] // 2)) == (255, 255, 255)


def test_a_few_pixels_more_are_cut_off_without_blurring():
    picture = _marked(272, 256)

    assert fit(picture, 264, 248).tobytes() == picture.crop((4, 4, 268, 252)).tobytes()
