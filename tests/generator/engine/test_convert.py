import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from generator.checkpoint import Place, find_place
from generator.choices import Precision
from generator.engine import writing
from generator.engine.convert import NAMES, convert
from generator.engine.load import load_parts
from generator.weights import UnusableModel, size_of


def find(source):
    return find_place(str(source), lambda _fraction: None)


def test_a_converted_model_is_half_as_large_and_draws_with_the_same_weights(model_folder, tmp_path):
    told = []

    convert(Place(model_folder), tmp_path / "small", told.append)

    for part in ("transformer", "vae", "text_encoder"):
        assert len(list((tmp_path / "small" / part).glob("*.safetensors"))) == 1
    for part in ("transformer", "vae"):  # which were in 32 bits
        assert size_of(tmp_path / "small" / part) < 0.51 * size_of(model_folder / part)
    one, other = (
        load_parts(folder, lambda _fraction: None, torch.device("cpu")).transformer.state_dict()
        for folder in (model_folder, tmp_path / "small")
    )
    assert all(torch.equal(other[name], value.bfloat16().float()) for name, value in one.items())
    assert told[-1] == pytest.approx(1)


def test_several_files_become_one(broken_copy, tmp_path):
    from diffusers import AutoencoderKL  # noqa: PLC0415

    vae = AutoencoderKL.from_pretrained(broken_copy / "vae")
    (broken_copy / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    vae.save_pretrained(broken_copy / "vae", max_shard_size="1MB")
    assert len(list((broken_copy / "vae").glob("*.safetensors"))) > 1

    convert(find(broken_copy), tmp_path / "one", lambda _fraction: None)

    (file,) = (tmp_path / "one" / "vae").glob("*.safetensors")
    with safe_open(file, framework="pt") as opened:
        assert set(opened.keys()) == set(vae.state_dict())


def test_what_exists_is_not_written_over(model_folder, tmp_path):
    with pytest.raises(UnusableModel, match="exists already"):
        convert(Place(model_folder), tmp_path, lambda _fraction: None)


def test_a_broken_model_leaves_nothing_behind(broken_copy, tmp_path):
    (broken_copy / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"{}")

    with pytest.raises(UnusableModel):
        convert(find(broken_copy), tmp_path / "new", lambda _fraction: None)

    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".converting-*"))


@pytest.fixture
def ends_early(monkeypatch):
    """A process that is ended while it writes so many tensors."""

    def after(count):
        left = iter(range(count))

        def append(*given):
            if next(left, None) is None:
                raise KeyboardInterrupt
            written.append(given)
            append_well(*given)

        written = []
        monkeypatch.setattr(writing, "_append", append)
        return written

    append_well = writing._append
    return after


@pytest.mark.parametrize("precision", [Precision.EXACT, Precision.FP8])
def test_what_was_cut_short_goes_on_where_it_was(model_folder, tmp_path, ends_early, precision):
    convert(Place(model_folder), tmp_path / "whole", lambda _fraction: None, precision)
    first = ends_early(40)
    with pytest.raises(KeyboardInterrupt):
        convert(Place(model_folder), tmp_path / "new", lambda _fraction: None, precision)
    assert not (tmp_path / "new").exists()
    cut = tmp_path / ".converting-new" / "transformer" / NAMES["transformer"]
    os.truncate(cut, cut.stat().st_size - 3)
    rest, told = ends_early(10_000), []

    convert(Place(model_folder), tmp_path / "new", told.append, precision)

    sums = [(tmp_path / name / "SHA256SUMS").read_text() for name in ("whole", "new")]
    assert sums[0] == sums[1]
    assert len(first) + len(rest) == tensors(model_folder) + 1  # what was cut off is written twice
    assert told == sorted(told)


def test_what_was_begun_from_other_files_is_begun_anew(broken_copy, tmp_path, ends_early):
    ends_early(40)
    with pytest.raises(KeyboardInterrupt):
        convert(Place(broken_copy), tmp_path / "new", lambda _fraction: None)
    file = broken_copy / "transformer" / NAMES["transformer"]
    save_file({name: each + 1 for name, each in load_file(file).items()}, file)
    written = ends_early(10_000)

    convert(Place(broken_copy), tmp_path / "new", lambda _fraction: None)

    assert len(written) == tensors(broken_copy)


def test_two_do_not_write_one_file(model_folder, tmp_path):
    def again(_fraction):
        with pytest.raises(UnusableModel, match="is being written already"):
            convert(Place(model_folder), tmp_path / "new", lambda _fraction: None)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(Place(model_folder), tmp_path / "new", again)


def test_eight_bits_are_not_narrowed_again(model_folder, tmp_path):
    convert(Place(model_folder), tmp_path / "small", lambda _fraction: None, Precision.INT8)

    with pytest.raises(UnusableModel, match="in eight bits already"):
        convert(Place(tmp_path / "small"), tmp_path / "smaller", lambda _fraction: None)


def tensors(folder):
    files = (folder / part / NAMES[part] for part in NAMES)
    return sum(len(load_file(file)) for file in files)
