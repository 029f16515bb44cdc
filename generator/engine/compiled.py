"""Blocks compiled for each shape they meet, in the background, while the plain ones go on drawing.

One compiled function serves one group of blocks at one shape: functions that shared their code would be tuned
for the first shape, the 32 tokens of a caption perhaps, and be slower than none for the picture's 4 128.
"""

import itertools
import logging
import os
import threading
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from generator.choices import Choices, Compiling
from generator.engine.block import Block, Modulation, block, scaled_attention

log = logging.getLogger(__name__)

Through = Callable[[Block, Tensor, Tensor, Modulation | None], Tensor]
"""From a block's weights, tokens, rotations and moment to tokens."""

NUMBERS = itertools.count()
MOST_SHAPES = 64  # what comes later is drawn plainly


def compiled_for(device: torch.device, choices: Choices) -> "Compiled | None":
    """Return what compiles on a device, or None where the owner's choice is to draw plainly."""
    wanted = choices.compiling is Compiling.ON or (
        choices.compiling is Compiling.AUTO and device.type == "cuda"
    )
    if wanted and choices.kept is not None:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(choices.kept))  # read when a shape is compiled
    return Compiled() if wanted else None


def plainly(weights: Block, tokens: Tensor, turns: Tensor, moment: Modulation | None) -> Tensor:
    """Go through a block as it stands."""
    return block(weights, tokens, turns, moment, scaled_attention)


class Compiled:
    """Gives the function for a shape: the plain one, until its compiled one is warm."""

    def __init__(self) -> None:
        self._ready: dict[Any, Through] = {}
        self._asked: set[Any] = set()
        self._one = threading.Lock()  # the compiler works on one shape at a time

    def function(
        self, group: str, weights: Block, tokens: Tensor, turns: Tensor, moment: Modulation | None
    ) -> Through:
        """Return what goes through the blocks of a group at this shape."""
        key = group, tuple(tokens.shape), tokens.dtype
        if key not in self._asked and len(self._asked) < MOST_SHAPES:
            self._asked.add(key)
            like = torch.zeros_like(tokens), turns.clone(), moment
            threading.Thread(
                target=self._warm, args=(key, weights, *like), name="compiling", daemon=True
            ).start()
        return self._ready.get(key, plainly)

    def _warm(
        self, key: Any, weights: Block, tokens: Tensor, turns: Tensor, moment: Modulation | None
    ) -> None:
        through = _own(plainly, f"through_{next(NUMBERS)}")
        compiled: Through = torch.compile(through, fullgraph=True, dynamic=False)
        try:
            with self._one, torch.inference_mode():
                compiled(weights, tokens, turns, moment)
        except Exception:  # whatever a compiler says, the plain function goes on drawing
            log.exception("compiling failed")
        else:
            self._ready[key] = compiled
            log.info("shape compiled", extra={"group": key[0], "shape": key[1]})


def _own(function: Any, name: str) -> Any:
    """Return the function with code of its own: the compiler keeps what it made by code."""
    code = function.__code__.replace(co_name=name)
    return types.FunctionType(code, function.__globals__, name, function.__defaults__)
