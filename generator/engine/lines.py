"""Work beside the work: a second line on a device, on which copies travel while the first one computes.

On a processor whatever is told is done at once, so its lines have nothing to wait for. Only a card has real
ones: they run as they were told, each in its own order, and meet where one is told to wait for the other.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
from torch import Tensor


class Mark(Protocol):
    """A place on a line."""

    def hold(self) -> None:
        """Let the computing line wait until the other one has come here. Returns at once."""

    def wait(self) -> None:
        """Wait until the line has come here; other threads go on."""

    def passed(self) -> bool:
        """Whether the line has come here. Returns at once."""


class Line(Protocol):
    """A line beside the computing one."""

    def follow(self) -> None:
        """Let this line wait for all that the computing one has been told so far. Returns at once."""

    def work(self) -> AbstractContextManager[object]:
        """What is told within is told to this line."""

    def keep(self, tensor: Tensor) -> None:
        """Let the tensor's memory serve nothing else before this line is done with what it was told."""

    def mark(self) -> Mark:
        """Mark the place that this line has been told to come to."""


def beside(device: torch.device) -> Line:
    """Return a line beside the computing one of a device."""
    return CardLine(device) if device.type == "cuda" else AtOnce()


def sent_to(device: torch.device, tensor: Tensor) -> Tensor:
    """Tell a device to fetch a tensor of the machine's memory; a card is not waited for."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def place_on(device: torch.device) -> Mark:
    """Mark the place that the computing line of a device has been told to come to."""
    return CardMark(torch.cuda.current_stream(device), device) if device.type == "cuda" else AtOnce()


class AtOnce:
    """The line of a processor, and each of its marks."""

    def follow(self) -> None:
        """It is there already."""

    def work(self) -> AbstractContextManager[object]:
        """Nothing is told apart."""
        return nullcontext()

    def keep(self, tensor: Tensor) -> None:
        """It is done already."""

    def mark(self) -> Mark:
        """Every place has been come to."""
        return self

    def hold(self) -> None:
        """It has come here already."""

    def wait(self) -> None:
        """It has come here already."""

    def passed(self) -> bool:
        """It has."""
        return True


class CardLine:
    """The line of a card: a CUDA stream. Runs on cards only."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def follow(self) -> None:
        """See `Line`."""
        self._stream.wait_stream(torch.cuda.current_stream(self._device))

    def work(self) -> AbstractContextManager[object]:
        """See `Line`."""
        return torch.cuda.stream(self._stream)

    def keep(self, tensor: Tensor) -> None:
        """See `Line`."""
        tensor.record_stream(self._stream)

    def mark(self) -> Mark:
        """See `Line`."""
        return CardMark(self._stream, self._device)


class CardMark:
    """A CUDA event. Runs on cards only."""

    def __init__(self, stream: torch.cuda.Stream, device: torch.device) -> None:
        # Who waits sleeps: spinning would take a core from who computes.
        self._event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        self._event.record(stream)
        self._device = device

    def hold(self) -> None:
        """See `Mark`."""
        torch.cuda.current_stream(self._device).wait_event(self._event)

    def wait(self) -> None:
        """See `Mark`."""
        self._event.synchronize()

    def passed(self) -> bool:
        """See `Mark`."""
        return bool(self._event.query())  # type: ignore[no-untyped-call]


class Courier:
    """Brings tensors from a device to the machine's memory while the device computes on."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def sent(self, *tensors: Tensor) -> Callable[[], list[Tensor]]:
        """Return what waits for the tensors and returns them, in any thread."""
        self._line.follow()
        with self._line.work():
            copies = [_copy(tensor) for tensor in tensors]
        for tensor in tensors:
            self._line.keep(tensor)
        arrival = self._line.mark()

        def arrived() -> list[Tensor]:
            arrival.wait()
            return copies

        return arrived


def _copy(tensor: Tensor) -> Tensor:
    """Tell the current line to copy; a card's tensor into memory that a card can write to by itself."""
    copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=tensor.is_cuda)
    return copy.copy_(tensor, non_blocking=True)
