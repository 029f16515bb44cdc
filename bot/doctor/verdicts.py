"""How a check ends, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    GOOD = "good"
    NOTE = "note"  # works, but is worth knowing
    BAD = "bad"  # Pinxit cannot run like this


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the examination. `fix` says what to do; a good check needs none."""

    name: str
    verdict: Verdict
    finding: str
    fix: str = ""


def worst(checks: Sequence[Check]) -> Verdict:
    """Return the worst verdict."""
    found = {check.verdict for check in checks}
    return next((each for each in (Verdict.BAD, Verdict.NOTE) if each in found), Verdict.GOOD)


def advice(checks: Sequence[Check]) -> str:
    """Return the one thing to fix next: the first that is bad, else the first that is worth knowing."""
    for verdict, opening in ((Verdict.BAD, "Fix next"), (Verdict.NOTE, "All works. You could")):
        for check in checks:
            if check.verdict is verdict and check.fix:
                return f"{opening}: {check.fix}"
    return "All is well."
