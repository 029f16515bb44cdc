"""Deploys painters on Ray Serve that sleep instead of drawing, as a card works beside the processor.

``python -m generator.bench.sleepers``, with the options of `generator.serve_ray`.
"""

import time
from collections.abc import Callable
from typing import Any

from generator.cluster import Painters, replicas_of
from generator.easel import Emit, LoadPainter
from generator.letting_by import Others
from generator.messages import CardMemory, Finished, Generate, StepDone
from generator.plan import Plan
from generator.serve_ray import main

STEP_SECONDS = 0.05


class Sleeper:
    """Takes its time for every step, and answers with a file of a picture's size."""

    model = "sleeper"
    card = CardMemory(1, 2)

    def warm_up(self, _should_stop: Callable[[], bool]) -> None:
        """It is always awake."""

    def draw(self, request: Generate, emit: Emit, should_stop: Callable[[], bool], others: Others) -> None:
        """Sleep through the steps."""
        [order] = request.orders
        steps = order.recipe.steps
        for step in range(1, steps + 1):
            time.sleep(STEP_SECONDS)
            emit(StepDone(step, steps))
            if should_stop():
                return
            others.let_by(1 - step / steps)
        emit(
            Finished(
                order=order.id,
                file=b"." * 200_000,
                format=order.format,
                width=order.recipe.width,
                height=order.recipe.height,
                seconds=steps * STEP_SECONDS,
            )
        )


class Sleepers(Painters):
    """Replicas that sleep."""

    @staticmethod
    def loader(_plan: Plan, _threads: int) -> LoadPainter:
        """Return what has a sleeper at once."""
        return lambda _progress: Sleeper()


def sleepers(values: dict[str, Any]) -> Any:
    """Return the application of those."""
    return replicas_of(Sleepers, values)


if __name__ == "__main__":
    main(build=sleepers)
