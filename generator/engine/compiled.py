"""Blocks compiled for each shape they meet, in the background, while the plain ones go on drawing.

One compiled function serves one group of blocks at one shape: functions that shared their code would be tuned
for the first shape, the 32 tokens of a caption perhaps, and be slower than none for the picture's 4 128.
"""

import itertools
import logging
import os
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from generator.choices import Choices, Compiling
from generator.compiler import lacking
from generator.engine.block import Attention, Block, Modulation, block

log = logging.getLogger(__name__)

Through = Callable[[Block, Tensor, Tensor, Modulation | None, Attention], Tensor]
"""From a block's weights, tokens, rotations, moment and way to attend to tokens."""

Rest = tuple[Tensor, Modulation | None, Attention]
F = TypeVar("F", bound=Callable[..., Tensor])

FOLDER = "TORCHINDUCTOR_CACHE_DIR"
NUMBERS = itertools.count()
MOST_SHAPES = 64  # what comes later is drawn plainly


def compiled_for(device: torch.device, choices: Choices) -> "Compiled | None":
    """Return what compiles on a device, or None where the owner's choice is to draw plainly."""
    wanted = choices.compiling is Compiling.ON or (
        choices.compiling is Compiling.AUTO and device.type == "cuda"
    )
    if wanted and device.type == "cuda" and (missing := lacking()) is not None:
        log.warning("nothing is compiled, so drawing is slower", extra={"lacking": missing})
        return None
    if wanted and choices.kept is not None:
        keep_in(choices.kept)
    return Compiled() if wanted else None


def keep_in(folder: Path) -> None:
    """Have what is compiled kept in a folder, unless the owner named another to torch.

    As soon as anything asks torch where that is, it writes its own answer into the environment.
    """
    if (named := os.environ.get(FOLDER)) is None or named == _own_answer():
        os.environ[FOLDER] = str(folder)


def _own_answer() -> str:
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir  # noqa: PLC0415  a second

    return os.path.abspath(default_cache_dir())  # noqa: PTH100  as torch does


def plainly(
    weights: Block, tokens: Tensor, turns: Tensor, moment: Modulation | None, attention: Attention
) -> Tensor:
    """Go through a block as it stands."""
    return block(weights, tokens, turns, moment, attention)


class Compiled:
    """Gives the function for a shape: the plain one, until its compiled one is warm."""

    def __init__(self) -> None:
        self._ready: dict[Any, Any] = {}
        self._asked: set[Any] = set()
        self._done: set[Any] = set()
        self._one = threading.Lock()  # the compiler works on one shape at a time
        self._resting = False

    @property
    def busy(self) -> bool:
        """Whether a shape that was asked for is still being compiled."""
        return len(self._done) < len(self._asked)

    @property
    def shapes(self) -> tuple[int, int]:
        """How many shapes are compiled, and how many were asked for."""
        return len(self._ready), len(self._asked)

    def function(self, group: str, weights: Block, tokens: Tensor, *given: *Rest) -> Through:
        """Return what goes through the blocks of a group at this shape."""
        key = group, tuple(tokens.shape), tokens.dtype
        return self.form_of(plainly, key, lambda: (weights, torch.zeros_like(tokens), *given))

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Compile nothing new within."""
        self._resting = True
        try:
            yield
        finally:
            self._resting = False

    def form_of(self, plain: F, key: Any, given: Callable[[], tuple[Any, ...]]) -> F:
        """Return the form of a function for a key; `given` makes what it is warmed with."""
        if not self._resting and key not in self._asked and len(self._asked) < MOST_SHAPES:
            self._asked.add(key)
            threading.Thread(
                target=self._warm, args=(plain, key, given()), name="compiling", daemon=True
            ).start()
        found: F = self._ready.get(key, plain)
        return found

    def _warm(self, plain: Callable[..., Tensor], key: Any, given: tuple[Any, ...]) -> None:
        own = _own(plain, f"{plain.__name__}_{next(NUMBERS)}")
        compiled: Any = torch.compile(own, fullgraph=True, dynamic=False)
        try:
            with self._one, torch.inference_mode():
                compiled(*given)
        except Exception:  # whatever a compiler says, the plain function goes on drawing
            log.exception("compiling failed")
        else:
            self._ready[key] = compiled
            log.info("shape compiled", extra={"group": key[0], "shape": key[1]})
        finally:
            self._done.add(key)


def _own(function: Any, name: str) -> Any:
    """Return the function with code of its own: the compiler keeps what it made by code."""
    code = function.__code__.replace(co_name=name)
    return types.FunctionType(code, function.__globals__, name, function.__defaults__)
