"""How much of this machine's memory a process may still take, where the system says so. Torch-free."""

from collections.abc import Iterator
from pathlib import Path

MEMINFO, LIMIT = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")
KIB = 2**10


def free_memory(meminfo: Path = MEMINFO, limit: Path = LIMIT) -> int | None:
    """Return the bytes that can be had: what the system could free, and no more than a container may have."""
    return min((*_available(meminfo), *_allowed(limit)), default=None)


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
