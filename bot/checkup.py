"""How Pinxit itself is, as far as the running bot can tell: for whoever owns it."""

from typing import assert_never

from bot.clock import Clock
from bot.commands import Examine
from bot.dispatcher import Dispatcher
from bot.gallery import Gallery
from bot.refusals import NotAllowed
from bot.updates import Examined, Finding, Organ
from generator.messages import Health, Loading, Ready, Unusable
from storage.oversight import Backlog
from storage.store import StorageError, Store

MINUTE_SECONDS = 60.0
LONG_MINUTES = 15  # to wait in line
LATE_MINUTES = 60  # for a webhook
MANY_UNSHOWN = 20


class Checkup:
    """Looks at every organ; nothing is changed."""

    def __init__(self, store: Store, gallery: Gallery, dispatcher: Dispatcher, clock: Clock) -> None:
        self._store = store
        self._gallery = gallery
        self._dispatcher = dispatcher
        self._clock = clock

    async def answer(self, command: Examine) -> Examined:
        """Look, or raise NotAllowed."""
        if not command.vouched:
            raise NotAllowed
        backlog, now = await self._store.oversight.backlog(), self._clock.wall()
        faults = len(await self._store.ledger_faults())
        return Examined(
            findings=(
                Finding(Organ.LEDGER, good=not faults, figure=faults),
                painter(self._dispatcher.health),
                await self._pictures(),
                *line(backlog, now),
            )
        )

    async def _pictures(self) -> Finding:
        try:
            await self._gallery.probe()
        except StorageError:
            return Finding(Organ.PICTURES, good=False)
        return Finding(Organ.PICTURES, good=True)


def painter(health: Health) -> Finding:
    """Say whether pictures can be drawn; while the model loads, how much of it is there."""
    match health:
        case Ready():
            return Finding(Organ.PAINTER, good=True)
        case Loading(fraction):
            return Finding(Organ.PAINTER, good=False, figure=int(100 * fraction))
        case Unusable():
            return Finding(Organ.PAINTER, good=False)
        case _:
            assert_never(health)


def line(backlog: Backlog, now: float) -> tuple[Finding, Finding, Finding]:
    """Say whether people wait long, whether ends are shown, and whether webhooks arrive."""
    oldest = min((each.oldest_at for each in backlog.waiting), default=now)
    waited = _minutes(now - oldest)
    late = _minutes(now - (now if backlog.oldest_webhook_at is None else backlog.oldest_webhook_at))
    return (
        Finding(Organ.LINE, good=waited < LONG_MINUTES, figure=waited),
        Finding(Organ.DELIVERY, good=backlog.undelivered < MANY_UNSHOWN, figure=backlog.undelivered),
        Finding(Organ.WEBHOOKS, good=late < LATE_MINUTES, figure=backlog.webhooks),
    )


def _minutes(seconds: float) -> int:
    return int(max(0.0, seconds) // MINUTE_SECONDS)
