"""Figures for Prometheus: requests by dialect and status, how long they took, and the queue."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Figures:
    """Counts as requests come, and asks the queue when it is read."""

    def __init__(self) -> None:
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
            buckets=SECONDS,
            registry=self._registry,
        )
        self._open = Gauge("pinxit_api_requests_open", "Requests under way.", registry=self._registry)
        self._queue = Gauge("pinxit_queue_length", "Jobs in line.", registry=self._registry)
        self._ready = Gauge("pinxit_painter_ready", "1 where the painter is ready.", registry=self._registry)

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

    def text(self, queue_length: int, *, ready: bool) -> bytes:
        """Return all figures as Prometheus reads them."""
        self._queue.set(queue_length)
        self._ready.set(ready)
        return generate_latest(self._registry)
