"""A model whose files are in eight bits draws what narrowing at the start draws; LoRAs come and go on it."""

import pytest
import torch
from wishes import PLAIN

from generator.checkpoint import Place
from generator.choices import Precision
from generator.engine import net, products
from generator.engine.convert import NAMES, convert
from generator.engine.load import load_parts, plan_for
from generator.engine.painter import ZImagePainter
from generator.memory import GIB, Card
from generator.models import EMBEDDED_MODEL
from generator.recipe import Lora
from generator.weights import UnusableModel, precision_of, size_of

CPU = torch.device("cpu")
NARROW = [Precision.INT8, Precision.FP8]


@pytest.fixture(scope="module")
def folders(model_folder, tmp_path_factory):
    """The model in sixteen bits, and in eight."""
    folder = tmp_path_factory.mktemp("converted")
    for precision in (Precision.EXACT, *NARROW):
        convert(Place(model_folder), folder / precision, lambda _fraction: None, precision)
    return {precision: folder / precision for precision in (Precision.EXACT, *NARROW)}


def painter(folder, shelf, wish=Precision.AUTO):
    torch.set_num_threads(1)
    parts = load_parts(folder, lambda _fraction: None, CPU, wish)
    return ZImagePainter(parts, EMBEDDED_MODEL, shelf)


def latents(painter, *loras):
    recipe = PLAIN.picture(0)
    painter._adapters.wear(loras)
    with torch.inference_mode():
        *_, last = painter._steps([recipe])
    return last.latents


@pytest.mark.parametrize("precision", NARROW)
def test_files_in_eight_bits_draw_what_narrowing_at_the_start_draws(folders, shelf, precision):
    narrowed = painter(folders[Precision.EXACT], shelf, precision)
    read = painter(folders[precision], shelf)

    assert torch.equal(latents(read), latents(narrowed))
    assert size_of(folders[precision] / "transformer") < 0.8 * size_of(
        folders[Precision.EXACT] / "transformer"
    )


def test_reading_them_narrows_nothing(folders, shelf, monkeypatch):
    def narrowed(weight, precision):
        assert weight.device.type == "meta", "numbers were narrowed"
        return kept_in(weight, precision)

    kept_in = products.kept_in
    monkeypatch.setattr(products, "kept_in", narrowed)
    monkeypatch.setattr(net, "kept_in", narrowed)

    latents(painter(folders[Precision.FP8], shelf))


@pytest.mark.parametrize("precision", NARROW)
def test_loras_come_and_go_on_files_in_eight_bits(folders, shelf, precision):
    it, exact = painter(folders[precision], shelf), painter(folders[Precision.EXACT], shelf)
    one = Lora("one", 0.8)

    plain, worn, gone, again = (latents(it, *loras) for loras in ((), (one,), (), (one,)))

    assert torch.equal(plain, gone)  # not even a rounding is left over
    assert torch.equal(worn, again)
    wished = latents(exact, one)
    assert (worn - wished).norm() < 0.5 * (plain - wished).norm()


@pytest.mark.parametrize("precision", NARROW)
def test_what_files_are_kept_in_is_what_is_drawn_in(folders, precision):
    assert precision_of(folders[precision] / "transformer") is precision
    assert plan_for(folders[precision], CPU, Precision.AUTO).precision is precision
    with pytest.raises(UnusableModel, match=rf"files are in {precision}, so PINXIT_PRECISION can be auto or"):
        plan_for(folders[precision], CPU, Precision.EXACT)


def test_a_card_that_cannot_multiply_what_the_files_are_in_is_told(folders, monkeypatch):
    old = Card("RTX 3090", 24 * GIB, (8, 6))
    monkeypatch.setattr("generator.engine.load.card_of", lambda _device: old)

    with pytest.raises(UnusableModel, match="are in fp8, which RTX 3090 cannot multiply in; draw with the"):
        plan_for(folders[Precision.FP8], torch.device("cuda"), Precision.AUTO)


def test_scales_that_are_missing_are_named(folders, shelf, tmp_path):
    from shutil import copytree  # noqa: PLC0415

    from safetensors.torch import load_file, save_file  # noqa: PLC0415

    folder = copytree(folders[Precision.FP8], tmp_path / "copy")
    file = folder / "transformer" / NAMES["transformer"]
    weights = load_file(file)
    del weights["layers.1.attention.to_k.weight_scale"]
    save_file(weights, file)

    with pytest.raises(
        UnusableModel, match=r"lacks 1 weights, for example layers\.1\.attention\.to_k\.weight_scale"
    ):
        latents(painter(folder, shelf))
