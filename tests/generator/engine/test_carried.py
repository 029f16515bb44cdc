"""Blocks that are carried: the same picture, and each place on the device is free before it is written to."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch

from generator.engine import carried
from generator.engine.carried import Carrier, pin
from generator.engine.lines import AtOnce
from generator.engine.load import load_parts
from generator.engine.net import Net

CPU = torch.device("cpu")


@pytest.fixture
def transformer(model_folder):
    return load_parts(model_folder, lambda _fraction: None, CPU).transformer


def velocity(net):
    """What the net says of some tokens."""
    rng = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        tokens = torch.randn(1, 32, net.transformer.config.dim, generator=rng)
        moment = net.moment(net.table(0.5, tokens))
        turns, _ = net.turns(4, 8, 32, CPU)
        return net.through(net.refine(tokens, turns, moment), turns, moment)


def test_carried_blocks_compute_what_resident_ones_do_step_after_step(transformer):
    resident, carrying = Net(transformer), Net(transformer)
    carrying._carrier = Carrier(carrying.blocks(), CPU, AtOnce())

    for _ in range(3):
        assert torch.equal(velocity(carrying), velocity(resident))


def test_the_next_step_meets_the_weights_as_they_are_then(transformer):
    resident, carrying = Net(transformer), Net(transformer)
    carrying._carrier = Carrier(carrying.blocks(), CPU, AtOnce())
    before = velocity(carrying)

    for block in carrying.blocks():
        block.w2.mul_(2)

    assert torch.equal(velocity(carrying), velocity(resident))
    assert not torch.equal(velocity(carrying), before)


class Written:
    """A line that writes down what it is told."""

    def __init__(self):
        self.told, self._marks = [], 0

    def follow(self):
        self.told.append("follow")

    @contextmanager
    def work(self):
        yield
        self.told.append("copied")

    def mark(self):
        number = self._marks
        self._marks += 1
        return SimpleNamespace(hold=lambda: self.told.append(f"hold {number}"))


def test_a_block_is_on_its_way_before_the_one_ahead_computes(transformer):
    line = Written()
    blocks = Net(transformer).blocks()[:3]
    carrier = Carrier(blocks, CPU, line)

    for index in range(3):
        carrier(index)
        line.told.append(f"compute {index}")

    assert line.told == [
        *("follow", "copied"),  # the first
        *("follow", "copied", "hold 0", "compute 0"),  # the second goes before the first computes
        *("follow", "copied", "hold 1", "compute 1"),  # the third waits for what used its place, the first
        *("hold 2", "compute 2"),
    ]


def test_two_blocks_never_lie_in_one_place_together(transformer):
    carrier = Carrier(Net(transformer).blocks(), CPU, AtOnce())

    one, other = carrier(0), carrier(1)

    assert one.qkv.data_ptr() != other.qkv.data_ptr()
    assert carrier(2).qkv.data_ptr() == one.qkv.data_ptr()
    assert one.norm_q is not other.norm_q


def test_a_step_that_broke_off_leaves_nothing_that_the_next_would_take_for_its_own(transformer):
    blocks = Net(transformer).blocks()
    carrier = Carrier(blocks, CPU, AtOnce())

    carrier(0)
    carrier(0)

    assert torch.equal(carrier(1).qkv, blocks[1].qkv)
    assert torch.equal(carrier(0).qkv, blocks[0].qkv)


@pytest.fixture
def driver(monkeypatch):
    """A driver that pins memory as often as it is told to; says which addresses."""
    pinned = []

    def make(most):
        def register(address, size, _flags):
            pinned.append((address, size))
            return 0 if len(pinned) <= most else 1

        runtime = SimpleNamespace(cudaHostRegister=register, cudaError=SimpleNamespace(success=0))
        monkeypatch.setattr(torch.cuda, "cudart", lambda: runtime)
        return pinned

    return make


def test_memory_is_pinned_where_it_lies(driver):
    pinned, tensors = driver(9), [torch.ones(3), torch.ones(4)]

    pin(tensors)

    assert pinned == [(tensor.data_ptr(), tensor.nbytes) for tensor in tensors]


def test_where_no_more_memory_may_be_pinned_the_rest_is_carried_as_it_is(driver, caplog, monkeypatch):
    pinned, cleared = driver(1), []
    monkeypatch.setattr(carried.torch, "zeros", lambda *_size, device: cleared.append(device))

    pin([torch.ones(1), torch.ones(2), torch.ones(3)])

    assert len(pinned) == 2
    assert cleared == ["cuda"]
    assert "memory not pinned" in caplog.text
