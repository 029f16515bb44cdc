# mypy: allow-untyped-calls
"""Training processes side by side, one thread each: more threads than free cores only wait for each other."""

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn


@dataclass(frozen=True, slots=True)
class Team:
    """One member's view: its number and how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this member writes the files."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Every member ends with the mean of all members' gradients."""
        if self.size == 1:
            return
        # A member whose pictures needed no fill has no gradient for it, yet all must send the same length.
        gradients = [_gradient(parameter) for parameter in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        parts = flat.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    @torch.no_grad()
    def average_weights(self, model: torch.nn.Module) -> None:
        """Every member goes on from the mean of all members' weights: rarer meetings than for gradients."""
        if self.size == 1:
            return
        flat = torch.cat([parameter.flatten() for parameter in model.parameters()])
        dist.all_reduce(flat)
        flat /= self.size
        parts = flat.split([parameter.numel() for parameter in model.parameters()])
        for parameter, part in zip(model.parameters(), parts, strict=True):
            parameter.copy_(part.view_as(parameter))


def _gradient(parameter: torch.nn.Parameter) -> torch.Tensor:
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def run_team(size: int, work: Callable[..., None], *arguments: object) -> None:
    """Call `work(team, *arguments)` in so many processes; returns when all have."""
    if size == 1:
        torch.set_num_threads(1)
        work(Team(), *arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        spawn(_member, (size, meeting, work, arguments), nprocs=size)


def _member(
    rank: int, size: int, meeting: str, work: Callable[..., None], arguments: tuple[object, ...]
) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=size)
    work(Team(rank, size), *arguments)
    dist.destroy_process_group()
