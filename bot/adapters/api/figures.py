"""Figures for Prometheus: what an owner asks about requests, the line, drawing, delivery and credits."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector

from bot.tally import SECONDS, Spread, Tally
from generator.messages import Health, Ready
from storage.oversight import Backlog
from storage.records import JobState, Kind

L = TypeVar("L", bound=tuple[str, ...])

FIRST_BYTE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How all stands at this moment. `credits` moved since the bot's start, by kind of entry."""

    backlog: Backlog
    credits: Mapping[Kind, int]
    health: Health
    gpu_hour_cost: float
    version: str


class Figures:
    """Counts requests as they come, and puts everything into words when it is read."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "pinxit_api_requests",
            "Requests to the HTTP API.",
            ("dialect", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "pinxit_api_first_byte_seconds",
            "Seconds from a request to its answer's first byte.",
            ("dialect",),
            buckets=FIRST_BYTE_SECONDS,
            registry=self._registry,
        )
        self._open = Gauge("pinxit_api_requests_open", "Requests under way.", registry=self._registry)
        ProcessCollector(registry=self._registry)

    def begun(self) -> None:
        """A request has come."""
        self._open.inc()

    def ended(self) -> None:
        """A request is answered to its end, or its client has gone."""
        self._open.dec()

    def answered(self, dialect: str, method: str, status: int, seconds: float) -> None:
        """The first byte of an answer is sent."""
        self._requests.labels(dialect, method, str(status)).inc()
        self._seconds.labels(dialect).observe(seconds)

    def text(self, standing: Standing) -> bytes:
        """Return all figures as Prometheus reads them."""
        now = CollectorRegistry()
        now.register(_Told([*_standing(standing, time.time()), *_tallied(self._tally)]))
        return generate_latest(self._registry) + generate_latest(now)


class _Told:
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _standing(standing: Standing, now: float) -> Iterator[Metric]:
    backlog, ready = standing.backlog, isinstance(standing.health, Ready)
    queued = [each for each in backlog.waiting if each.state is JobState.QUEUED]
    yield _gauge("pinxit_queue_length", "Jobs in line.", sum(each.jobs for each in queued))
    yield _labelled(
        GaugeMetricFamily("pinxit_queue_jobs", "Unfinished jobs.", labels=("platform", "state")),
        {(each.platform, each.state.value): each.jobs for each in backlog.waiting},
    )
    yield _labelled(
        GaugeMetricFamily("pinxit_queue_oldest_seconds", "Age of the oldest in line.", labels=("platform",)),
        {(each.platform,): max(0.0, now - each.oldest_at) for each in queued},
    )
    yield _gauge("pinxit_undelivered_jobs", "Ended jobs whose end is not shown yet.", backlog.undelivered)
    yield _gauge("pinxit_webhooks_waiting", "Webhook messages not delivered yet.", backlog.webhooks)
    oldest = backlog.oldest_webhook_at
    age = 0.0 if oldest is None else max(0.0, now - oldest)
    yield _gauge("pinxit_webhooks_oldest_seconds", "Age of the oldest of them.", age)
    yield _gauge("pinxit_accounts", "Accounts.", backlog.accounts)
    yield _gauge("pinxit_credits_available", "Credits that can be spent.", backlog.available)
    yield _gauge("pinxit_credits_held", "Credits held for unfinished jobs.", backlog.held)
    yield _labelled(
        CounterMetricFamily("pinxit_credits", "Credits moved, by kind of entry.", labels=("kind",)),
        {(kind.value,): standing.credits.get(kind, 0) for kind in Kind},
    )
    yield _gauge("pinxit_painter_ready", "1 where the painter is ready.", ready)
    yield from _painting(standing.health if isinstance(standing.health, Ready) else Ready("", painters=0))
    yield _gauge("pinxit_gpu_hour_cost", "What an hour of the card costs.", standing.gpu_hour_cost)
    yield InfoMetricFamily("pinxit_build", "What runs.", {"version": standing.version})


def _painting(health: Ready) -> Iterator[Metric]:
    busy = health.drawing / max(1, health.painters)
    yield _gauge("pinxit_painter_busy", "The part of the painters that draw.", busy)
    yield _gauge("pinxit_painters", "Jobs that can be drawn at once.", health.painters)
    allocated, total = (health.card.allocated, health.card.total) if health.card else (None, None)
    yield GaugeMetricFamily("pinxit_card_memory_allocated_bytes", "What drawing takes of it.", allocated)
    yield GaugeMetricFamily("pinxit_card_memory_bytes", "Memory of the card; of several, the sum.", total)


def _tallied(tally: Tally) -> Iterator[Metric]:
    yield _labelled(
        CounterMetricFamily("pinxit_refusals", "Kind nos, by reason.", labels=("platform", "reason")),
        tally.refusals,
    )
    yield _labelled(
        CounterMetricFamily("pinxit_jobs_ended", "Jobs by how they ended.", labels=("platform", "end")),
        tally.ends,
    )
    yield CounterMetricFamily("pinxit_pauses", "Times that a job let a shorter one by.", tally.pauses)
    yield _labelled(
        CounterMetricFamily("pinxit_deliveries", "Ends by how they were shown.", labels=("platform", "rung")),
        tally.rungs,
    )
    yield _labelled(
        CounterMetricFamily("pinxit_errors", "Events logged as errors.", labels=("part",)),
        {(part,): count for part, count in tally.errors.items()},
    )
    waits = HistogramMetricFamily("pinxit_wait_seconds", "From order to brush.", labels=("platform",))
    yield _spread(waits, tally.waits)
    drawing = HistogramMetricFamily("pinxit_picture_seconds", "Seconds of one picture.", labels=("shape",))
    yield _spread(drawing, tally.drawing)


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help, value=value)


def _labelled(family: CounterMetricFamily | GaugeMetricFamily, values: Mapping[L, float]) -> Metric:
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _spread(family: HistogramMetricFamily, spreads: Mapping[str, Spread]) -> Metric:
    for label, spread in spreads.items():
        below, buckets = 0, []
        for bound, count in zip((*map(str, SECONDS), "+Inf"), spread.counts, strict=True):
            below += count
            buckets.append((bound, float(below)))
        family.add_metric((label,), buckets, spread.sum)
    return family
