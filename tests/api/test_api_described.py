"""The description at /docs is true, and whoever watches over the bot finds what they need."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from apistage import PLENTY, Served, painting, playing_api, serving
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks

from bot.adapters.api.core import Rules
from generator.messages import Loading, Unusable
from storage.keys import Scope

CHECKS = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("described"), painting(), credits=10**9) as running:
        yield running


@pytest.mark.parametrize("mode", GenerationMode)
def test_whatever_is_sent_the_answer_is_as_described(served: Served, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    headers = {"authorization": f"Bearer {served.token}"}
    tried = []

    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=operation.as_strategy(generation_mode=mode))
        def tries(case: Any) -> None:
            answer = case.call(headers=headers, timeout=20)
            if b"Invalid HTTP request" not in answer.content:  # not even HTTP: no route is to blame
                case.validate_response(answer, checks=CHECKS)

        with suppress(Unsatisfiable):  # nothing can be wrong about an address without parameters
            tries()
        tried.append(operation.label)

    assert len(tried) > 20


async def test_the_page_lists_every_address_and_loads_nothing_from_elsewhere(api):
    view = (await api.get("/openapi.json", key="")).json
    said = await api.get("/docs", key="")

    page = said.body.decode()
    assert said.headers["content-type"].startswith("text/html")
    assert all(path in page for path in view["paths"])
    assert "src=" not in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


async def test_the_page_says_what_every_field_may_be_and_what_it_is_for(api):
    page = (await api.get("/docs", key="")).body.decode()

    assert "body, integer from 1 to 50" in page
    assert "body, png, jpeg, webp" in page
    assert "path, text, required" in page
    assert "<code>Idempotency-Key</code>" in page
    assert "`" not in page


async def test_the_description_names_the_key_every_no_and_an_example(api):
    view = (await api.get("/openapi.json", key="")).json

    run = view["paths"]["/apps/run"]["post"]
    assert run["security"] == [{"key": []}]
    assert {"200", "401", "429", "4XX", "5XX"} <= set(run["responses"])
    assert "422" not in run["responses"]
    assert view["components"]["schemas"]["RunInput"]["properties"]["prompt"]["examples"]


async def test_alive_and_ready_are_told_without_a_key(tmp_path):
    async with playing_api(tmp_path) as api:
        ready = await api.get("/ready", key="")
        api.generator.health = Loading(0.5)
        loading = await api.get("/ready", key="")
        api.generator.health = Unusable("no")
        unusable = await api.get("/ready", key="")

        assert (await api.get("/health", key="")).json == {"status": "ok"}
        assert (ready.status, ready.json["painter"], ready.json["queue"]) == (200, "ready", 0)
        assert (loading.status, loading.json["painter"]) == (503, "loading, 50 %")
        assert unusable.status == 503


async def test_figures_count_requests_for_this_machine_and_for_keys_made_for_it(api):
    await api.order()
    watcher = await api.make_key("Watch", scopes={Scope.METRICS})
    proxied = {"x-forwarded-for": "203.0.113.9"}

    here = await api.get("/metrics", key="")
    elsewhere = await api.get("/metrics", key="", headers=proxied)
    lured = await api.get("/metrics", key="", headers={"host": "evil.example"})
    with_key = await api.get("/metrics", key=watcher, headers=proxied)
    wrong_key = await api.get("/metrics", headers=proxied)

    assert [said.status for said in (here, elsewhere, lured, with_key, wrong_key)] == [
        200,
        401,
        401,
        200,
        403,
    ]
    text = here.body.decode()
    assert 'pinxit_api_requests_total{dialect="native",method="POST",status="202"} 1.0' in text
    assert "pinxit_queue_length" in text
    assert "pinxit_painter_ready 1.0" in text


# ── links, proxies, other pages ───────────────────────────────────────────────────────────────────


async def test_links_begin_with_the_address_that_is_set(tmp_path):
    rules = Rules(rate=PLENTY, version="test", public_url="https://pictures.example/")
    async with playing_api(tmp_path, rules=rules) as api:
        job = await api.done((await api.order())["id"])

        assert job["pictures"][0]["url"].startswith("https://pictures.example/f/")


async def test_links_begin_with_the_host_that_was_asked_for_and_with_nothing_else(api):
    job = await api.done((await api.order())["id"])

    said = await api.get(f"/v1/jobs/{job['id']}", headers={"host": "pinxit.lan:81"})
    bad = await api.get(f"/v1/jobs/{job['id']}", headers={"host": "evil/%0d%0a"})

    assert said.json["pictures"][0]["url"].startswith("http://pinxit.lan:81/f/")
    assert bad.status == 400


async def test_a_proxy_is_believed_only_where_it_is_trusted(tmp_path):
    headers = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
    for trusted, scheme in ((["127.0.0.1"], "https"), ([], "http")):
        async with playing_api(tmp_path / scheme, trusted=trusted) as api:
            said = await api.post_json("/v1/jobs", {"prompt": "a"}, headers=headers)

            assert said.headers["location"].startswith(f"{scheme}://")


async def test_pages_elsewhere_read_nothing_unless_they_are_listed(tmp_path):
    rules = Rules(rate=PLENTY, version="test", origins=("https://app.example",))
    asks = {"origin": "https://app.example", "access-control-request-method": "POST"}
    asks["access-control-request-headers"] = "authorization,x-client-source,content-type"
    async with playing_api(tmp_path / "open", rules=rules) as api:
        listed = await api.ask("OPTIONS", "/apps/run", key="", headers=asks)
        other = await api.ask(
            "OPTIONS", "/apps/run", key="", headers=asks | {"origin": "https://evil.example"}
        )
        said = await api.get("/v1/jobs", headers={"origin": "https://app.example"})
        assert listed.headers["access-control-allow-origin"] == "https://app.example"
        assert "x-client-source" in listed.headers["access-control-allow-headers"]
        assert "access-control-allow-origin" not in other.headers
        assert said.headers["access-control-allow-origin"] == "https://app.example"
    async with playing_api(tmp_path / "closed") as api:
        off = await api.get("/v1/jobs", headers={"origin": "https://app.example"})
        assert "access-control-allow-origin" not in off.headers


async def test_answers_are_never_sniffed_nor_kept(api):
    said = await api.get("/v1/jobs")

    assert said.headers["x-content-type-options"] == "nosniff"
    assert said.headers["cache-control"] == "no-store"
