"""How the real model lies on cards of every size: a table."""

import pytest

from generator.choices import Precision
from generator.memory import GIB, INT8_FROM, Z_IMAGE_TURBO, Card, Lying, TooLarge, planned

EXACT, FP8, INT8, AUTO = Precision.EXACT, Precision.FP8, Precision.INT8, Precision.AUTO
HERE, AWAY = Lying.RESIDENT, Lying.CARRIED
HOPPER, ADA, AMPERE, TURING = (9, 0), (8, 9), (8, 6), (7, 5)


@pytest.mark.parametrize(
    ("gib", "capability", "wish", "lying"),
    [
        (139, HOPPER, AUTO, (EXACT, HERE, HERE)),
        (139, HOPPER, FP8, (FP8, HERE, HERE)),
        (80, HOPPER, AUTO, (EXACT, HERE, HERE)),
        (24, ADA, AUTO, (EXACT, HERE, HERE)),
        (24, ADA, INT8, (INT8, HERE, HERE)),
        (15.6, ADA, AUTO, (FP8, HERE, HERE)),
        (15.6, AMPERE, AUTO, (INT8, HERE, HERE)),
        (15.6, ADA, EXACT, (EXACT, HERE, AWAY)),
        (15.6, TURING, AUTO, (EXACT, HERE, AWAY)),
        (11.6, ADA, AUTO, (FP8, HERE, AWAY)),
        (11.6, TURING, AUTO, (EXACT, AWAY, AWAY)),
        (7.6, ADA, AUTO, (EXACT, AWAY, AWAY)),
        (7.6, ADA, EXACT, (EXACT, AWAY, AWAY)),
    ],
)
def test_the_fastest_way_that_fits_is_taken(gib, capability, wish, lying):
    card = Card("a card", int(gib * GIB), capability)

    plan = planned(card, Z_IMAGE_TURBO, wish)

    assert (plan.precision, plan.transformer, plan.text_encoder) == lying
    assert plan.peak <= card.bytes
    assert plan.tiled == (lying[2] is AWAY)


def test_eight_bits_on_sixteen_gigabytes_take_at_most_thirteen():
    plan = planned(Card("RTX 4080", int(15.6 * GIB), ADA), Z_IMAGE_TURBO, AUTO)

    assert plan.peak <= 13 * GIB
    assert plan.sentence(Card("RTX 4080", int(15.6 * GIB), ADA)) == (
        "On RTX 4080 (15.6 GiB) the transformer lies on the card in eight bits (fp8), "
        f"the text encoder lies on the card; at most about {plan.peak / GIB:.1f} GiB are used."
    )


@pytest.mark.parametrize(("gib", "wish"), [(2, AUTO), (2, EXACT), (6, FP8)])
def test_a_card_that_is_too_small_is_told_how_much_is_needed(gib, wish):
    with pytest.raises(TooLarge, match=rf"does not fit on GT 1030: it needs at least .* and {gib}.0 GiB are"):
        planned(Card("GT 1030", gib * GIB, ADA), Z_IMAGE_TURBO, wish)


def test_a_card_that_cannot_do_fp8_says_so():
    with pytest.raises(TooLarge, match="cannot multiply in fp8; set PINXIT_PRECISION"):
        planned(Card("RTX 3090", 24 * GIB, AMPERE), Z_IMAGE_TURBO, FP8)


def test_larger_pictures_want_more_memory():
    card = Card("a card", 139 * GIB, INT8_FROM)

    small, large = (planned(card, Z_IMAGE_TURBO, AUTO, pixels) for pixels in (2**20, 2**22))

    assert large.peak > small.peak
