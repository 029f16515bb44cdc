"""Traces for OpenTelemetry: where the time of a job went. Loaded only where an endpoint is set.

A job's spans are made at its end from what storage knows, so nothing is carried along while it is drawn.
They hold ids and figures, never prompts.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode, set_span_in_context

from bot.updates import Broken, Cancelled, Delivered, Final
from bot.version import version
from storage.records import Job, Post, Rung

FLUSH_MILLISECONDS = 3000


@dataclass(frozen=True, slots=True)
class Part:
    """What a job did between two times, seconds since 1970."""

    name: str
    begun_at: float
    ended_at: float


class Tracing:
    """Sends the spans of every job that was shown, in a thread of the library's own."""

    def __init__(self, endpoint: str) -> None:
        resource = Resource.create({"service.name": "pinxit", "service.version": version()})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
        self._tracer = self._provider.get_tracer("pinxit")

    def shown(self, post: Post, final: Final, rung: Rung) -> None:
        """Tell of a job whose end is shown. Never waits."""
        job, now = final.job, time.time()
        span = self._tracer.start_span(
            "job", start_time=_nanoseconds(job.created_at), attributes=_attributes(post, job, rung)
        )
        within = set_span_in_context(span)
        for part in parts(job, now):
            child = self._tracer.start_span(part.name, within, start_time=_nanoseconds(part.begun_at))
            child.end(_nanoseconds(part.ended_at))
        span.set_status(_status(final))
        span.end(_nanoseconds(now))

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._provider.force_flush(FLUSH_MILLISECONDS)
        self._provider.shutdown()


def parts(job: Job, shown_at: float) -> Iterator[Part]:
    """Yield how a job's time was spent: waiting, being drawn, being shown."""
    if job.ended_at is None:
        return
    begun_at = max(job.created_at, job.ended_at - (job.draw_seconds or 0.0))
    yield Part("wait", job.created_at, begun_at)
    if job.draw_seconds is not None:
        yield Part("draw", begun_at, job.ended_at)
    yield Part("show", job.ended_at, max(shown_at, job.ended_at))


def _attributes(post: Post, job: Job, rung: Rung) -> dict[str, str | int]:
    recipe = job.recipe
    return {
        "pinxit.job": job.id,
        "pinxit.platform": post.platform,
        "pinxit.state": job.state.value,
        "pinxit.rung": rung.value,
        "pinxit.model": recipe.model,
        "pinxit.size": f"{recipe.width}x{recipe.height}",
        "pinxit.steps": recipe.steps,
        "pinxit.count": job.count,
        "pinxit.attempt": job.attempt,
        "pinxit.price": job.price,
    }


def _status(final: Final) -> Status:
    match final:
        case Delivered() | Cancelled():
            return Status(StatusCode.OK)
        case Broken(fault=fault):
            return Status(StatusCode.ERROR, fault.value)
        case _:
            assert_never(final)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
