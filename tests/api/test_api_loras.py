"""LoRAs over HTTP: of the shelf, of a sent file, at an address; guarded, kept by content, refused kindly."""

import asyncio
import hashlib
import json
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from apistage import ApiStage, painting, playing_api
from safetensors.numpy import load_file, save
from stage import until

from bot import lora_fetch
from bot.lora_fetch import FetchRules, Sources
from bot.outgoing import Outgoing, Unreached
from generator.embedded import ADAPTERS

SNOW = (ADAPTERS / "snow.safetensors").read_bytes()
OUTLINE = (ADAPTERS / "outline.safetensors").read_bytes()
SHA256 = hashlib.sha256(SNOW).hexdigest()
STATE = load_file(ADAPTERS / "snow.safetensors")
RUN = {"app": "infsh/z-image-turbo"}


class Shop:
    """A web server on loopback that counts what it is asked."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.port = 0

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["path"]
        self.asked.append(name)
        self.headers.append(dict(request.headers))
        if name.startswith("to/"):
            raise web.HTTPFound(name.removeprefix("to/"))
        if name == "round":
            raise web.HTTPFound("/round")
        if name not in self.files:
            raise web.HTTPNotFound
        content = self.files[name]
        response = web.StreamResponse()
        if "unannounced" not in name:
            response.content_length = len(content)
        await response.prepare(request)
        await response.write(content[: 1 << 18])
        await self.open.wait()
        await response.write(content[1 << 18 :])
        return response


@asynccontextmanager
async def selling(**files: bytes) -> AsyncIterator[Shop]:
    shop = Shop(files)
    app = web.Application()
    app.router.add_get("/{path:.*}", shop.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    shop.port = runner.addresses[0][1]
    try:
        yield shop
    finally:
        shop.open.set()
        await runner.cleanup()


def shopping(tmp_path: Any, shop: Shop, **changes: Any) -> Any:
    return playing_api(tmp_path, painting(), fetch_allowed=[f"127.0.0.1:{shop.port}"], **changes)


def wanted(url: str | None, name: str = "Mine", multiplier: float = 0.8) -> dict[str, Any]:
    return {"adapter_name": name, "lora_url": url, "lora_multiplier": multiplier}


async def refused(api: ApiStage, *loras: dict[str, Any], status: int = 422) -> str:
    """Order in each dialect that has LoRAs; return the one sentence."""
    said = [
        await api.post_json("/v1/jobs", {"prompt": "a", "loras": loras}),
        await api.post_json("/v1/images/generations", {"prompt": "a", "loras": loras}),
        await api.post_json("/apps/run", {**RUN, "input": {"prompt": "a", "loras": loras}}),
    ]
    assert {answer.status for answer in said} <= {status, 400}, [answer.body for answer in said]
    assert await api.credits() == (1000, 0)
    assert await api.store.jobs(10) == []
    sentences = {said[0].json["detail"], said[1].json["error"]["message"], said[2].json["detail"]}
    assert len({sentence.removeprefix("input.") for sentence in sentences}) == 1
    return said[0].json["detail"]


async def sent(api: ApiStage, content: bytes) -> str:
    """Send a file; return its address."""
    said = await api.post_json("/files", {"files": [{"filename": "it.safetensors", "size": len(content)}]})
    (file,) = said.json["data"]
    assert (await api.ask("PUT", file["upload_url"], key="", data=content)).status == 204
    return str(file["uri"])


async def worn(api: ApiStage, job: str) -> list[tuple[str, float, str]]:
    found = await api.store.job(job)
    assert found is not None
    return [(lora.name, lora.scale, lora.sha256) for lora in found.recipe.loras]


async def test_a_lora_at_an_address_is_fetched_and_known_by_its_content(tmp_path):
    async with selling(snow=SNOW) as shop, shopping(tmp_path, shop) as api:
        job = await api.order(loras=[wanted(shop.url("snow"), "My Snow!")])

        assert await worn(api, job["id"]) == [("my-snow", 0.8, SHA256)]
        assert (api.fetched / f"{SHA256}.safetensors").read_bytes() == SNOW
        assert shop.asked == ["snow"]
        assert "authorization" not in {name.lower() for name in shop.headers[0]}


async def test_a_lora_in_a_sent_file_is_taken_whatever_it_is_called(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        uri = await sent(api, SNOW)

        task = await api.post_json(
            "/apps/run", {**RUN, "input": {"prompt": "a", "loras": [wanted(uri, "снег", 1)]}}
        )

        assert await worn(api, task.json["data"]["id"]) == [("lora", 1.0, SHA256)]


async def test_a_lora_of_the_shelf_has_its_content_in_the_recipe(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        job = await api.order(loras=[{"adapter_name": "snow"}])

        assert await worn(api, job["id"]) == [("snow", 1.0, SHA256)]
        assert job["recipe"]["loras"][0]["sha256"] == SHA256


async def test_openais_dialect_takes_loras_beside_its_own_keys(tmp_path):
    async with selling(snow=SNOW) as shop, shopping(tmp_path, shop) as api:
        loras = [wanted(shop.url("snow")), {"adapter_name": "outline"}]

        said = await api.post_json("/v1/images/generations", {"prompt": "a", "loras": loras})

        assert said.status == 200, said.body
        [job] = await api.store.jobs(10)
        assert [name for name, _, _ in await worn(api, job.id)] == ["mine", "outline"]


async def test_two_addresses_called_alike_are_two_loras(tmp_path):
    async with selling(snow=SNOW, outline=OUTLINE) as shop, shopping(tmp_path, shop) as api:
        job = await api.order(loras=[wanted(shop.url(name), "it") for name in ("snow", "outline")])

        assert [name for name, _, _ in await worn(api, job["id"])] == ["it", "it-2"]


async def test_many_who_ask_at_once_cause_one_fetch_and_later_ones_none(tmp_path):
    async with selling(snow=SNOW) as shop, shopping(tmp_path, shop) as api:
        shop.open.clear()
        asking = [asyncio.create_task(api.order(loras=[wanted(shop.url("snow"))])) for _ in range(8)]
        await until(lambda: bool(shop.asked))
        await asyncio.sleep(0.05)
        shop.open.set()

        jobs = await asyncio.gather(*asking)
        await api.order(loras=[wanted(shop.url("snow"))])

        assert len({job["id"] for job in jobs}) == 8
        assert shop.asked == ["snow"]


async def test_a_slow_one_is_said_to_be_on_its_way_and_there_the_next_time(tmp_path, monkeypatch):
    monkeypatch.setattr(lora_fetch.LoraFetcher.fetched, "__defaults__", (0.05,))
    async with selling(snow=SNOW) as shop, shopping(tmp_path, shop) as api:
        shop.open.clear()

        said = await api.post_json("/v1/jobs", {"prompt": "a", "loras": [wanted(shop.url("snow"))]})

        assert (said.status, said.headers["retry-after"]) == (503, "5")
        assert "still being fetched" in said.json["detail"]
        assert await api.credits() == (1000, 0)
        shop.open.set()
        await until(lambda: any(api.fetched.glob("*.safetensors")))
        await api.order(loras=[wanted(shop.url("snow"))])
        assert shop.asked == ["snow"]


async def test_redirects_are_followed_and_each_is_judged(tmp_path):
    async with selling(snow=SNOW) as shop, shopping(tmp_path, shop) as api:
        assert "address to the next" in await refused(api, wanted(shop.url("round")))
        assert "https://" in await refused(api, wanted(shop.url("to/http://127.0.0.1:1/x")))
        assert "public" in await refused(api, wanted(shop.url("to/https://127.0.0.1:1/x")))
        job = await api.order(loras=[wanted(shop.url("to//to//snow"))])
        assert [content for _, _, content in await worn(api, job["id"])] == [SHA256]


def lying(state: dict[str, Any], **about: Any) -> bytes:
    """A file whose head says something else about its first tensor."""
    whole = save(state)
    length = int.from_bytes(whole[:8], "little")
    head = json.loads(whole[8 : 8 + length])
    head[next(name for name in head if name != "__metadata__")] |= about
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + whole[8 + length :]


def sdxl() -> bytes:
    name = "lora_unet_input_blocks_4_1_transformer_blocks_1_attn1_to_q"
    return save(
        {
            f"{name}.lora_down.weight": np.ones((4, 640), "f2"),
            f"{name}.lora_up.weight": np.ones((640, 4), "f2"),
        }
    )


def too_wide() -> bytes:
    return save({name: np.zeros((2 * len(value), value.shape[1]), "f2") for name, value in STATE.items()})


BAD = {
    "broken": (b"\x10" + SNOW[1:], "no safetensors file, or it is damaged"),
    "truncated": (SNOW[:-1000], "damaged"),
    "longer": (SNOW + b"more", "damaged"),
    "empty": (b"", "no safetensors file"),
    "pickled": (pickle.dumps({"lora": [1]}), "pickle"),
    "zipped": (b"PK\x03\x04" + bytes(1000), "pickle"),
    "page": (b"<!doctype html><title>Sign in</title>" + bytes(1000), "no safetensors file"),
    "head_of_exabytes": ((1 << 62).to_bytes(8, "little") + b"{}", "no safetensors file"),
    "sizes_overflow": (lying(STATE, shape=[1 << 62, 1 << 62]), "no safetensors file"),
    "sizes_below_zero": (lying(STATE, shape=[-8, -192]), "no safetensors file"),
    "many_sides": (lying(STATE, shape=[1] * 1_000_00), "no safetensors file"),
    "offsets_lie": (lying(STATE, data_offsets=[0, 1 << 62]), "no safetensors file"),
    "claims_terabytes": (
        lying({"x": np.ones(1)}, dtype="F8_E4M3", data_offsets=[0, 1 << 42]),
        "cannot be used",
    ),
    "for_sdxl": (sdxl(), "made for SDXL"),
    "for_another_size": (too_wide(), "model of another size"),
}


@pytest.mark.parametrize("bad", BAD)
async def test_a_bad_file_is_refused_with_one_sentence_from_an_address_and_as_a_sent_file(tmp_path, bad):
    content, sentence = BAD[bad]
    async with selling(it=content) as shop, shopping(tmp_path, shop) as api:
        said = [
            await refused(api, wanted(shop.url("it"))),
            await refused(api, wanted(await sent(api, content))),
        ]

        for each in said:
            assert sentence in each
            assert each.startswith("loras: The LoRA “mine” cannot be used. ")
        assert not list(api.fetched.glob("*"))


async def test_a_huge_file_is_let_go_at_its_head_whether_it_is_announced_or_not(tmp_path):
    rules = FetchRules(most_bytes=100_000)
    async with (
        selling(snow=SNOW, unannounced=SNOW) as shop,
        shopping(tmp_path, shop, fetch_rules=rules) as api,
    ):
        shop.open.clear()  # the rest never comes: nobody waits for it

        said = [await refused(api, wanted(shop.url(name))) for name in ("snow", "unannounced")]

        assert all("at most 0 MiB" in each for each in said)
        assert not list(api.fetched.glob("*"))


async def test_a_failure_is_told_again_without_another_try(tmp_path):
    async with selling() as shop, shopping(tmp_path, shop) as api:
        assert "404" in await refused(api, wanted(shop.url("nothing")))
        assert shop.asked == ["nothing"]


@pytest.mark.parametrize(
    ("rules", "of_file", "of_address"),
    [
        (FetchRules(sources=Sources.SHELF), "owner’s shelf only", "owner’s shelf only"),
        (FetchRules(sources=Sources.FILES), None, "owner’s shelf only"),
        (FetchRules(hosts=frozenset({"loras.example"})), None, "Nothing is fetched from 127.0.0.1"),
    ],
)
async def test_the_owner_decides_where_loras_may_come_from(tmp_path, rules, of_file, of_address):
    async with selling(snow=SNOW) as shop, shopping(tmp_path, shop, fetch_rules=rules) as api:
        assert of_address in await refused(api, wanted(shop.url("snow")))
        uri = await sent(api, SNOW)
        if of_file:
            assert of_file in await refused(api, wanted(uri))
        else:
            await api.order(loras=[wanted(uri)])
        assert shop.asked == []


async def test_plain_http_is_for_the_owners_exceptions_alone(tmp_path):
    async with playing_api(tmp_path) as api:
        assert "must begin with https://" in await refused(api, wanted("http://93.184.216.34/l"))


async def test_an_address_that_became_private_meanwhile_is_not_fetched_from(monkeypatch):
    async with selling(snow=SNOW) as shop, Outgoing() as outgoing:

        async def rebound(*_args: Any, **_how: Any) -> Any:
            return [(2, 1, 6, "", ("127.0.0.1", shop.port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", rebound)

        with pytest.raises(Unreached, match="not a public address"):
            async for _ in outgoing.fetch(f"https://rebinding.example:{shop.port}/", most=10, seconds=5):
                pass
        assert shop.asked == []


async def test_what_is_kept_has_a_bound_and_the_longest_unnamed_goes_first(tmp_path):
    async with selling(snow=SNOW, outline=OUTLINE) as shop, shopping(tmp_path, shop) as api:
        api.cache._most_bytes = len(SNOW) + 10
        for name in ("snow", "outline"):
            await api.order(loras=[wanted(shop.url(name))])

        assert [each.read_bytes() for each in api.fetched.glob("*")] == [OUTLINE]
        await api.order(loras=[wanted(shop.url("snow"))])  # it is fetched once more
        assert shop.asked == ["snow", "outline", "snow"]


async def test_what_an_order_names_again_stays_longest(tmp_path):
    third = save({name: value / 2 for name, value in STATE.items()})
    async with (
        selling(snow=SNOW, outline=OUTLINE, third=third) as shop,
        shopping(tmp_path, shop) as api,
    ):
        api.cache._most_bytes = 2 * len(SNOW) + 1000
        jobs = [await api.order(loras=[wanted(shop.url(name))]) for name in ("snow", "outline")]
        first = await api.store.job(jobs[0]["id"])

        await api.service._loras.fixed(first.recipe)  # as a reroll does
        await api.order(loras=[wanted(shop.url("third"))])

        assert {each.read_bytes() for each in api.fetched.glob("*")} == {SNOW, third}


async def test_a_price_is_asked_with_the_lora_looked_at(tmp_path):
    async with selling(snow=SNOW, it=b"nothing") as shop, shopping(tmp_path, shop) as api:
        said = await api.post_json(
            "/v1/jobs", {"prompt": "a", "dry_run": True, "loras": [wanted(shop.url("snow"))]}
        )

        assert said.json["recipe"]["loras"][0]["sha256"] == SHA256
        assert (
            await api.post_json(
                "/v1/jobs", {"prompt": "a", "dry_run": True, "loras": [wanted(shop.url("it"))]}
            )
        ).status == 422
