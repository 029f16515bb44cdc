"""What answers, what draws and what shows, put together: the same for a bot and for a benchmark of one."""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from bot.batching import ALONE, Batching
from bot.clock import Clock
from bot.delivery import Delivery, Surface
from bot.dispatcher import Dispatcher
from bot.estimate import Estimate
from bot.flight import Painter
from bot.gallery import Gallery
from bot.loras import Loras
from bot.options import Defaults
from bot.people import People
from bot.places import Places
from bot.rate_limit import RateLimit
from bot.service import Service
from bot.tally import Tally
from generator.models import Model
from storage.pictures import Pictures
from storage.records import Limits
from storage.sql.store import SqlStore

SECRET_BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Heart:
    """The parts that no platform is known to."""

    delivery: Delivery
    dispatcher: Dispatcher
    service: Service


def gallery_of(store: SqlStore, folder: Pictures) -> Gallery:
    """Return the gallery, whose pictures nobody finds without having been told of them."""
    return Gallery(store, folder, lambda: secrets.token_urlsafe(SECRET_BYTES))


def heart_of(  # noqa: PLR0913 - all that differs from one to the other
    *,
    store: SqlStore,
    gallery: Gallery,
    painter: Painter,
    surfaces: Sequence[Surface],
    model: Model,
    limits: Limits,
    rate_limit: RateLimit,
    clock: Clock,
    dice: random.Random,
    batching: Batching = ALONE,
    tally: Tally | None = None,
    defaults: Defaults | None = None,
    people: People | None = None,
    places: Places | None = None,
    loras: Loras | None = None,
) -> Heart:
    """Put them together on a store that need not be open yet."""
    estimate = Estimate(store, model)
    delivery = Delivery(store=store, surfaces=surfaces, clock=clock, tally=tally)
    dispatcher = Dispatcher(
        store=store,
        painter=painter,
        gallery=gallery,
        delivery=delivery,
        estimate=estimate,
        clock=clock,
        lease=secrets.token_hex(8),
        dice=dice,
        batching=batching,
        tally=tally,
    )
    service = Service(
        store=store,
        dispatcher=dispatcher,
        delivery=delivery,
        gallery=gallery,
        estimate=estimate,
        clock=clock,
        model=model,
        limits=limits,
        rate_limit=rate_limit,
        dice=dice,
        defaults=defaults,
        people=people,
        places=places,
        loras=loras,
    )
    return Heart(delivery=delivery, dispatcher=dispatcher, service=service)
