"""A LoRA's file is judged by its head: what fits, however it is written, and why the rest does not."""

import hashlib
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from adapting import random_lora
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from bot.texts.catalogue import catalogue
from generator import lora_file
from generator.layers import layers_for, layers_of
from generator.lora_file import UnusableLora, check_file
from generator.loras import Shelf
from generator.recipe import Lora

ROOT = Path(__file__).parents[2]

LAYERS = layers_for("embedded")
FITTING = random_lora(LAYERS)


def checked(tmp_path, state, layers=LAYERS):
    save_file(state, tmp_path / "lora.safetensors")
    return check_file(tmp_path / "lora.safetensors", layers)


def renamed(pattern, replacement):
    return {re.sub(pattern, replacement, name): value for name, value in FITTING.items()}


def kohya(name):
    layer, half = re.fullmatch(r"transformer\.(.*)\.lora_([AB])\.weight", name).groups()
    return f"lora_unet_{layer.replace('.', '_')}.lora_{'down' if half == 'A' else 'up'}.weight"


WRITTEN = {
    "by_diffusers": FITTING,
    "without_prefix": renamed(r"^transformer\.", ""),
    "for_comfyui": renamed(r"^transformer\.", "diffusion_model."),
    "by_peft": renamed(r"^transformer\.(.*)\.weight$", r"base_model.model.\1.default.weight"),
    "with_the_original_name_of_the_way_out": renamed(r"to_out\.0", "out"),
    "with_underscores": {kohya(name): value for name, value in FITTING.items()},
}


@pytest.mark.parametrize("way", WRITTEN)
def test_every_way_of_writing_names_is_understood(tmp_path, way):
    pieces = checked(tmp_path, WRITTEN[way])

    assert {piece.layer for piece in pieces} == {
        name for name in LAYERS if ".attention." in name or ".feed_forward." in name
    }


def test_a_fused_matrix_changes_the_three_that_it_was_made_of(tmp_path):
    fused = {
        "diffusion_model.layers.0.attention.qkv.lora_A.weight": np.ones((2, 192), np.float16),
        "diffusion_model.layers.0.attention.qkv.lora_B.weight": np.ones((576, 2), np.float16),
        "diffusion_model.layers.0.attention.qkv.alpha": np.array(1.0, np.float32),
    }

    pieces = checked(tmp_path, fused)

    assert [(piece.layer[-4:], piece.third) for piece in pieces] == [("to_q", 0), ("to_k", 1), ("to_v", 2)]
    assert {piece.alpha for piece in pieces} == {"diffusion_model.layers.0.attention.qkv.alpha"}


def test_one_of_the_right_kind_but_another_size_says_both_sizes(tmp_path):
    with pytest.raises(UnusableLora, match=r"another size: at .* 192×192, this model has 3840×3840"):
        checked(tmp_path, FITTING, layers_of({}))


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight", "Stable Diffusion,"),
        ("lora_unet_input_blocks_4_1_transformer_blocks_1_attn1_to_q.lora_down.weight", "SDXL,"),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", "SDXL,"),
        ("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", "FLUX"),
        ("diffusion_model.blocks.0.cross_attn.q.lora_A.weight", "Wan"),
        ("transformer.transformer_blocks.0.attn.to_q.lora_A.weight", "Qwen-Image"),
    ],
)
def test_one_for_another_architecture_says_what_it_was_made_for(tmp_path, name, model):
    with pytest.raises(UnusableLora, match=f"made for {model}"):
        checked(tmp_path, {name: np.ones((4, 320), np.float16)})


BROKEN_STATES = {
    "for_a_text_encoder": (
        {"lora_te1_text_model_encoder_layers_0_mlp_fc1.alpha": np.ones((1, 1), np.float16)},
        "changes a text encoder",
    ),
    "nothing_in_it": ({}, "holds no LoRA"),
    "something_beside": (FITTING | {"scheduler.step": np.ones(3, np.float32)}, "does not fit this model"),
    "half_missing": (dict(list(FITTING.items())[1:]), "not complete: half of"),
    "not_low_rank": (
        {name: value[..., None] if value.shape[0] == 4 else value for name, value in FITTING.items()},
        "no plain LoRA",
    ),
    "in_eight_bits": ({name: value.astype(np.int8) for name, value in FITTING.items()}, "kept as I8"),
    "of_a_huge_rank": (
        {
            "layers.0.attention.to_q.lora_A.weight": np.ones((600, 192), np.float16),
            "layers.0.attention.to_q.lora_B.weight": np.ones((192, 600), np.float16),
        },
        "rank 600",
    ),
    "the_same_twice": (
        FITTING
        | {name.replace("to_out.0", "out"): value for name, value in FITTING.items() if "to_out" in name},
        "twice",
    ),
}


@pytest.mark.parametrize("broken", BROKEN_STATES)
def test_what_does_not_fit_is_refused_with_a_sentence(tmp_path, broken):
    state, sentence = BROKEN_STATES[broken]

    with pytest.raises(UnusableLora, match=sentence):
        checked(tmp_path, state)


def truncated(path: Path):
    path.write_bytes(path.read_bytes()[:-100])


def longer_than_it_says(path: Path):
    path.write_bytes(path.read_bytes() + b"more")


def pickled(path: Path):
    path.write_bytes(pickle.dumps({"lora": [1, 2, 3]}))


def zipped_pickle(path: Path):
    path.write_bytes(b"PK\x03\x04" + bytes(100))


def too_large(path: Path):
    with path.open("r+b") as opened:
        opened.truncate(lora_file.MOST_BYTES + 1)  # a hole: it takes no room on the disk


def a_picture(path: Path):
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))


def empty(path: Path):
    path.write_bytes(b"")


def deep(path: Path):
    head = b"[" * 100_000
    path.write_bytes(len(head).to_bytes(8, "little") + head)


def gone(path: Path):
    path.unlink()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (truncated, "damaged: it has"),
        (longer_than_it_says, "damaged: it has"),
        (pickled, "pickle"),
        (zipped_pickle, "pickle"),
        (too_large, "1024 MiB|may have 1024"),
        (a_picture, "no safetensors file"),
        (empty, "no safetensors file"),
        (deep, "no safetensors file"),
        (gone, "cannot be read"),
    ],
)
def test_a_broken_file_is_refused_with_a_sentence(tmp_path, damage, sentence):
    path = tmp_path / "lora.safetensors"
    save_file(FITTING, path)
    damage(path)

    with pytest.raises(UnusableLora, match=sentence):
        check_file(path, LAYERS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TENSOR = st.fixed_dictionaries({"dtype": JSON, "shape": JSON, "data_offsets": st.just([0, 0])})


@given(st.dictionaries(st.sampled_from(list(FITTING)), TENSOR | JSON, max_size=4))
def test_whatever_a_head_says_it_is_read_or_refused(tmp_path_factory, head):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)

    with pytest.raises(UnusableLora):
        check_file(path, LAYERS)


def test_the_shelf_lists_safetensors_by_name_and_the_owners_wins(tmp_path):
    ours, owners = tmp_path / "ours", tmp_path / "owners"
    for file in (ours / "snow.safetensors", owners / "snow.safetensors", ours / "outline.safetensors"):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    for stray in ("Big Name.safetensors", "notes.txt", ".hidden.safetensors"):
        (owners / stray).touch()
    shelf = Shelf((owners, ours, tmp_path / "nowhere"))

    assert list(shelf) == ["outline", "snow"]
    assert shelf.file("snow").parent == owners
    assert "snow" in shelf
    assert "../snow" not in shelf


def stored(path: Path, seed=0) -> str:
    save_file(random_lora(LAYERS, seed), path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_lora_with_a_content_is_that_content_or_none(tmp_path):
    shelf = Shelf((tmp_path,), tmp_path / "fetched")
    (tmp_path / "fetched").mkdir()
    content = stored(tmp_path / "it.safetensors")
    assert (
        shelf.found(Lora("it"))
        == shelf.found(Lora("it", 0.5, content))
        == (tmp_path / "it.safetensors", content)
    )

    other = stored(tmp_path / "it.safetensors", seed=1)

    with pytest.raises(UnusableLora, match="another one now"):
        shelf.found(Lora("it", sha256=content))
    assert shelf.found(Lora("it"))[1] == other
    assert stored(tmp_path / "fetched" / f"{content}.safetensors") == content
    assert shelf.found(Lora("it", sha256=content))[0].parent.name == "fetched"
    with pytest.raises(UnusableLora, match="no LoRA of this name"):
        shelf.found(Lora("gone", sha256=other))


@pytest.mark.parametrize("name", ["../it", "it/../it", "", ".", "it.safetensors", "It"])
def test_a_name_that_no_lora_can_have_is_on_no_shelf(tmp_path, name):
    stored(tmp_path / "it.safetensors")

    assert name not in Shelf((tmp_path,))
    assert "it" in Shelf((tmp_path,))


def test_every_reason_has_its_sentence_in_the_catalogue():
    files = [*(ROOT / "bot").glob("lora*.py"), *(ROOT / "generator").rglob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)

    rules = set(re.findall(r'UnusableLora\(\s*"(\w+)"', text))

    assert len(rules) > 20
    assert {f"lora_{rule}" for rule in rules} <= set(catalogue("en"))
