"""The whole product with the real clients: `pinxit run`, the embedded model, a key from the command line."""

import asyncio
import io
import itertools
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from aiohttp import ClientSession
from inferencesh import async_inference, inference
from PIL import Image
from product import ROOT, Product, environment, page

PROMPT = "a red circle on a blue background"


class Served:
    """A running product and how to ask it."""

    def __init__(self, data: Path, **settings: object) -> None:
        self.product = Product(
            data, DAILY_ALLOWANCE=0, API_RATE_PER_MINUTE=10**6, API_RATE_BURST=10**5, **settings
        )
        self.keys: dict[str, str] = {}

    @property
    def url(self) -> str:
        return self.product.url

    def key(self, name: str, credits: int) -> str:
        """Make a key on the command line."""
        command = ["keys", "create", name, "--credits", str(credits), "--quiet"]
        done = subprocess.run(
            [sys.executable, "-m", "bot", *command],
            env=environment(self.product.data, **self.product.settings),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        self.keys[name] = done.stdout.strip()
        return self.keys[name]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("api") / "data", MAX_WAITING=200)
    served.key("Ada", 10_000)
    served.product.start()
    yield served
    served.product.end()


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as picture:
        return picture.size[0].to_bytes(4) + picture.convert("RGB").tobytes()


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


async def asked(served: Served, method: str, path: str, **how: Any) -> Any:
    headers = {"authorization": f"Bearer {served.keys['Ada']}"} | how.pop("headers", {})
    async with (
        ClientSession() as http,
        http.request(method, served.url + path, headers=headers, **how) as said,
    ):
        return await said.json()


async def test_the_same_seed_gives_the_same_pixels_in_every_dialect_and_in_the_chat(served):
    key, base = served.keys["Ada"], served.url
    given = {"prompt": PROMPT, "width": 1024, "height": 1024, "seed": 7}
    client = inference(api_key=key, base_url=base)
    task = await asyncio.to_thread(client.run, {"app": "infsh/z-image-turbo", "input": given})
    openai_client = openai.AsyncOpenAI(api_key=key, base_url=f"{base}/v1")
    image = await openai_client.images.generate(prompt=PROMPT, size="1024x1024", extra_body={"seed": 7})
    job = await asked(served, "POST", "/v1/jobs", json=given, headers={"prefer": "wait=60"})
    body = {"prompt": PROMPT, "aspect_ratio": "1:1", "seed": "7"}
    order = await asked(served, "POST", "/api/generate", json=body)
    await asked(served, "GET", f"/v1/jobs/{order['data']['task_id']}", headers={"prefer": "wait=60"})
    status = await asked(served, "GET", f"/api/status?task_id={order['data']['task_id']}")
    await asked_for_credits(served)
    async with page(served.product) as opened:
        await asyncio.to_thread(grant, served, "Web", 100)
        answer = await opened.imagine(f"{PROMPT} --seed 7 --size 1024x1024")
        shown = await opened.ended(answer["item"]["job"])

    urls = [
        task["output"]["image"],
        image.data[0].url,
        job["pictures"][0]["url"],
        status["data"]["response"][0],
        served.url + shown["pictures"][0]["src"],
    ]
    assert len({pixels(await asyncio.to_thread(fetched, url)) for url in urls}) == 1


async def test_a_key_made_on_the_chat_page_opens_the_pages_own_account(served):
    async with page(served.product) as opened:
        made = await opened.ask("apikey")
        again = await opened.ask("apikey")
        history = await opened.ask("history", before=None)
    headers = {"authorization": f"Bearer {again['key']}"}

    jobs = await asked(served, "GET", "/v1/jobs", headers=headers)
    replaced = await asked(served, "GET", "/v1/jobs", headers={"authorization": f"Bearer {made['key']}"})

    assert made["type"] == "key"
    assert [job["id"] for job in jobs["data"]] == [item["job"] for item in history["items"]][:20]
    assert replaced["status"] == 401


async def asked_for_credits(served: Served) -> dict[str, int]:
    return (await asked(served, "GET", "/v1/me"))["credits"]


def grant(served: Served, name: str, credits: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "bot", "grant", name, str(credits)],
        env=environment(served.product.data, **served.product.settings),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


async def test_fifty_calls_at_once_cost_exactly_what_they_make(served):
    key = await asyncio.to_thread(served.key, "Grace", 30)
    client = openai.AsyncOpenAI(api_key=key, base_url=f"{served.url}/v1", max_retries=0)

    said = await asyncio.gather(
        *(client.images.generate(prompt=PROMPT, size="256x256") for _ in range(50)), return_exceptions=True
    )

    made = [answer for answer in said if not isinstance(answer, BaseException)]
    refused = [answer for answer in said if isinstance(answer, openai.APIStatusError)]
    assert (len(made), len(refused)) == (30, 20)
    assert {error.status_code for error in refused} == {402}
    served.keys["Ada"], ada = key, served.keys["Ada"]
    try:
        assert await asked_for_credits(served) == {"available": 0, "held": 0}
    finally:
        served.keys["Ada"] = ada


async def test_the_first_request_that_loads_the_api_holds_up_no_chat(tmp_path):
    served = Served(tmp_path / "data")
    await asyncio.to_thread(served.key, "Ada", 10)
    await asyncio.to_thread(served.product.start)
    try:
        async with page(served.product) as opened:
            first = asyncio.create_task(asked(served, "GET", "/v1/jobs"))
            slowest = 0.0
            while not first.done():
                began = time.perf_counter()
                await opened.ask("queue")
                slowest = max(slowest, time.perf_counter() - began)
            assert (await first)["data"] == []
            assert slowest < 5.0  # generous: the machine may be busy
    finally:
        served.product.end()


async def test_a_stream_outlives_the_generator_and_a_task_the_bot(served):
    key = served.keys["Ada"]
    client = async_inference(api_key=key, base_url=served.url)
    given = {"prompt": PROMPT, "steps": 50, "width": 1024, "height": 1024}
    run = {"app": "infsh/z-image-turbo", "input": given}

    updates = []
    async for update in await client.run(run, stream=True):
        updates.append(update)
        if len(updates) == 3:
            served.product.kill_generator()
    assert updates[-1]["status"] == 10
    statuses = [update["status"] for update in updates]
    assert all(earlier <= later for earlier, later in itertools.pairwise(statuses))

    task = await client.run(run, wait=False)
    await asyncio.to_thread(served.product.kill)
    await asyncio.to_thread(served.product.start)
    job = {"ended_at": None}
    while job["ended_at"] is None:
        job = await asked(served, "GET", f"/v1/jobs/{task['id']}", headers={"prefer": "wait=100"})
    assert job["state"] == "succeeded"


def test_many_synchronous_clients_at_once(served):
    def run(number: int) -> str:
        client = inference(api_key=served.keys["Ada"], base_url=served.url)
        given = {"prompt": PROMPT, "width": 256, "height": 256, "seed": number}
        return client.run({"app": "infsh/z-image-turbo", "input": given})["output"]["image"]

    with ThreadPoolExecutor(6) as threads:
        urls = list(threads.map(run, range(12)))

    assert len({pixels(fetched(url)) for url in urls}) == 12
