"""Guidance: a wish of its own where the model has it, a kind no where it has not."""

from dataclasses import replace

import pytest
from stage import ScriptedGenerator, playing

from bot.options import Defaults, parse, render, workable
from bot.pricing import price
from bot.refusals import BadRecipe, NegativeUnguided, NoGuidance, NoNegativePrompt
from bot.styles import Style, Styles
from bot.texts import describe, say
from generator.models import EMBEDDED_MODEL, Z_IMAGE, Z_IMAGE_TURBO, model_for
from generator.recipe import Lora, Start


def test_without_a_word_the_models_own_guidance_holds():
    for model in (EMBEDDED_MODEL, Z_IMAGE, Z_IMAGE_TURBO):
        assert parse("a star", model, Defaults()).recipe(model, 1).guidance == model.guidance


@pytest.mark.parametrize("text", ["a star --guidance 2.5", "a star --cfg 2,5"])
def test_another_guidance_is_asked_for(text):
    recipe = parse(text, Z_IMAGE, Defaults()).recipe(Z_IMAGE, 1)

    assert recipe.guidance == 2.5
    assert parse(render(recipe, 1), Z_IMAGE, Defaults()).recipe(Z_IMAGE, 1) == recipe


@pytest.mark.parametrize("model", [EMBEDDED_MODEL, Z_IMAGE_TURBO])
def test_a_model_without_guidance_says_so(model):
    with pytest.raises(NoGuidance):
        parse("a star --guidance 2", model, Defaults())

    assert parse("a star --guidance 0", model, Defaults()).recipe(model, 1).guidance == 0


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
@pytest.mark.parametrize("model", [EMBEDDED_MODEL, Z_IMAGE_TURBO])
def test_a_model_without_guidance_refuses_a_negative_prompt_and_names_one_that_has_it(model, language):
    with pytest.raises(NoNegativePrompt) as caught:
        parse("a star --no text", model, Defaults())

    sentence = describe(caught.value, language)
    title = say(language, "demonstration_model") if model is EMBEDDED_MODEL else model.title
    assert title in sentence
    assert Z_IMAGE.title in sentence.replace(title, "")


def test_an_empty_negative_prompt_is_none():
    assert parse('a star --no ""', Z_IMAGE_TURBO, Defaults()).negative == ""


def test_a_style_s_own_negative_prompt_is_left_out_where_the_model_has_no_guidance():
    defaults = Defaults(styles=Styles([Style(name="ink", template="{prompt}, ink", negative="colour")]))

    assert parse("a star --style ink", Z_IMAGE_TURBO, defaults).negative == ""
    assert parse("a star --style ink", Z_IMAGE, defaults).negative == "colour"


def test_without_guidance_a_negative_prompt_is_refused_and_a_style_s_own_left_out():
    defaults = Defaults(styles=Styles([Style(name="ink", template="{prompt}, ink", negative="colour")]))

    with pytest.raises(NegativeUnguided):
        parse("a star --guidance 0 --no text", Z_IMAGE, defaults)
    assert parse("a star --guidance 0 --style ink", Z_IMAGE, defaults).negative == ""


def test_the_text_of_a_picture_without_guidance_says_so_where_the_model_has_it():
    recipe = parse("a star --guidance 0", Z_IMAGE, Defaults()).recipe(Z_IMAGE, 1)

    assert parse(render(recipe, 1), Z_IMAGE, Defaults()).recipe(Z_IMAGE, 1) == recipe


@pytest.mark.parametrize("model", [EMBEDDED_MODEL, Z_IMAGE])
def test_what_nothing_heeded_is_not_rendered(model):
    recipe = parse("a star", model, Defaults()).recipe(model, 1)
    unheeded = replace(recipe, negative_prompt="text", guidance=0.0)

    assert "--no" not in render(unheeded, 1)
    assert parse(render(unheeded, 1), model, Defaults()).recipe(model, 1).guidance == 0


def test_a_recipe_of_another_program_keeps_what_it_did_not_want_where_the_model_heeds_it():
    recipe = parse("a star --n 2", EMBEDDED_MODEL, Defaults()).recipe(EMBEDDED_MODEL, 1)
    foreign = replace(recipe, model="sd_xl_base", negative_prompt="text")

    for model, negative in ((EMBEDDED_MODEL, ""), (Z_IMAGE, "text")):
        wish = parse(render(workable(foreign, model, ()), 1), model, Defaults())
        assert (wish.negative, wish.recipe(model, 1).guidance) == (negative, model.guidance)


def test_what_cannot_be_had_here_is_left_out_of_a_recipe_from_elsewhere():
    start, loras = Start(picture="ab" * 32), (Lora("snow", 0.5), Lora("ink", 1.0))
    recipe = parse("a star", Z_IMAGE, Defaults()).recipe(Z_IMAGE, 1)

    here = workable(replace(recipe, start=start, loras=loras), EMBEDDED_MODEL, ("snow",))

    text = render(here, 1)
    assert parse(text, EMBEDDED_MODEL, Defaults(loras=("snow",))).loras == loras[:1]
    assert "--strength" not in text


async def test_a_refused_negative_prompt_costs_nothing(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        before = await stage.balance()

        answer = await stage.imagine("a star --no text")

        assert isinstance(answer.refusal, NoNegativePrompt)
        assert await stage.balance() == before


def test_more_guidance_than_there_is_is_refused():
    with pytest.raises(BadRecipe):
        parse("a star --guidance 99", Z_IMAGE, Defaults())


def test_guidance_is_paid_for_because_each_step_is_computed_twice():
    guided = parse("a star --steps 8", Z_IMAGE, Defaults()).recipe(Z_IMAGE, 1)

    assert price(guided, 1) == 2 * price(replace(guided, guidance=0.0), 1) == 30


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("Tongyi-MAI/Z-Image", "Z-Image"),
        ("Tongyi-MAI/Z-Image-Turbo", "Z-Image-Turbo"),
        ("/models/z-image", "Z-Image"),
        ("/models/z_image_base/", "Z-Image"),
        ("/models/z-image/turbo", "Z-Image-Turbo"),
        ("/models/z_image_turbo_bf16.safetensors", "Z-Image-Turbo"),
        ("/models/z_image_base-Q8_0.gguf", "Z-Image"),
        ("/models/z_image-Q8_0.gguf", "Z-Image"),
        ("/models/z_image_Q8_0.gguf", "Z-Image"),
        ("unsloth/Z-Image-GGUF/z-image-Q4_K_M.gguf", "Z-Image"),
        ("/models/z_imagery.gguf", "Z-Image-Turbo"),
        ("/models/something-else", "Z-Image-Turbo"),
        ("embedded", "Pinxit's demonstration model"),
    ],
)
def test_the_name_says_which_model_it_is(source, title):
    assert model_for(source).title == title
