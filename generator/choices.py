"""What the owner may choose about drawing: in which numbers, whether compiled. Torch-free."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Precision(StrEnum):
    """What the large matrices are multiplied in."""

    AUTO = "auto"  # exact where it fits, else eight bits
    EXACT = "exact"  # as the model was published
    FP8 = "fp8"  # cards from Ada and Hopper on
    INT8 = "int8"  # cards without fp8


class Compiling(StrEnum):
    """Whether blocks are compiled for each shape, in the background while others are drawn."""

    AUTO = "auto"  # on cards
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Choices:
    """The settings of the generator's process that concern speed; they travel on its command line."""

    precision: Precision = Precision.AUTO
    compiling: Compiling = Compiling.AUTO
    kept: Path | None = None  # a folder for what was compiled, so that the next start finds it

    def arguments(self) -> list[str]:
        """Return them as `generator.serve` takes them."""
        given = ["--precision", self.precision.value, "--compile", self.compiling.value]
        return given + (["--compiled", str(self.kept)] if self.kept else [])
