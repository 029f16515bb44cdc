"""`pinxit lora`: what fits is put on the shelf, what does not is told why, and nothing half is left."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from bot.__main__ import main
from bot.settings import read_settings
from generator.layers import layers_for
from generator.loras import Shelf

ROOT = Path(__file__).parents[2]
LAYER = "layers.0.attention.to_q"


@pytest.fixture(autouse=True)
def shelf(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PINXIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PINXIT_MODEL", "embedded")
    return tmp_path / "data" / "loras"


def lora(path, name=LAYER, width=192):
    state = {f"{name}.lora_A.weight": np.ones((2, width)), f"{name}.lora_B.weight": np.ones((width, 2))}
    save_file({key: value.astype(np.float32) for key, value in state.items()}, path)
    return str(path)


def code(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["lora", *arguments])
    return ended.value.code


def test_a_lora_is_added_listed_and_removed(tmp_path, shelf, capsys):
    file = lora(tmp_path / "Pixel Art v2.safetensors")

    assert code("add", file) == 0
    assert [path.name for path in shelf.iterdir()] == ["pixel-art-v2.safetensors"]
    assert code("list") == 0
    assert code("remove", "pixel-art-v2") == 0

    said = capsys.readouterr().out
    assert "changes 1 matrices" in said
    assert "yours" in said
    assert "yes, rank 2" in said
    assert not any(shelf.iterdir())


def test_a_name_of_ones_own_and_only_once(tmp_path, shelf, capsys):
    file = lora(tmp_path / "ключ.safetensors")

    assert code("add", file) == 2
    assert code("add", file, "--name", "../up") == 2
    assert code("add", file, "--name", "key") == 0
    assert code("add", file, "--name", "key") == 1

    assert "already" in capsys.readouterr().err
    assert list(Shelf((shelf,))) == ["key"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: lora(path, width=96), "made for a model of another size"),
        (lambda path: lora(path, "down_blocks.0.attentions.0.proj_in"), "made for Stable Diffusion"),
        (lambda path: path.write_bytes(b"\x80\x04pickle"), "pickle"),
        (lambda path: path.write_bytes(b"nothing"), "no safetensors file"),
        (lambda _: None, "No such file"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence_and_not_kept(tmp_path, shelf, capsys, make, sentence):
    make(tmp_path / "wrong.safetensors")

    assert code("add", str(tmp_path / "wrong.safetensors")) == 1

    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.splitlines()) == 1
    assert not shelf.exists() or not any(shelf.iterdir())


def test_a_lora_that_no_longer_fits_is_listed_with_the_reason(shelf, capsys):
    shelf.mkdir(parents=True)
    lora(shelf / "old.safetensors", width=96)

    assert code("list") == 0

    assert "no: It was made for a model of another size" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["nothing", "../../pinxit.sqlite3", "/etc/passwd"])
def test_only_what_is_on_the_shelf_can_be_removed(name, capsys):
    assert code("remove", name) == 1

    assert "no LoRA" in capsys.readouterr().err


def test_a_model_in_a_folder_is_known_by_its_own_configuration(tmp_path):
    (tmp_path / "transformer").mkdir()
    (tmp_path / "transformer" / "config.json").write_text('{"dim": 96, "n_layers": 1}')

    assert layers_for(str(tmp_path))[LAYER] == (96, 96)
    assert layers_for("/nowhere")[LAYER] == (3840, 3840)


def test_the_shelf_is_kept_without_torch(tmp_path):
    file = lora(tmp_path / "it.safetensors")
    program = (
        "import sys, contextlib\nfrom bot.__main__ import main\n"
        f"with contextlib.suppress(SystemExit): main(['lora', 'add', {file!r}])\n"
        "print([name for name in ('torch', 'numpy', 'safetensors') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"
    assert read_settings().settings.loras.joinpath("it.safetensors").exists()
