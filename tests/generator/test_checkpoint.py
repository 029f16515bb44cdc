"""A model as one file: what cannot be one is refused in a sentence of its own."""

import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save_file

from generator.checkpoint import MARK, PREFIX, find_place, weights_in
from generator.embedded import WEIGHTS
from generator.heads import HEADER_LIMIT
from generator.models import Z_IMAGE, Z_IMAGE_TURBO
from generator.weights import UnusableModel

NUMBERS = np.zeros((4, 4), dtype=np.float32)


def find(source):
    return find_place(str(source), lambda _fraction: None)


def refused(file) -> str:
    with pytest.raises(UnusableModel) as caught:
        find(file)
    return str(caught.value)


@pytest.fixture
def home(tmp_path):
    """The embedded model's folder without the transformer's weights."""
    folder = shutil.copytree(WEIGHTS, tmp_path / "home")
    (folder / "transformer" / "diffusion_pytorch_model.safetensors").unlink()
    return folder


@pytest.fixture
def file(home):
    save_file({MARK: NUMBERS}, home / "one.safetensors")
    return home / "one.safetensors"


def test_the_other_parts_are_those_of_the_files_own_folder(file, home):
    place = find(file)

    assert (place.folder, place.checkpoint) == (home, file)


def test_a_whole_checkpoint_may_hold_other_networks_as_they_like(home):
    tensors = {PREFIX + MARK: NUMBERS, "text_encoders.weight": np.zeros(3, dtype=np.uint8)}
    save_file(tensors, home / "all.safetensors")

    assert find(home / "all.safetensors").checkpoint == home / "all.safetensors"


@pytest.mark.parametrize(
    ("name", "published"),
    [("z_image_base.safetensors", Z_IMAGE), ("z_image_turbo.safetensors", Z_IMAGE_TURBO)],
)
def test_without_a_folder_the_other_parts_are_the_published_ones(monkeypatch, tmp_path, name, published):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    save_file({MARK: NUMBERS}, tmp_path / name)

    assert refused(tmp_path / name).startswith(f"{published.name} is not whole on this machine")


def test_a_folder_that_lacks_another_part_says_which(file, home):
    (home / "vae" / "diffusion_pytorch_model.safetensors").unlink()

    assert "no weights" in refused(file)


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".bin", ".PTH"])
def test_a_pickle_is_never_opened(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    file.write_bytes(pickle.dumps({MARK: 1}))

    assert "is a pickle file, which can run anything" in refused(file)


def test_a_pickle_under_another_name_is_no_safetensors_file(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(pickle.dumps({MARK: 1}))

    assert "is no safetensors file, or it is damaged" in refused(file)


@pytest.mark.parametrize("kept", [0, 4, 8, 60, -1])
def test_a_truncated_file_is_damaged(file, kept):
    file.write_bytes(file.read_bytes()[:kept])

    assert "damaged" in refused(file)


@pytest.mark.parametrize("length", [HEADER_LIMIT + 1, 2**63])
def test_a_head_that_is_too_long_is_not_read(file, length):
    file.write_bytes(length.to_bytes(8, "little") + file.read_bytes()[8:])

    assert "damaged" in refused(file)


@pytest.mark.parametrize("head", [b"[]", b'{"a": 7}', b"{", b"[" * 9999])
def test_a_head_of_nonsense_is_damaged(file, head):
    file.write_bytes(len(head).to_bytes(8, "little") + head)

    assert "damaged" in refused(file)


def test_a_head_without_kinds_of_numbers_is_refused(file):
    head = json.dumps({MARK: {"data_offsets": [0, 0], "shape": [0]}}).encode()
    file.write_bytes(len(head).to_bytes(8, "little") + head)

    assert "nothing known" in refused(file)


@pytest.mark.parametrize("shape", [None, 7, ["4", "4"], {"4": 4}])
def test_a_head_without_sizes_is_damaged(file, shape):
    head = json.dumps({MARK: {"dtype": "F32", "data_offsets": [0, 0], "shape": shape}}).encode()
    file.write_bytes(len(head).to_bytes(8, "little") + head)

    assert "damaged" in refused(file)


def test_the_files_numbers_count_as_the_transformers(file, home):
    other = weights_in(WEIGHTS)

    assert weights_in(home, file) == replace(other, transformer=2 * NUMBERS.size)


def test_another_architecture_is_said_to_be_one(tmp_path):
    save_file({"double_blocks.0.img_attn.qkv.weight": NUMBERS}, tmp_path / "flux.safetensors")

    assert "holds no Z-Image transformer" in refused(tmp_path / "flux.safetensors")


def test_a_lora_is_sent_to_the_shelf(tmp_path):
    save_file({"layers.0.attention.to_q.lora_A.weight": NUMBERS}, tmp_path / "lora.safetensors")

    assert "is a LoRA, not a model" in refused(tmp_path / "lora.safetensors")


def test_weights_of_fewer_bits_than_can_be_read_are_named(tmp_path):
    save_file({MARK: NUMBERS.astype(np.int8)}, tmp_path / "small.safetensors")

    assert "holds its weights as I8" in refused(tmp_path / "small.safetensors")
