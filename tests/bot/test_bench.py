"""The benchmark measures what it says."""

import pytest

from bot.bench.acceptance import SAMPLES, acceptance
from bot.bench.product import Drawn
from bot.bench.run import quantile
from generator.models import EMBEDDED_MODEL


@pytest.mark.parametrize(("part", "value"), [(0.0, 1), (0.5, 3), (0.95, 5), (1.0, 5)])
def test_a_quantile_is_one_of_the_values(part, value):
    assert quantile([5, 3, 1, 2, 4], part) == value


def test_overhead_is_what_the_engine_does_not_explain():
    assert Drawn(1.25, 1.0).overhead_seconds == 0.25


async def test_every_command_is_accepted_and_timed(tmp_path):
    accepted = await acceptance(tmp_path, EMBEDDED_MODEL, queued=32)

    assert len(accepted.seconds) == SAMPLES
    assert accepted.per_second > 0
