"""The figures of Ray Serve are figures of what was drawn; `make chaos-ray` draws them on a cluster."""

import asyncio
import importlib.util

import pytest

from generator.bench import cluster
from generator.bench.cluster import Sample, by_turns, compared, scaled, throughput
from generator.messages import Begun, End, Finished


class Slow:
    """Draws so many orders at once, each in so many seconds, of which it counts none."""

    def __init__(self, seconds, at_once=1):
        self.seconds, self.free, self.asked = seconds, asyncio.Semaphore(at_once), []

    async def generate(self, request):
        [order] = request.orders
        self.asked.append(order.recipe.seed)
        async with self.free:
            yield Begun()
            await asyncio.sleep(self.seconds)
            yield Finished(order=order.id, file=b"", format=order.format, width=1, height=1, seconds=0.0)
            yield End()


def value(figures, name):
    [found] = [figure.value for figure in figures if figure.name == name]
    return found


async def test_both_draw_the_same_pictures_by_turns():
    one, other = Slow(0.0), Slow(0.0)

    found = await by_turns((one, other), 3)

    assert one.asked == other.asked == [1, 0, 1, 2]
    assert [len(samples) for samples in found] == [3, 3]


async def test_three_draw_more_than_one():
    assert await throughput(Slow(0.05, 3), 3, 30) > 1.5 * await throughput(Slow(0.05), 1, 10)


def test_what_ray_adds_is_what_it_takes_beside_the_painting():
    figures = compared([Sample(0.50, 0.001)] * 3, [Sample(0.52, 0.021)] * 2 + [Sample(9.0, 8.0)])

    assert value(figures, "Ray Serve adds, median") == pytest.approx(20.0)
    assert value(figures, "whole picture, Ray Serve to one's own") == pytest.approx(1.04)


def test_each_number_of_replicas_is_compared_with_one():
    assert [figure.value for figure in scaled("asleep", {1: 2.0, 3: 5.0})] == [2.0, 5.0, 2.5]


def test_without_ray_there_is_a_sentence_and_no_figure(monkeypatch, capsys):
    monkeypatch.setattr(
        cluster, "find_spec", lambda name: None if name == "ray" else importlib.util.find_spec
    )

    assert cluster.main([]) == 1
    assert "pinxit[ray]" in capsys.readouterr().err
