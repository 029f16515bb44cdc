"""What whoever waits meets is measured with a whole painter, at its worst, and nothing is left behind."""

import pytest
import torch

from generator.bench.arms import Ours
from generator.bench.attended import Seat, Watch, attended
from generator.bench.sizes import TINY, networks
from generator.messages import Failed, Fault, Finished, PictureFormat, Preview, StepDone

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def arm():
    torch.set_num_threads(1)
    return Ours(networks(TINY, CPU, torch.float32))


def test_every_step_and_every_pause_between_two_is_measured(arm):
    found = attended(Seat(arm.painter, arm.net, CPU, (64, 64), 3), rounds=2)

    assert [len(found.step), len(found.pause)] == [2 * 3, 2 * 2]
    assert [len(found.file), len(found.work), len(found.cancel)] == [2, 2, 2]
    assert all(0 < preview < max(found.file) for preview in found.preview)
    assert all(step > 0 for step in found.step)
    assert "step" not in vars(arm.net)


def test_what_goes_on_after_a_wish_to_stop_is_measured_from_the_last_time_that_there_was_none(arm):
    """So it holds the whole step that lies between two questions."""
    found = attended(Seat(arm.painter, arm.net, CPU, (128, 128), 8), rounds=3)

    assert min(found.cancel) > 0.5 * min(found.step)


def test_a_picture_is_wanted_until_enough_steps_are_done():
    watch = Watch(enough=2)
    watch.emit(StepDone(1, 8))
    first = watch.should_stop()
    watch.emit(StepDone(2, 8))

    assert (first, watch.should_stop()) == (False, True)


def test_the_first_preview_counts_and_a_picture_that_failed_does_not():
    watch = Watch()

    watch.emit(Preview("-", b"one"))
    first = watch.preview
    watch.emit(Preview("-", b"two"))

    assert first is not None
    assert watch.preview == first
    watch.emit(Finished(order="-", file=b"", format=PictureFormat.PNG, width=1, height=1, seconds=1.0))
    assert watch.wait() >= first
    watch.emit(Failed("-", Fault.OUT_OF_MEMORY))
    with pytest.raises(RuntimeError, match="could not be drawn"):
        watch.wait()
