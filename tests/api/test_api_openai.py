"""The official OpenAI client, unchanged, against this API; and what front ends send and read."""

import asyncio
import base64
import io
import json
from typing import Any

import openai
import pytest
from apistage import ApiStage, events, painting, paints, picture, playing_api
from PIL import Image
from stage import ScriptedGenerator, fails, until, waits_for

from generator.messages import Loading
from storage.keys import Scope
from storage.records import Identity


def slow(event: asyncio.Event) -> ScriptedGenerator:
    return ScriptedGenerator(waits_for(event))


async def sync(api: ApiStage, work: Any, **options: Any) -> Any:
    client = openai.OpenAI(**({"api_key": api.token, "base_url": f"{api.url}/v1"} | options))
    return await asyncio.to_thread(work, client)


def kind(data: str) -> str:
    return str(Image.open(io.BytesIO(base64.b64decode(data))).format)


async def test_a_picture_comes_as_an_address_by_default(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        said = await sync(
            api, lambda client: client.images.generate(model="z-image-turbo", prompt="a star", size="512x512")
        )

        (datum,) = said.data
        assert datum.b64_json is None
        assert datum.url.endswith(".png")
        assert (await api.get(datum.url, key="")).body == picture()
        assert (said.size, said.output_format, said.background) == ("512x512", "png", "opaque")
        assert said.usage.total_tokens == said.usage.input_tokens + said.usage.output_tokens


@pytest.mark.parametrize(
    ("model", "wished", "as_base64"),
    [
        ("gpt-image-1", None, True),
        ("dall-e-3", None, False),
        (None, None, False),
        ("dall-e-3", "b64_json", True),
        ("gpt-image-1", "url", False),
    ],
)
async def test_each_model_name_answers_in_the_form_its_tools_expect(tmp_path, model, wished, as_base64):
    order = {"prompt": "a star", "model": model, "response_format": wished, "size": "auto"}
    async with playing_api(tmp_path, painting()) as api:
        said = await api.post_json("/v1/images/generations", order)

        assert said.status == 200
        assert list(said.json["data"][0]) == (["b64_json"] if as_base64 else ["url"])


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("compression", [None, 5])
async def test_the_picture_has_the_format_that_was_asked_for(tmp_path, form, compression):
    order = {"model": "gpt-image-1", "prompt": "a", "output_format": form, "output_compression": compression}
    async with playing_api(tmp_path, painting()) as api:
        said = await api.post_json("/v1/images/generations", order)

        assert kind(said.json["data"][0]["b64_json"]) == form.upper()
        assert said.json["output_format"] == form


async def test_several_pictures_differ_and_are_paid_each(api):
    said = await sync(
        api,
        lambda client: client.images.generate(prompt="a", n=3, size="256x256", response_format="b64_json"),
    )

    assert len({datum.b64_json for datum in said.data}) == 3
    assert await api.credits() == (997, 0)


async def test_a_stream_tells_partial_pictures_and_then_each_whole_one(tmp_path):
    async with playing_api(tmp_path, painting()) as api:

        def listen(client: openai.OpenAI) -> list[Any]:
            return list(
                client.images.generate(
                    model="gpt-image-1", prompt="a star", n=2, stream=True, partial_images=2, size="256x256"
                )
            )

        told = await sync(api, listen)

        kinds = [event.type.rpartition(".")[2] for event in told]
        assert kinds[-2:] == ["completed", "completed"]
        assert kinds.count("partial_image") <= 2
        partial = [event for event in told if event.type.endswith("partial_image")]
        assert [event.partial_image_index for event in partial] == list(range(len(partial)))
        assert {kind(event.b64_json) for event in told} == {"PNG"}
        assert told[-1].usage.total_tokens > 0


async def test_a_stream_without_partial_pictures_tells_the_whole_ones_alone(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        said = await api.post_json("/v1/images/generations", {"prompt": "a", "stream": True})

        assert said.headers["content-type"].startswith("text/event-stream")
        text = said.body.decode().replace("data: [DONE]\n\n", "")
        assert [event.kind for event in events(text)] == ["image_generation.completed"]
        assert json.loads(text.split("data: ")[1])["type"] == "image_generation.completed"


async def test_a_failure_within_a_stream_is_raised_by_the_client(tmp_path):
    async with playing_api(tmp_path, ScriptedGenerator(fails)) as api:

        def listen(client: openai.OpenAI) -> None:
            list(client.images.generate(model="gpt-image-1", prompt="a", stream=True))

        with pytest.raises(openai.APIError, match="memory"):
            await sync(api, listen)
        assert await api.credits() == (1000, 0)


async def test_a_failed_picture_is_tried_once_and_costs_nothing(tmp_path):
    async with playing_api(tmp_path, ScriptedGenerator(usually=fails)) as api:
        with pytest.raises(openai.InternalServerError):
            await sync(api, lambda client: client.images.generate(prompt="a"))

        assert len(api.generator.requests) == 1
        assert await api.credits() == (1000, 0)


async def test_every_no_is_the_clients_own_kind_of_error(api):
    poor = await api.make_key("Eve", credits=0)

    def kind_of(client: openai.OpenAI, **order: Any) -> tuple[type, int, str | None]:
        try:
            client.images.generate(**({"prompt": "a"} | order))
        except openai.APIStatusError as error:
            return type(error), error.status_code, error.code
        raise AssertionError

    answers = [
        await sync(api, kind_of, api_key="sk-wrong"),
        await sync(api, kind_of, api_key=poor),
        await sync(api, lambda client: kind_of(client, model="sd-xl")),
        await sync(api, lambda client: kind_of(client, size="63x64")),
        await sync(api, lambda client: kind_of(client, n=11)),
        await sync(api, lambda client: kind_of(client, prompt="")),
        await sync(api, lambda client: kind_of(client, prompt="a" * 32_001)),
    ]

    assert answers == [
        (openai.AuthenticationError, 401, "invalid_api_key"),
        (openai.APIStatusError, 402, "insufficient_quota"),
        (openai.NotFoundError, 404, "model_not_found"),
        *[(openai.BadRequestError, 400, None)] * 4,
    ]
    assert await api.credits() == (1000, 0)


async def test_models_are_listed_and_looked_up(api):
    listed = await sync(api, lambda client: list(client.models.list()))
    one = await sync(api, lambda client: client.models.retrieve("z-image-turbo"))

    assert [model.id for model in listed] == ["z-image-turbo"]
    assert one.id == "z-image-turbo"
    assert (await api.get("/v1/models/gpt-4o")).json["error"]["code"] == "model_not_found"


async def test_the_asynchronous_client_paints_and_streams(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        client = openai.AsyncOpenAI(api_key=api.token, base_url=f"{api.url}/v1")

        said = await client.images.generate(
            prompt="a", size="1536x1024", quality="hd", style="vivid", user="u"
        )
        stream = await client.images.generate(prompt="a", stream=True, model="gpt-image-1")
        told = [event.type async for event in stream]

        assert said.size == "1536x1024"
        assert told[-1] == "image_generation.completed"


async def test_whoever_goes_away_pays_nothing(tmp_path):
    async with playing_api(tmp_path, slow(asyncio.Event())) as api:
        for stream in (False, True):
            order = {"prompt": "a", "stream": stream}
            asking = asyncio.create_task(api.post_json("/v1/images/generations", order))
            count = len(api.generator.requests)
            await until(lambda count=count: len(api.generator.requests) > count)

            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

            await until_free(api)
        assert await api.credits() == (1000, 0)


async def until_free(api: ApiStage) -> None:
    async with asyncio.timeout(20):
        while (await api.credits())[1]:  # noqa: ASYNC110 - reading lets the others work
            await asyncio.sleep(0.01)
    api.generator.scripts.append(waits_for(asyncio.Event()))


async def test_too_many_requests_are_told_with_a_time(tmp_path):
    async with playing_api(tmp_path) as api:
        key = await api.make_key("Eve", requests_per_minute=0.6)
        said = [await api.get("/v1/models", key=key) for _ in range(2)]

        assert said[1].status == 429
        assert said[1].json["error"]["code"] == "rate_limit_exceeded"
        assert int(said[1].headers["retry-after"]) > 0
        assert "x-should-retry" not in said[1].headers


# ── front ends ────────────────────────────────────────────────────────────────────────────────────


async def test_a_front_ends_people_have_accounts_of_their_own_where_the_key_allows_it(tmp_path):
    async with playing_api(tmp_path) as api:
        key = await api.make_key("Front", scopes={Scope.DRAW, Scope.READ, Scope.USERS})
        headers = {"x-openwebui-user-id": "u-1", "x-openwebui-user-name": "Grace"}
        front = key.split("_")[1]
        account = await api.store.account(Identity("api", f"{front}/u-1"), "Grace")
        await api.store.grant(account.id, 50, "g", "", 0.0)

        hers = await api.post_json(
            "/v1/images/generations", {"prompt": "a", "size": "256x256"}, key=key, headers=headers
        )
        plain = await api.post_json(
            "/v1/images/generations", {"prompt": "a", "size": "256x256"}, headers=headers
        )

        assert (hers.status, plain.status) == (200, 200)
        assert (await api.store.balance(account.id, api.limits, 1.0)).available == 49
        assert await api.credits("Front") == (1000, 0)
        assert await api.credits() == (999, 0)


async def test_a_queue_does_not_break_a_waiting_client(tmp_path):
    generator = ScriptedGenerator(usually=paints)
    generator.health = Loading(0.1)
    async with playing_api(tmp_path, generator) as api:
        asking = asyncio.create_task(api.post_json("/v1/images/generations", {"prompt": "a"}))
        await asyncio.sleep(0.5)  # fifty seconds here

        generator.health = ScriptedGenerator().health

        assert (await asking).status == 200
