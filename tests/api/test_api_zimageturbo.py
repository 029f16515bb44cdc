"""The dialect of zimageturbo.ai: its two addresses, its envelope, its credits."""

import re

import pytest
from apistage import ApiStage, playing_api
from stage import ScriptedGenerator, fails

from generator.messages import Loading
from storage.records import Limits

ORDER = {"prompt": "a star", "aspect_ratio": "1:1"}


async def generate(api: ApiStage, **values: object) -> str:
    said = await api.post_json("/api/generate", ORDER | values)
    assert said.status == 200
    assert said.json == {
        "code": 200,
        "message": "success",
        "data": {"task_id": said.json["data"]["task_id"], "status": "IN_PROGRESS"},
    }
    return said.json["data"]["task_id"]


async def test_an_order_becomes_a_picture(api):
    task = await generate(api)
    await api.done(task)

    said = (await api.get(f"/api/status?task_id={task}")).json

    assert (said["code"], said["message"]) == (200, "success")
    data = said["data"]
    assert data["status"] == "SUCCESS"
    assert data["request"] == {"prompt": "a star", "size": "1024*1024", "seed": "-1"}
    assert (data["consumed_credits"], data["error_message"]) == (15, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", data["created_at"])
    (url,) = data["response"]
    assert (await api.get(url, key="")).status == 200


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("4:3", "1152*864"), ("3:4", "864*1152"), ("16:9", "1280*720"), ("9:16", "720*1280")],
)
async def test_every_ratio_has_its_size_and_costs_the_same(api, ratio, size):
    task = await generate(api, aspect_ratio=ratio)
    await api.done(task)

    data = (await api.get(f"/api/status?task_id={task}")).json["data"]

    assert (data["request"]["size"], data["consumed_credits"]) == (size, 15)
    assert await api.credits() == (985, 0)


@pytest.mark.parametrize(
    ("seed", "told"), [(0, "0"), ("7", "7"), (-1, "-1"), (None, "-1"), (2**32 - 1, "4294967295")]
)
async def test_a_seed_is_a_number_in_any_form(api, seed, told):
    task = await generate(api, seed=seed)

    assert (await api.get(f"/api/status?task_id={task}")).json["data"]["request"]["seed"] == told


async def test_a_failed_order_costs_nothing(tmp_path):
    async with playing_api(tmp_path, ScriptedGenerator(fails)) as api:
        task = await generate(api)
        await api.done(task)

        data = (await api.get(f"/api/status?task_id={task}")).json["data"]

        assert (data["status"], data["consumed_credits"], data["response"]) == ("FAILED", 0, [])
        assert data["error_message"]
        assert await api.credits() == (1000, 0)


async def test_an_order_in_line_has_cost_nothing_yet(tmp_path):
    generator = ScriptedGenerator()
    generator.health = Loading(0.1)
    async with playing_api(tmp_path, generator) as api:
        task = await generate(api)

        data = (await api.get(f"/api/status?task_id={task}")).json["data"]

        assert (data["status"], data["consumed_credits"], data["response"]) == ("IN_PROGRESS", 0, [])


@pytest.mark.parametrize(
    "values",
    [
        {"prompt": None},
        {"prompt": ""},
        {"prompt": "é" * 1001},
        {"aspect_ratio": "2:1"},
        {"aspect_ratio": None},
        {"seed": "x"},
        {"seed": -2},
        {"seed": True},
        {"seed": 1.5},
    ],
)
async def test_what_is_not_possible_is_said_in_the_envelope(api, values):
    said = await api.post_json("/api/generate", ORDER | values)

    assert said.status in {400, 422}
    assert said.json == {"code": said.status, "message": said.json["message"], "data": None}
    assert await api.credits() == (1000, 0)


async def test_a_thousand_letters_beyond_the_plane_are_a_thousand(api):
    await generate(api, prompt="🦊" * 1000)


async def test_no_key_no_credits_too_much_and_nothing_there(tmp_path):
    limits = Limits(per_account=1, whole_queue=100, daily_allowance=0)
    generator = ScriptedGenerator()
    generator.health = Loading(0.1)
    async with playing_api(tmp_path, generator, credits=20, limits=limits) as api:
        poor = await api.make_key("Eve", credits=14)

        answers = [
            await api.post_json("/api/generate", ORDER, key="x"),
            await api.post_json("/api/generate", ORDER, key=poor),
            await api.post_json("/api/generate", ORDER),
            await api.post_json("/api/generate", ORDER),
            await api.get("/api/status?task_id=nothing"),
            await api.get("/api/status"),
            await api.get("/api/elsewhere"),
        ]

        assert [said.status for said in answers] == [401, 402, 200, 429, 404, 422, 404]
        assert all(said.json["code"] == said.status for said in answers)
        assert int(answers[3].headers["retry-after"]) > 0
        assert await api.credits("Eve") == (14, 0)
