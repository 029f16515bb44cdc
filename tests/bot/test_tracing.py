"""Where a job's time went reaches a collector of OpenTelemetry, without a prompt."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from stage import ScriptedGenerator, fails, playing

from bot.from_settings import tracing_to

proto = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="pinxit[traces]"
)
pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="pinxit[traces]")


@dataclass
class Collector:
    """A receiver of OTLP on loopback."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        return web.Response(body=b"", content_type="application/x-protobuf")

    @property
    def spans(self) -> list[Any]:
        requests = [proto.ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    found = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", found.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


async def test_a_job_is_a_span_with_its_waiting_drawing_and_showing(tmp_path, collector):
    tracing = tracing_to(collector.url)
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        stage.tally._also = tracing.shown
        drawn = await stage.drawn("a secret wish")
        await stage.until_confirmed()
        await asyncio.to_thread(tracing.close)

    [whole] = [span for span in collector.spans if span.name == "job"]
    rest = [span for span in collector.spans if span is not whole and span.name != "job"]
    told = {each.key: each.value.string_value or each.value.int_value for each in whole.attributes}
    assert [span.name for span in rest] == ["wait", "draw", "show"]
    assert {span.parent_span_id for span in rest} == {whole.span_id}
    assert all(whole.start_time_unix_nano <= span.start_time_unix_nano for span in rest)
    assert all(span.end_time_unix_nano <= whole.end_time_unix_nano for span in rest)
    assert told["pinxit.job"] == drawn.job.id
    assert told["pinxit.platform"] == "stage"
    assert not any(b"secret wish" in body for body in collector.bodies)


async def test_a_job_that_failed_says_why(tmp_path, collector):
    tracing = tracing_to(collector.url)
    async with playing(ScriptedGenerator(fails), tmp_path) as stage:
        stage.tally._also = tracing.shown
        await stage.end(await stage.accepted())
        await asyncio.to_thread(tracing.close)

    [whole] = [span for span in collector.spans if span.name == "job"]
    assert whole.status.message == "out_of_memory"


def test_without_an_endpoint_nothing_of_it_is_loaded():
    code = "import sys, bot.from_settings as r; print(r.tracing_to(None), 'opentelemetry' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["None", "False"]
