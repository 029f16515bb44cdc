"""How pictures look while they are drawn, for the bots that show them and do not draw. No SQL."""

from collections.abc import Sequence
from typing import Protocol

Previews = Sequence[tuple[int, bytes]]  # the picture's index, a small JPEG


class ShownPreviews(Protocol):
    """Every verb is one transaction, like those of Store. What is shown is forgotten after a minute."""

    async def show(self, job: str, previews: Previews, now: float) -> None:
        """Let the other bots see the newest previews of a job."""

    async def see(self, job: str) -> Previews:
        """Return the newest previews of a job by index."""

    async def hide(self, job: str) -> None:
        """Forget the previews of a job."""
