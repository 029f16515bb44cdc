"""Orders over HTTP that start from a picture: sent, in the text, at an address, painted before."""

import base64
import io

import pytest
from apistage import painting, picture, playing_api
from PIL import Image
from stage import ScriptedGenerator

from generator.messages import Loading
from tests.platforms.sent_pictures import BAD
from tests.platforms.sent_pictures import picture as sent_picture


def waiting() -> ScriptedGenerator:
    generator = ScriptedGenerator()
    generator.health = Loading(0.5)
    return generator


def data(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


async def test_a_picture_in_the_text_gives_its_ratio_and_strength(tmp_path):
    async with playing_api(tmp_path, waiting()) as api:
        job = await api.order("a boat", image=data(sent_picture()), strength=0.4)

    assert job["recipe"]["start"]["strength"] == 0.4
    assert (job["recipe"]["width"], job["recipe"]["height"]) == (336, 192)


async def test_a_size_of_its_own_holds_and_a_mask_paints_all_of_it_anew(tmp_path):
    mask = io.BytesIO()
    Image.new("L", (64, 64), 255).save(mask, "PNG")
    async with playing_api(tmp_path, waiting()) as api:
        job = await api.order(
            "a boat", image=data(sent_picture()), mask=data(mask.getvalue()), width=256, height=256
        )

    assert (job["recipe"]["width"], job["recipe"]["start"]["strength"]) == (256, 1.0)
    assert job["recipe"]["start"]["mask"]


async def test_an_earlier_picture_is_started_from(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        first = await api.done((await api.order("a star"))["id"])

        job = await api.order("a blue star", image={"job": first["id"]})
        other = await api.post_json("/v1/jobs", {"prompt": "x", "image": {"job": first["id"], "index": 7}})
        nobodys = await api.post_json("/v1/jobs", {"prompt": "x", "image": {"job": "none"}})

    assert job["recipe"]["start"]["strength"] == 0.6
    assert (other.status, other.json["param"]) == (422, "image")
    assert nobodys.status == 404


async def test_a_sent_file_is_started_from(api):
    [told] = (await api.post_json("/files", {"files": [{"uri": "", "content_type": "image/png"}]})).json[
        "data"
    ]
    await api.ask("PUT", told["upload_url"], key="", data=picture("teal", size=(64, 128)))

    job = await api.order("a boat", image=told["uri"])

    assert job["recipe"]["start"]["picture"]
    assert job["recipe"]["height"] > job["recipe"]["width"]


async def test_two_pictures_are_blended_in_the_middle_or_at_the_share_that_was_said(tmp_path):
    pair = {"image": data(sent_picture()), "other": data(picture("teal"))}
    async with playing_api(tmp_path, waiting()) as api:
        middle = (await api.order("a boat", **pair))["recipe"]
        near = (await api.order("a boat", **pair, share=0))["recipe"]

    assert (middle["start"]["share"], near["start"]["share"]) == (0.5, 0.0)
    assert (middle["width"], middle["height"]) == (336, 192)
    assert len({middle["start"]["picture"], middle["start"]["other"]}) == 2


async def test_a_picture_is_blended_with_an_earlier_one(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        first = await api.done((await api.order("a star"))["id"])
        pair = {"image": data(sent_picture()), "other": {"job": first["id"]}}

        job = await api.order("a blue star", **pair)
        pair["other"]["index"] = 7
        missing = await api.post_json("/v1/jobs", {"prompt": "x", **pair})

    assert job["recipe"]["start"]["other"]
    assert (missing.status, missing.json["param"]) == (422, "other")


@pytest.mark.parametrize("field", ["image", "other"])
@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_picture_is_refused_with_its_sentence_and_costs_nothing(tmp_path, kind, field):
    content, sentence = BAD[kind]
    pair = {"image": data(sent_picture()), field: data(content)}
    async with playing_api(tmp_path, waiting()) as api:
        said = await api.post_json("/v1/jobs", {"prompt": "a boat", **pair})

        assert (said.status, said.json["param"]) == (422, field)
        assert said.json["detail"].startswith(f"{field}: {sentence}")
        assert await api.credits() == (1000, 0)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"image": "http://127.0.0.1/x.png"}, "image"),
        ({"image": "https://127.0.0.1/x.png"}, "image"),
        ({"image": "file:///etc/passwd"}, "image"),
        ({"image": "data:image/png;base64,%%%"}, "image"),
        ({"mask": "https://x.invalid/m.png"}, "mask"),
        ({"strength": 0.5}, "strength"),
        ({"image": {"job": "x"}, "strength": 7}, "strength"),
        ({"other": "https://x.invalid/b.png"}, "other"),
        ({"share": 0.5}, "share"),
        ({"image": {"job": "x"}, "share": 0.5}, "share"),
        ({"image": {"job": "x"}, "other": {"job": "x"}, "share": 7}, "share"),
        ({"image": data(sent_picture()), "other": "http://127.0.0.1/x.png"}, "other"),
    ],
)
async def test_what_cannot_be_started_from_names_its_field(tmp_path, wish, field):
    async with playing_api(tmp_path, waiting()) as api:
        said = await api.post_json("/v1/jobs", {"prompt": "a boat", **wish})

        assert (said.status, said.json["param"]) == (422, field)
        assert await api.credits() == (1000, 0)


async def test_a_dry_run_prices_the_start_and_looks_at_nothing(tmp_path):
    wish = {"prompt": "a boat", "width": 1024, "height": 1024, "dry_run": True}
    async with playing_api(tmp_path, waiting()) as api:
        whole = await api.post_json("/v1/jobs", wish)
        part = await api.post_json("/v1/jobs", wish | {"image": "https://x.invalid/a.png", "strength": 0.3})

    assert part.json["price"] < whole.json["price"]
