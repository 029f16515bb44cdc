import sys
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save_file

from bot.doctor.memory import attention_of, card_in, explained, weights_of
from generator.checkpoint import MARK
from generator.choices import Precision
from generator.memory import GIB, Z_IMAGE_TURBO, Card
from generator.models import EMBEDDED


def test_without_a_card_everything_is_exact():
    fits, finding = explained(EMBEDDED, Precision.AUTO, [], 2 * GIB)

    assert fits
    assert finding.startswith("exact: without a card everything lies in the machine's memory, at least ")
    assert finding.endswith(" MiB")


def test_a_model_that_is_too_large_for_a_machine_without_a_card_is_told():
    fits, finding = explained("Tongyi-MAI/Z-Image-Turbo", Precision.AUTO, [], 16 * GIB)

    assert not fits
    assert finding == (
        "The model does not fit into this machine's memory: without a card it needs at least 38.2 GiB, "
        "and 16.0 GiB are free."
    )


L4, A10, T4 = Card("L4", 23 * GIB, (8, 9)), Card("A10", 23 * GIB, (8, 6)), Card("T4", 15 * GIB, (7, 5))
RTX_4080, RTX_3080 = Card("RTX 4080", int(15.6 * GIB), (8, 9)), Card("RTX 3080", int(15.6 * GIB), (8, 6))
H200, RTX_4060 = Card("H200", 139 * GIB, (9, 0)), Card("RTX 4060", int(7.6 * GIB), (8, 9))


@pytest.mark.parametrize(
    ("card", "why"),
    [
        (H200, "takes sixteen bits, which are exact: all of it fits."),
        (L4, "takes sixteen bits, which are exact: all of it fits."),
        (A10, "takes sixteen bits, which are exact: all of it fits."),
        (
            RTX_4080,
            "takes fp8, the fastest that it multiplies in: in sixteen bits, with everything on the card,",
        ),
        (
            RTX_3080,
            "takes int8, as cards before Ada have no fp8 (this one has compute capability 8.6): in sixteen",
        ),
        (T4, "takes sixteen bits: this card multiplies quickly in neither fp8 nor int8."),
        (RTX_4060, "takes sixteen bits: in eight it would not all fit either, and they are exact."),
    ],
    ids=lambda given: given.name if isinstance(given, Card) else "",
)
def test_what_auto_takes_for_a_card_is_told_and_why(card, why):
    fits, finding = explained("Tongyi-MAI/Z-Image-Turbo", Precision.AUTO, [card], None)

    assert fits
    assert f"PINXIT_PRECISION=auto {why}" in finding


def test_what_the_owner_chose_is_told_as_that():
    _, finding = explained("Tongyi-MAI/Z-Image-Turbo", Precision.INT8, [H200], None)

    assert finding.endswith("In int8, because PINXIT_PRECISION says so.")


def test_the_plan_for_a_card_is_told():
    fits, finding = explained("Tongyi-MAI/Z-Image-Turbo", Precision.AUTO, [L4], None)

    assert fits
    assert finding.startswith("On L4 (23.0 GiB) the transformer lies on the card in sixteen bits")


def test_a_card_that_is_too_small_is_told():
    fits, finding = explained(
        "Tongyi-MAI/Z-Image-Turbo", Precision.AUTO, [Card("GT 1030", 2 * GIB, (6, 1))], None
    )

    assert not fits
    assert "does not fit on GT 1030" in finding


def test_a_model_at_hand_is_measured_by_its_files():
    found = weights_of(EMBEDDED)

    assert 9e6 < found.transformer < 11e6
    assert weights_of("somebody/something") == Z_IMAGE_TURBO


def test_a_transformer_of_its_own_counts_in_sixteen_bits_whatever_the_file_holds(tmp_path):
    save_file({MARK: np.zeros((1000, 1000), dtype=np.float32)}, tmp_path / "z-image.safetensors")

    found = weights_of(str(tmp_path / "z-image.safetensors"))

    assert found == replace(Z_IMAGE_TURBO, transformer=2_000_000)


@pytest.mark.parametrize(
    ("line", "card"),
    [
        ("NVIDIA H200, 143771, 9.0", Card("NVIDIA H200", 143771 * 2**20, (9, 0))),
        ("Odd, Name, 16376, 8.9", Card("Odd, Name", 16376 * 2**20, (8, 9))),
        ("NVIDIA, [N/A], 8.9", None),
        ("no card", None),
    ],
)
def test_what_the_driver_says_is_read(line, card):
    assert card_in(line) == card


def test_torch_is_asked_which_kernel_attends_on_the_card():
    assert attention_of(Card("H200", 139 * GIB)) == "Attention is computed by torch's own choice."


def test_where_torch_cannot_be_asked_the_check_says_so(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    assert attention_of(Card("H200", 139 * GIB)) == "Torch could not be asked how it attends on H200."
