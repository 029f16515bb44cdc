import json
import re
import shutil

import pytest

from generator.embedded import WEIGHTS
from generator.layers import layers_for, layers_of
from generator.weights import UnusableModel, check_folder, find_folder


def find(source):
    return find_folder(str(source), lambda _fraction: None)


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(WEIGHTS, tmp_path / "model")


def weights(folder, part="transformer"):
    return next((folder / part).glob("*.safetensors"))


def test_the_embedded_model_is_whole():
    check_folder(find("embedded"))


def test_a_folder_is_found_by_its_path(folder):
    assert find(folder) == folder


@pytest.mark.parametrize("source", ["/no/such/folder", "./models", "a/b/c", "nothing", "~nobody-at-all/x"])
def test_a_folder_that_is_not_there_is_named(source):
    with pytest.raises(UnusableModel, match=f"no model folder at {source}"):
        find(source)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "model.safetensors").touch()

    with pytest.raises(UnusableModel, match="is a file"):
        find(tmp_path / "model.safetensors")


def test_a_hub_model_that_cannot_be_fetched_says_what_to_look_at(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(UnusableModel, match="is there a network"):
        find("Tongyi-MAI/Z-Image-Turbo")


def test_an_empty_folder_is_not_complete(tmp_path):
    with pytest.raises(UnusableModel, match=r"not complete: .*model_index.json is missing"):
        check_folder(tmp_path)


def test_another_architecture_is_named(folder):
    index = folder / "model_index.json"
    parts = json.loads(index.read_text()) | {"transformer": ["diffusers", "FluxTransformer2DModel"]}
    index.write_text(json.dumps(parts))

    with pytest.raises(UnusableModel, match="its transformer is FluxTransformer2DModel"):
        check_folder(folder)


@pytest.mark.parametrize("part", ["transformer", "vae", "text_encoder"])
def test_pickled_weights_are_refused(folder, part):
    weights(folder, part).rename(folder / part / "pytorch_model.bin")

    with pytest.raises(UnusableModel, match="pickle files, which can run anything"):
        check_folder(folder)


def test_missing_weights_are_named(folder):
    weights(folder, "vae").unlink()

    with pytest.raises(UnusableModel, match=r"no weights .* in .*vae"):
        check_folder(folder)


@pytest.mark.parametrize("kept", [0, 4, 8, 100, -1])
def test_a_truncated_file_is_damaged(folder, kept):
    file = weights(folder)
    file.write_bytes(file.read_bytes()[:kept])

    with pytest.raises(UnusableModel, match="damaged"):
        check_folder(folder)


@pytest.mark.parametrize(
    "head", [b"\xff" * 8, b"[]", b'{"a": {"data_offsets": "x"}}', b'{"a": 7}', b"[" * 9999]
)
def test_a_file_of_nonsense_is_damaged(folder, head):
    weights(folder).write_bytes(len(head).to_bytes(8, "little") + head)

    with pytest.raises(UnusableModel, match="damaged"):
        check_folder(folder)


def test_a_missing_shard_is_named(folder):
    index = folder / "transformer" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-00002-of-00002.safetensors"}}))

    with pytest.raises(UnusableModel, match="model-00002-of-00002"):
        check_folder(folder)


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
@pytest.mark.parametrize("name", ["model_index.json", "vae/config.json"])
def test_a_damaged_index_or_config_is_named(folder, name, content):
    (folder / name).write_text(content)

    with pytest.raises(UnusableModel, match=re.escape(f"{name} is damaged")):
        check_folder(folder)


@pytest.mark.parametrize("figure", [1e6, -(10**6), float("inf"), [[10**6]], {"a_layers": 10**6}])
def test_a_config_that_asks_for_what_no_model_has_is_named(folder, figure):
    path = folder / "transformer" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"n_layers": figure}))

    with pytest.raises(UnusableModel, match=r"it asks for \w*_layers = "):
        check_folder(folder)
    assert layers_for(str(folder)) == layers_of({})


def test_a_folder_without_a_tokenizer_says_so(folder):
    shutil.rmtree(folder / "tokenizer")

    with pytest.raises(UnusableModel, match="has no tokenizer"):
        check_folder(folder)
