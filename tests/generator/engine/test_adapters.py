"""LoRAs on the real engine: switched, stacked, scaled, and gone without a trace."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from adapting import random_lora
from safetensors.numpy import load_file, save_file
from wishes import wish

from generator.engine import adapters as dressing
from generator.engine import originals
from generator.engine.adapters import Adapters, layers_in
from generator.engine.load import load_parts
from generator.engine.originals import Originals
from generator.engine.painter import ZImagePainter
from generator.layers import layers_for, layers_of
from generator.lora_file import UnusableLora
from generator.loras import Shelf
from generator.messages import Failed, Fault, Finished
from generator.metadata import read_recipe
from generator.models import EMBEDDED_MODEL
from generator.recipe import Lora

SMALL = {"width": 64, "height": 64}
ONE, TWO = Lora("one", 0.8), Lora("two", 0.5)


@pytest.fixture(autouse=True)
def small(painter, monkeypatch):
    """Draw at 64 x 64 natively: quick."""
    monkeypatch.setattr(painter, "_row", replace(painter._row, native_area=64 * 64))


def undressed(model_folder):
    row = replace(EMBEDDED_MODEL, native_area=64 * 64)
    return ZImagePainter(load_parts(model_folder, lambda _fraction: None, torch.device("cpu")), row, Shelf())


@pytest.fixture(scope="module")
def bare(model_folder):
    """The same model as if LoRAs did not exist: its transformer never wears one."""
    return undressed(model_folder)


@pytest.fixture
def wardrobe(model_folder, tmp_path):
    """A transformer's adapters and a folder of its own."""
    parts = load_parts(model_folder, lambda _fraction: None, torch.device("cpu"))
    return Adapters(parts.transformer, Shelf((tmp_path,))), tmp_path


def ends(painter, *ids, **changes):
    found, done = [], threading.Semaphore(0)

    def emit(event):
        if isinstance(event, Finished | Failed):
            found.append(event)
            done.release()

    request = wish(*ids, **SMALL, **changes)
    painter.draw(request, emit, lambda: False)
    assert all(done.acquire(timeout=60) for _ in request.orders)
    return found


def file(painter, *loras):
    return ends(painter, loras=loras)[0].file


def latents(painter, *loras):
    """The numbers themselves: a picture rounds them, and holds the recipe too."""
    recipe = replace(wish(**SMALL).orders[0].recipe, loras=loras)
    painter._adapters.wear(recipe.worn)
    with torch.inference_mode():
        return [step.latents for step in painter._steps([recipe])][-1]


def test_the_matrices_known_without_torch_are_those_of_the_transformer(model_folder, bare):
    assert dict(layers_in(bare._parts.transformer)) == layers_for(str(model_folder))


def test_a_model_of_the_hub_is_known_by_z_images_published_sizes():
    from diffusers import ZImageTransformer2DModel  # noqa: PLC0415

    with torch.device("meta"):
        transformer = ZImageTransformer2DModel()

    assert dict(layers_in(transformer)) == layers_of({}) == layers_for("Tongyi-MAI/Z-Image-Turbo")


def test_a_lora_adds_its_product_to_the_weights_and_nothing_else(painter, bare, shelf, model_folder):
    other = undressed(model_folder)
    weights = dict(other._parts.transformer.named_modules())
    state = load_file(shelf.file("one"))
    for name in {key.removeprefix("transformer.").rsplit(".lora_", 1)[0] for key in state}:
        down, up = (
            torch.from_numpy(state[f"transformer.{name}.lora_{half}.weight"].astype("f4")) for half in "AB"
        )
        weights[name].weight.data += 0.8 * up @ down

    merged = latents(other)

    torch.testing.assert_close(latents(painter, ONE), merged, atol=2e-4, rtol=1e-4)
    assert not torch.allclose(merged, latents(bare), atol=2e-2)


STACKS = {
    "one": [ONE],
    "one taken away": [Lora("one", -0.7)],
    "two": [ONE, TWO],
    "three, one of them taken away": [ONE, Lora("two", -0.6), Lora("three", 1.7)],
}


@pytest.mark.parametrize("loras", STACKS.values(), ids=STACKS.keys())
def test_stacked_and_scaled_loras_draw_what_they_do_in_stock_diffusers(painter, stock, shelf, loras):
    for lora in loras:
        stock.load_lora_weights(shelf.file(lora.name), adapter_name=lora.name)
    stock.set_adapters([lora.name for lora in loras], [lora.scale for lora in loras])
    recipe = wish(**SMALL).orders[0].recipe
    try:
        wanted = stock(
            recipe.prompt,
            **SMALL,
            num_inference_steps=recipe.steps,
            guidance_scale=0.0,
            generator=torch.Generator().manual_seed(recipe.seed),
            output_type="latent",
        ).images
    finally:
        stock.unload_lora_weights()

    torch.testing.assert_close(latents(painter, *loras), wanted, atol=2e-4, rtol=1e-4)
    assert not torch.allclose(latents(painter), wanted, atol=2e-2)


def test_a_lora_leaves_the_weights_where_they_are_and_takes_nothing_with_it(painter):
    transformer = painter._parts.transformer
    before = {name: (weight.data_ptr(), weight.clone()) for name, weight in transformer.state_dict().items()}

    for loras in ([ONE], [ONE, TWO], [TWO], [Lora("three", -2.0)], []):
        painter._adapters.wear(loras)

    for name, weight in transformer.state_dict().items():
        place, value = before[name]
        assert (weight.data_ptr(), True) == (place, torch.equal(weight, value))
    assert not painter._adapters._originals._copies


def test_a_card_without_room_keeps_the_originals_in_the_machines_memory(painter, monkeypatch):
    weights = painter._parts.transformer.state_dict()
    before = {name: weight.clone() for name, weight in weights.items()}
    monkeypatch.setattr(originals, "_has_room", lambda _weights: False)
    monkeypatch.setattr(painter._adapters, "_originals", Originals())

    for loras in ([ONE], [TWO], [], [ONE], []):
        painter._adapters.wear(loras)

    assert all(
        torch.equal(value, before[name]) for name, value in painter._parts.transformer.state_dict().items()
    )


def test_a_swap_that_failed_half_way_leaves_nothing_behind(painter, monkeypatch):
    always, worn = latents(painter), latents(painter, ONE)
    adding, calls = dressing._add, iter(range(1000))

    def out_of_memory(*given):
        if next(calls) == 5:
            raise torch.OutOfMemoryError
        adding(*given)

    latents(painter, TWO)
    with monkeypatch.context() as patched:
        patched.setattr(dressing, "_add", out_of_memory)
        ended = ends(painter, loras=(ONE,))

    assert [each.fault for each in ended] == [Fault.OUT_OF_MEMORY]
    assert torch.equal(latents(painter, ONE), worn)
    assert torch.equal(latents(painter), always)


def test_without_a_lora_pictures_are_what_they_always_were_to_the_byte(painter, bare):
    always = file(bare)

    before = file(painter)
    worn = file(painter, ONE, TWO)
    after = file(painter)

    assert before == after == always
    assert worn != always


def test_a_scale_of_zero_is_no_lora(painter, bare):
    latents(painter, ONE, TWO)

    assert torch.equal(latents(painter, replace(ONE, scale=0)), latents(bare))


def test_two_loras_are_both_there_and_their_order_says_nothing(painter):
    both = latents(painter, ONE, TWO)

    assert torch.equal(latents(painter, TWO, ONE), both)
    assert not any(torch.allclose(latents(painter, *one), both, atol=1e-3) for one in ([ONE], [TWO]))


def test_a_stronger_lora_changes_more(painter):
    plain = latents(painter)
    changes = [float((latents(painter, replace(ONE, scale=s)) - plain).abs().mean()) for s in (0.2, 0.5, 1)]

    assert changes == sorted(changes)
    assert changes[0] > 0


def test_switching_between_loras_leaves_nothing_of_the_other(painter):
    first = latents(painter, ONE)
    latents(painter, TWO)
    latents(painter)

    assert torch.equal(latents(painter, ONE), first)


def test_the_file_names_its_loras(painter):
    recipe = read_recipe(file(painter, ONE, TWO))

    assert recipe is not None
    assert recipe.loras == (ONE, TWO)


@pytest.mark.parametrize("fault", ["unknown", "of_another_model", "cut_short"])
def test_a_wrong_lora_fails_every_order_before_anything_is_drawn_and_the_next_is_painted(
    painter, shelf, fault
):
    wrong = {
        "unknown": None,
        "of_another_model": random_lora(layers_for("embedded")),  # of six layers, where this has two
        "cut_short": random_lora(painter._adapters._layers),
    }[fault]
    path = shelf.folders[0] / f"{fault}.safetensors"
    if wrong is not None:
        save_file(wrong, path)
    if fault == "cut_short":
        path.write_bytes(path.read_bytes()[:-5])

    ended = ends(painter, "a", "b", loras=(ONE, Lora(fault)))

    assert ended == [Failed("a", Fault.WRONG_LORA), Failed("b", Fault.WRONG_LORA)]
    assert isinstance(ends(painter)[0], Finished)


def test_a_lora_that_is_replaced_on_the_shelf_is_read_anew(wardrobe, model_folder):
    adapters, folder = wardrobe
    layers = layers_for(str(model_folder))
    save_file(random_lora(layers, 1), folder / "it.safetensors")
    adapters.wear([Lora("it")])
    first = set(adapters._kept)

    save_file(random_lora(layers, 2, size=0.3), folder / "new")
    (folder / "new").replace(folder / "it.safetensors")
    adapters.wear([Lora("it")])

    assert first < set(adapters._kept)


def test_the_same_content_under_two_names_is_kept_once(wardrobe, model_folder):
    adapters, folder = wardrobe
    for name in ("a", "b"):
        save_file(random_lora(layers_for(str(model_folder))), folder / f"{name}.safetensors")

    for name in ("a", "b"):
        adapters.wear([Lora(name)])

    assert len(adapters._kept) == 1


def test_the_longest_unused_goes_where_too_many_are_kept(wardrobe, model_folder, monkeypatch):
    monkeypatch.setattr(dressing, "MOST_KEPT", 2)
    adapters, folder = wardrobe
    for seed, name in enumerate("abc"):
        save_file(random_lora(layers_for(str(model_folder)), seed), folder / f"{name}.safetensors")
        adapters.wear([Lora(name)])

    adapters.wear([])

    assert len(adapters._kept) == 2


def test_values_that_are_no_numbers_are_refused(wardrobe, model_folder):
    adapters, folder = wardrobe
    state = random_lora(layers_for(str(model_folder)))
    next(iter(state.values()))[0, 0] = np.nan
    save_file(state, folder / "nan.safetensors")

    with pytest.raises(UnusableLora, match="no numbers"):
        adapters.wear([Lora("nan")])
