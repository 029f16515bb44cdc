import io

import pytest
import torch
from PIL import Image

from generator.engine.preview import FLUX_PREVIEW, SHARE, PreviewBudget, PreviewMap, levels, small_jpeg


def test_previews_take_no_more_than_their_share():
    budget, spent = PreviewBudget(), 0.0

    for step in range(1, 51):
        if budget.allows(4, step * 0.1):
            budget.spend(4, 0.012)
            spent += 0.012

    assert 0.5 * SHARE * 5 <= spent <= SHARE * 5


def test_a_preview_that_costs_too_much_is_skipped():
    budget = PreviewBudget(cost=0.02)

    assert not budget.allows(1, 0.3)
    assert budget.allows(1, 0.4)


def preview(clean, colours, width, height):
    return small_jpeg(levels(clean[None], colours)[0], width, height)


@pytest.mark.parametrize("value", [0.0, 50.0, float("nan"), float("inf")])
def test_any_latents_become_a_picture(value):
    jpeg = preview(torch.full((16, 8, 12), value), FLUX_PREVIEW, 96, 64)

    assert Image.open(io.BytesIO(jpeg)).size == (96, 64)


def test_the_map_turns_latents_into_colours():
    red = PreviewMap.of([[1.0, 0.0, 0.0]] + [[0.0] * 3] * 15, [0.0, -1.0, -1.0])
    latents = torch.zeros(16, 8, 8)
    latents[0] = 1

    pixel = Image.open(io.BytesIO(preview(latents, red, 64, 64))).getpixel((32, 32))

    assert pixel[0] > 240
    assert max(pixel[1:]) < 15
