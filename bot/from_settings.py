"""What the settings say, in the words of the parts that it is for."""

from typing import TYPE_CHECKING

from bot.clock import Clock, SystemClock
from bot.lora_cache import LoraCache
from bot.lora_fetch import FetchRules, LoraFetcher, Sources
from bot.loras import Loras
from bot.outgoing import Outgoing
from bot.rate_limit import OwnRates, Rate, RateLimit, Rates, SharedRates
from bot.settings import Settings
from bot.styles import BadStyles, Styles, read_styles
from bot.sweeper import Keep
from bot.trouble import Trouble
from bot.uploads import UploadDesk
from bot.words import BadWords, Words, read_words
from generator.layers import layers_for
from generator.loras import FETCHED, Shelf
from storage.records import Limits
from storage.sql.store import SqlStore
from storage.uploads import UploadLimits

if TYPE_CHECKING:
    from bot.tracing import Tracing


def tracing_to(endpoint: str | None) -> "Tracing | None":
    """Return what sends traces, None without an endpoint; its library is loaded only with one."""
    if endpoint is None:
        return None
    try:
        from bot.tracing import Tracing  # noqa: PLC0415 - costs 0.6 s
    except ImportError:
        raise Trouble("PINXIT_OTLP_ENDPOINT needs the extra `pinxit[traces]`; install it.") from None
    return Tracing(endpoint)


def limits(settings: Settings) -> Limits:
    """Return the caps and the allowance that are set."""
    return Limits(
        per_account=settings.max_waiting,
        whole_queue=settings.max_queue,
        daily_allowance=settings.daily_allowance,
    )


def rates_of(store: SqlStore, clock: SystemClock) -> Rates:
    """Return what counts: bots that share a database count together."""
    return SharedRates(store, clock) if store.company.shared else OwnRates()


def rate_limit(settings: Settings, rates: Rates) -> RateLimit:
    """Return the two rates that are set."""
    each = Rate(per_minute=settings.rate_per_minute, burst=settings.rate_burst)
    everybody = Rate(per_minute=settings.global_rate_per_minute, burst=settings.global_rate_burst)
    return RateLimit(each, everybody, rates)


def keep(settings: Settings) -> Keep:
    """Return for how long things are kept."""
    return Keep(uploads_days=settings.keep_uploads_days, pictures_days=settings.keep_pictures_days)


def upload_limits(settings: Settings) -> UploadLimits:
    """Return what one account may have lying here."""
    return UploadLimits(
        files=settings.upload_count,
        bytes=settings.uploads_mib << 20,
        bytes_each=settings.upload_mib << 20,
    )


def loras_for(settings: Settings, shelf: Shelf, files: UploadDesk, outgoing: Outgoing, clock: Clock) -> Loras:
    """Return what looks after the LoRAs of orders, as the owner has set it."""
    layers = layers_for(settings.model)
    cache = LoraCache(settings.loras / FETCHED, settings.lora_cache_mib << 20)
    rules = FetchRules(
        sources=Sources(settings.lora_sources),
        hosts=settings.lora_hosts_allowed,
        most_bytes=settings.lora_mib << 20,
    )
    return Loras(shelf, layers, LoraFetcher(cache, layers, outgoing, clock, rules), files)


def lists(settings: Settings) -> tuple[Styles, Words]:
    """Return the owner's styles and words. Raises Trouble where a file cannot be read."""
    try:
        return read_styles(settings.styles), read_words(settings.words)
    except (BadStyles, BadWords) as error:
        raise Trouble(str(error)) from None
