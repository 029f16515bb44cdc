"""The official OpenAI client sends pictures: to be edited, varied, painted between; and what is refused."""

import asyncio
import io
import json
from typing import Any

import openai
import pytest
from aiohttp import FormData
from apistage import ApiStage, Said, painting, paints, picture, playing_api
from PIL import Image
from stage import ScriptedGenerator, fails, waits_for

from generator.recipe import Start
from storage.keys import Scope
from tests.platforms.sent_pictures import BAD
from tests.platforms.sent_pictures import picture as sent_picture

EDITS, VARIATIONS = "/v1/images/edits", "/v1/images/variations"


async def sync(api: ApiStage, work: Any) -> Any:
    client = openai.OpenAI(api_key=api.token, base_url=f"{api.url}/v1")
    return await asyncio.to_thread(work, client)


def mask(transparent: bool = True) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0 if transparent else 255)).save(file, "PNG")
    return file.getvalue()


def start_of(api: ApiStage) -> Start:
    start = api.generator.requests[-1].orders[0].recipe.start
    assert start is not None
    return start


async def posted(api: ApiStage, path: str, *parts: tuple[str, Any], **options: Any) -> Said:
    form = FormData(default_to_multipart=True)
    for name, value in parts:
        form.add_field(name, value, filename=f"{name}.png" if isinstance(value, bytes) else None)
    return await api.ask("POST", path, data=form, **options)


async def test_a_picture_is_edited_in_its_own_ratio(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        said = await sync(
            api,
            lambda client: client.images.edit(
                image=("boat.png", sent_picture()), prompt="at night", model="gpt-image-1"
            ),
        )

        assert said.data[0].b64_json
        assert start_of(api).strength == 0.6
        assert said.size == "336x192"
        assert await api.credits() == (999, 0)


async def test_fidelity_strength_size_seed_and_loras_are_heard(tmp_path):
    async with playing_api(tmp_path, painting()) as api:

        def edit(client: openai.OpenAI, **order: Any) -> Any:
            return client.images.edit(image=("a.png", sent_picture()), prompt="a", **order)

        await sync(api, lambda client: edit(client, input_fidelity="high"))
        faithful = start_of(api).strength
        await sync(api, lambda client: edit(client, extra_body={"strength": 0.9, "seed": 7}, size="256x256"))
        recipe = api.generator.requests[-1].orders[0].recipe
        loras = json.dumps([{"adapter_name": "snow", "lora_multiplier": 0.5}])
        await sync(api, lambda client: edit(client, extra_body={"loras": loras}))
        worn = api.generator.requests[-1].orders[0].recipe.loras

    assert faithful == 0.4
    assert (start_of(api).strength, recipe.seed, recipe.width, recipe.height) == (0.6, 7, 256, 256)
    assert recipe.start is not None
    assert recipe.start.strength == 0.9
    assert [(lora.name, lora.scale) for lora in worn] == [("snow", 0.5)]


async def test_what_is_transparent_in_the_mask_is_painted_anew(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        await sync(
            api,
            lambda client: client.images.edit(
                image=("a.png", sent_picture()),
                mask=("m.png", mask()),
                prompt="a boat",
                input_fidelity="high",
            ),
        )

        start = start_of(api)
        assert (start.strength, start.mask is not None) == (1.0, True)


async def test_two_pictures_are_blended_and_three_refused(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        pair = [("a.png", sent_picture()), ("b.png", picture("teal"))]
        await sync(
            api,
            lambda client: client.images.edit(image=pair, prompt="both", extra_body={"share": 0.3}),
        )
        blended = start_of(api)
        with pytest.raises(openai.BadRequestError, match="at most 2 pictures"):
            await sync(api, lambda client: client.images.edit(image=[*pair, pair[0]], prompt="all"))

    assert (blended.other is not None, blended.share) == (True, 0.3)


async def test_an_edit_streams_under_its_own_names(tmp_path):
    async with playing_api(tmp_path, painting()) as api:

        def listen(client: openai.OpenAI) -> list[Any]:
            return list(
                client.images.edit(
                    image=("a.png", sent_picture()), prompt="a", stream=True, partial_images=1, n=2
                )
            )

        told = [event.type for event in await sync(api, listen)]

    assert told[-2:] == ["image_edit.completed", "image_edit.completed"]
    assert set(told[:-2]) <= {"image_edit.partial_image"}


async def test_a_picture_from_here_is_varied_in_its_own_words(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        job = await api.done((await api.order("a red star"))["id"])
        file = (await api.get(job["pictures"][0]["url"], key="")).body

        said = await sync(api, lambda client: client.images.create_variation(image=("a.png", file), n=2))

        recipe = api.generator.requests[-1].orders[0].recipe
        assert len(said.data) == 2
        assert (recipe.prompt, recipe.start is not None) == ("a red star", True)


async def test_a_picture_from_elsewhere_needs_words_to_be_varied(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        without = await posted(api, VARIATIONS, ("image", sent_picture()))
        told = await posted(api, VARIATIONS, ("image", sent_picture()), ("prompt", "a boat"))

    assert (without.status, without.json["error"]["param"]) == (400, "prompt")
    assert (told.status, api.generator.requests[-1].orders[0].recipe.prompt) == (200, "a boat")


async def test_whoever_sends_the_same_form_again_gets_the_same_pictures(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        parts = ("image", sent_picture()), ("prompt", "a boat")
        headers = {"idempotency-key": "boat-1"}

        first, again = [await posted(api, EDITS, *parts, headers=headers) for _ in range(2)]
        other = await posted(api, EDITS, ("image", picture()), ("prompt", "a boat"), headers=headers)

        assert first.json["data"] == again.json["data"]
        assert other.status == 409
        assert await api.credits() == (999, 0)


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_picture_is_refused_with_its_sentence_and_costs_nothing(tmp_path, kind):
    content, sentence = BAD[kind]
    async with playing_api(tmp_path, ScriptedGenerator(usually=paints)) as api:
        said = await posted(api, EDITS, ("image", content), ("prompt", "a boat"))

        assert (said.status, said.json["error"]["param"]) == (400, "image")
        assert said.json["error"]["message"].startswith(f"image: {sentence}")
        assert await api.credits() == (1000, 0)


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ((("prompt", "a boat"),), "image"),
        ((("image", "words"), ("prompt", "a boat")), "image"),
        ((("image", picture()),), "prompt"),
        ((("image", picture()), ("prompt", "")), "prompt"),
        ((("image", picture()), ("prompt", "a"), ("n", "many")), "n"),
        ((("image", picture()), ("prompt", "a"), ("n", "11")), "n"),
        ((("image", picture()), ("prompt", "a"), ("size", "63x64")), "size"),
        ((("image", picture()), ("prompt", "a"), ("strength", "nan")), "strength"),
        ((("image", picture()), ("prompt", "a"), ("strength", "2")), "strength"),
        ((("image", picture()), ("prompt", "a"), ("share", "0.5")), "share"),
        ((("image", picture()), ("prompt", "a"), ("model", "sd-xl")), "model"),
        ((("image", picture()), ("prompt", "a"), ("mask", mask()), ("mask", mask())), "mask"),
        ((("image", picture()), ("prompt", "a"), ("loras", "[")), "loras"),
        ((("image", picture()), ("prompt", "a"), ("loras", "[" * 5000)), "loras"),
        ((("image", picture()), ("prompt", "a"), ("loras", "{}")), "loras"),
    ],
)
async def test_a_wrong_field_is_named_and_costs_nothing(api, parts, param):
    said = await posted(api, EDITS, *parts)

    assert said.status in {400, 404}
    assert said.json["error"]["param"] == param
    assert await api.credits() == (1000, 0)


async def test_what_is_no_form_is_refused(api):
    boundary = {"content-type": "multipart/form-data; boundary=b"}
    answers = [
        await api.post_json(EDITS, {"prompt": "a"}),
        await api.ask("POST", EDITS, data=b"--b", headers=boundary),
        await api.ask("POST", EDITS, data=b"x" * 5000, headers=boundary),
        await api.ask("POST", EDITS, data=b"", headers={"content-type": "multipart/form-data"}),
        await posted(api, EDITS, *[(f"field{number}", "x") for number in range(101)]),
        await posted(api, EDITS, *[("image", picture())] * 9, ("prompt", "a")),
        await posted(api, EDITS, ("prompt", "x" * (300 << 10))),
    ]

    assert {said.status for said in answers} == {400}
    assert all(said.json["error"]["message"] for said in answers)


async def test_a_form_that_is_too_large_is_not_read_to_its_end(api):
    said = await posted(api, EDITS, ("image", bytes(65 << 20)), ("prompt", "a"))

    assert said.status == 413
    assert "64 MiB" in said.json["error"]["message"]


async def test_a_key_that_may_not_draw_sends_no_picture(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        reader = await api.make_key("Eve", scopes={Scope.READ})

        said = await posted(api, EDITS, ("image", picture()), ("prompt", "a"), key=reader)

    assert said.status == 403


async def test_a_failed_edit_costs_nothing(tmp_path):
    async with playing_api(tmp_path, ScriptedGenerator(usually=fails)) as api:
        said = await posted(api, EDITS, ("image", picture()), ("prompt", "a"))

        assert said.status == 500
        assert await api.credits() == (1000, 0)


async def test_whoever_goes_away_from_an_edit_pays_nothing(tmp_path):
    async with playing_api(tmp_path, ScriptedGenerator(waits_for(asyncio.Event()))) as api:
        asking = asyncio.create_task(posted(api, EDITS, ("image", picture()), ("prompt", "a")))
        async with asyncio.timeout(30):
            while not api.generator.requests:  # noqa: ASYNC110 - reading lets the others work
                await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            while (await api.credits()) != (1000, 0):  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.01)
