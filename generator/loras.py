"""The shelf: folders of LoRAs, each a safetensors file whose name is what people type. Torch-free."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generator.embedded import ADAPTERS
from generator.lora_file import UnusableLora
from generator.models import EMBEDDED
from generator.recipe import LORA_NAME

ENDING = ".safetensors"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Looked at anew each time, so what is put there counts at once. The first folder wins."""

    folders: tuple[Path, ...] = ()

    def __iter__(self) -> Iterator[str]:
        """Go through the names in their order."""
        files = (file for folder in self.folders for file in folder.glob(f"*{ENDING}"))
        return iter(sorted({file.stem for file in files if LORA_NAME.fullmatch(file.stem)}))

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        """Say whether there is a LoRA of this name."""
        return name in set(self)

    def file(self, name: str) -> Path:
        """Return the file of a LoRA. Raises UnusableLora."""
        for folder in self.folders:
            if (path := folder / f"{name}{ENDING}").is_file():
                return path
        raise UnusableLora("There is no LoRA of this name.")


def shelf_for(source: str, owners: Path | None) -> Shelf:
    """Return the owner's folder and, where the embedded model draws, its own after it."""
    own = (ADAPTERS,) if source == EMBEDDED else ()
    return Shelf((*([owners] if owners else []), *own))
