"""What the painters of one deployment say of themselves, taken together. No I/O: told what came, and when."""

from dataclasses import replace

from generator.messages import CardMemory, Health, Ready

REPORT_SECONDS = 2.0  # between two words of one painter
FORGOTTEN_SECONDS = 3 * REPORT_SECONDS  # a painter that says nothing for so long is no more


class Reports:
    """The latest word of every painter."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[float, Ready]] = {}

    def note(self, painter: str, health: Ready, now: float) -> None:
        """A painter has told how it is."""
        self._latest[painter] = now, health

    def within(self, health: Health, now: float) -> Health:
        """Return the health of all, with what each of them draws and has on its card."""
        self._latest = {
            name: said for name, said in self._latest.items() if now - said[0] < FORGOTTEN_SECONDS
        }
        if not isinstance(health, Ready):
            return health
        each = [said for _, said in self._latest.values()]
        drawing = min(health.painters, sum(said.drawing for said in each))
        return replace(health, drawing=drawing, card=_together([said.card for said in each if said.card]))


def share_of(health: Ready, cards: float) -> Ready:
    """Return what a painter says that has but a part of its card: so the parts add up to the card."""
    if health.card is None or cards >= 1:
        return health
    return replace(health, card=replace(health.card, total=int(health.card.total * cards)))


def _together(cards: list[CardMemory]) -> CardMemory | None:
    if not cards:
        return None
    return CardMemory(sum(card.allocated for card in cards), sum(card.total for card in cards))
