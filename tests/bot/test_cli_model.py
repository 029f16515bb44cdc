import numpy as np
import pytest
from safetensors.numpy import save_file

from bot.cli.model import convert_model, fetch_model, list_models
from bot.settings import Settings
from bot.trouble import Trouble
from generator.checkpoint import MARK
from generator.choices import Precision

EXACT, FP8 = Precision.EXACT, Precision.FP8


def settings(tmp_path):
    return Settings(data=tmp_path)


def test_a_model_is_converted_in_a_process_of_its_own_and_then_listed(tmp_path, capsys):
    convert_model(settings(tmp_path), "embedded", None, EXACT)
    list_models(settings(tmp_path))

    said = capsys.readouterr().out
    assert f"PINXIT_MODEL={tmp_path}/models/embedded" in said
    assert f"{tmp_path}/models/embedded" in said.split("in use")[1]


def test_a_folder_that_is_no_model_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "odd").mkdir()

    with pytest.raises(Trouble, match=r"model_index\.json is missing"):
        convert_model(settings(tmp_path), str(tmp_path / "odd"), tmp_path / "new", EXACT)


def test_a_transformer_as_one_file_is_listed_and_another_file_is_not(tmp_path, capsys):
    (tmp_path / "models").mkdir()
    save_file({MARK: np.zeros((4, 4), dtype=np.float32)}, tmp_path / "models" / "z-image.safetensors")
    (tmp_path / "models" / "notes.safetensors").write_bytes(b"")

    list_models(settings(tmp_path))

    said = capsys.readouterr().out
    assert f"{tmp_path}/models/z-image.safetensors" in said
    assert "notes" not in said


def test_a_model_that_is_nowhere_is_refused_in_a_sentence():
    with pytest.raises(Trouble, match="There is no model folder at /nowhere/at/all"):
        fetch_model("/nowhere/at/all")


def test_a_model_in_eight_bits_is_named_for_them_and_its_bytes_are_checked(tmp_path, capsys):
    convert_model(settings(tmp_path), "embedded", None, FP8)
    folder = tmp_path / "models" / "embedded-fp8"
    list_models(settings(tmp_path))
    fetch_model(str(folder))

    said = capsys.readouterr().out
    assert f"PINXIT_MODEL={folder}" in said
    (row,) = (
        line.split() for line in said.splitlines() if line.startswith(f"{folder} ") and "fp8" in line.split()
    )
    assert row[2] == "fp8"
    assert "is whole (" in said


def test_a_converted_model_that_was_damaged_is_named(tmp_path):
    convert_model(settings(tmp_path), "embedded", tmp_path / "small", EXACT)
    file = tmp_path / "small" / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"!")

    with pytest.raises(Trouble, match=r"vae/diffusion_pytorch_model.safetensors is damaged; convert"):
        fetch_model(str(tmp_path / "small"))
