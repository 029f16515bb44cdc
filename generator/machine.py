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
    return _told(pid)["VmHWM" if most else "VmRSS"]


def own_mib(pid: int | None = None) -> float:
    """Return what a process has in memory of its own, in MiB: files that it maps are the system's.

    One that has ended and waits to be asked how has nothing. Raises OSError.
    """
    return _told(pid).get("RssAnon", 0.0)


def _told(pid: int | None) -> dict[str, float]:
    """Return every size in MiB that the system tells of a process."""
    status = Path("/proc", "self" if pid is None else str(pid), "status")
    lines = (line.split() for line in status.read_text().splitlines() if line.endswith(" kB"))
    return {name.removesuffix(":"): int(size) / KIB for name, size, _ in lines}


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
