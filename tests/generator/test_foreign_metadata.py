"""What other programs wrote into their files, as far as it is plain; nothing in a file does harm."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from generator.foreign_metadata import read_foreign
from generator.recipe import Recipe

A1111 = """masterpiece, a red fox in snow, <lora:detail:0.8>
soft light
Negative prompt: blurry, text
extra fingers
Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 3141592653, Size: 832x1216, Hash: 6ce0161689, \
Model: sd_xl_base, Lora hashes: "detail: abc, Seed: 7", Version: v1.9.4"""

COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 156680208700286,
            "steps": 20,
            "cfg": 8,
            "model": ["10", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5-pruned.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["11", 0], "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "text, watermark", "clip": ["4", 1]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
    "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "x.safetensors", "model": ["4", 0]}},
    "11": {"class_type": "PrimitiveString", "inputs": {"value": "a glass bottle with a galaxy inside"}},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=12,
)


def png(size=(64, 64), **texts):
    chunks = PngInfo()
    for key, text in texts.items():
        chunks.add_itxt(key, text)
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def photograph(format, folder=0x8769, **tags):
    exif = Image.Exif()
    where = exif.get_ifd(folder) if folder else exif
    for tag, value in tags.items():
        where[int(tag.removeprefix("x"), 16)] = value
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, format, exif=exif)
    return file.getvalue()


def test_the_text_of_automatic1111_is_read():
    assert read_foreign(png(parameters=A1111)) == Recipe(
        prompt="masterpiece, a red fox in snow, soft light",
        negative_prompt="blurry, text extra fingers",
        model="sd_xl_base",
        width=832,
        height=1216,
        steps=28,
        seed=3141592653,
    )


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_it_is_read_from_the_comment_of_photographs_too(format, order):
    file = photograph(format, x9286=b"UNICODE\0" + A1111.replace("fox", "лиса").encode(order))

    assert read_foreign(file).prompt.startswith("masterpiece, a red лиса")


def test_the_graph_of_comfyui_is_read():
    assert read_foreign(png(prompt=json.dumps(COMFY))) == Recipe(
        prompt="a glass bottle with a galaxy inside",
        negative_prompt="text, watermark",
        model="v1-5-pruned.safetensors",
        width=512,
        height=768,
        steps=20,
        seed=156680208700286,
    )


def test_the_graph_is_read_from_a_webp_too():
    file = photograph("WEBP", folder=None, x0110="prompt:" + json.dumps(COMFY))

    assert read_foreign(file).seed == 156680208700286


@pytest.mark.parametrize(
    "change",
    [
        {"12": COMFY["3"]},  # which of two samplers made it?
        {"6": {"inputs": {"conditioning": ["6", 0]}}},  # a circle
        {"6": {"inputs": {"text": ["99", 0]}}},
        {"3": {"inputs": "none"}},
        {"11": {"inputs": {"value": " "}}},
    ],
)
def test_a_graph_that_is_not_plain_is_no_recipe(change):
    assert read_foreign(png(prompt=json.dumps(COMFY | change))) is None


@pytest.mark.parametrize(
    ("values", "steps", "size"),
    [
        ("Steps: 500, Seed: 1, Size: 4096x10", 50, (2048, 64)),
        ("Steps: 20, Seed: 1", 20, (64, 64)),
        ("Steps: 0, Size: 513x770", 1, (512, 768)),
    ],
)
def test_what_no_recipe_of_ours_can_hold_is_made_to_fit(values, steps, size):
    recipe = read_foreign(png(parameters=f"a fox\n{values}"))

    assert (recipe.steps, recipe.width, recipe.height) == (steps, *size)


@pytest.mark.parametrize(
    "text", ["", "a fox", "Steps: 20, Seed: 1", "{", "[]", "{}", '{"3": 7}', "{" * 50_000]
)
def test_a_text_without_a_prompt_and_values_is_no_recipe(text):
    assert read_foreign(png(parameters=text)) is None


@given(st.text(max_size=200), st.text(max_size=60))
def test_any_text_is_a_recipe_or_none(words, values):
    found = read_foreign(png(parameters=f"{words}\nSteps: {values}"))

    assert found is None or Recipe.from_dict(found.as_dict()) == found


@given(
    st.sampled_from(sorted(COMFY)),
    st.sampled_from(["text", "value", "seed", "steps", "width", "model"]),
    JSON,
)
def test_any_graph_is_a_recipe_or_none(node, name, value):
    inputs = COMFY[node]["inputs"] | {name: value}
    found = read_foreign(png(prompt=json.dumps(COMFY | {node: {"inputs": inputs}})))

    assert found is None or Recipe.from_dict(found.as_dict()) == found


@given(st.binary(max_size=200) | st.binary(max_size=99).map(lambda tail: b"\x89PNG\r\n\x1a\n" + tail))
def test_files_of_any_content_are_survived(content):
    read_foreign(content)
