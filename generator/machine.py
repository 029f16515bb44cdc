"""How much memory a process takes, and may still take, where the system says so. Torch-free."""

from collections.abc import Iterator
from pathlib import Path

MEMINFO, LIMIT = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")
KIB = 2**10


def free_memory(meminfo: Path = MEMINFO, limit: Path = LIMIT) -> int | None:
    """Return the bytes that can be had: what the system could free, and no more than a container may have."""
    return min((*_available(meminfo), *_allowed(limit)), default=None)


def resident_mib(pid: int | None = None, *, most: bool = False) -> float:
    """Return what a process has in memory, now or at its most, in MiB; this one where none is named.

    What getrusage tells of the most would count the parent's, too, from before exec. Raises OSError.
    """
    name = "VmHWM:" if most else "VmRSS:"
    lines = _status(pid).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / KIB


def _status(pid: int | None) -> Path:
    return Path("/proc", "self" if pid is None else str(pid), "status")


def _available(meminfo: Path) -> Iterator[int]:
    for line in _lines(meminfo):
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            yield int(rest.split()[0]) * KIB


def _allowed(limit: Path) -> Iterator[int]:
    yield from (int(line) for line in _lines(limit) if line.isdecimal())


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
