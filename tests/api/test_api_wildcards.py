"""Wildcards over HTTP: one job for each prompt that braces stand for, all of them or none."""

import pytest
from apistage import painting, playing_api
from stage import ScriptedGenerator

from generator.messages import Loading
from storage.records import Limits

TWO = {"prompt": "a {red|blue} star", "wildcards": True}


def waiting() -> ScriptedGenerator:
    generator = ScriptedGenerator()
    generator.health = Loading(0.5)
    return generator


def prompts(said):
    return [job["recipe"]["prompt"] for job in said.json["data"]]


async def test_each_alternative_becomes_a_job_and_their_price_is_told(tmp_path):
    async with playing_api(tmp_path, waiting()) as api:
        said = await api.post_json("/v1/jobs", TWO | {"count": 2, "seed": 7})
        jobs = (await api.get("/v1/jobs")).json["data"]

        assert (said.status, said.json["price"]) == (202, 4)
        assert prompts(said) == ["a red star", "a blue star"]
        assert {job["recipe"]["seed"] for job in said.json["data"]} == {7}
        assert {job["id"] for job in jobs} == {job["id"] for job in said.json["data"]}
        assert await api.credits() == (996, 4)


async def test_the_answer_can_wait_for_the_end_of_all(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        said = await api.post_json("/v1/jobs", TWO, headers={"prefer": "wait=60"})

    assert said.status == 201
    assert [len(job["pictures"]) for job in said.json["data"]] == [1, 1]
    assert said.headers["preference-applied"] == "wait=60"


async def test_braces_are_words_where_wildcards_were_not_asked_for(tmp_path):
    async with playing_api(tmp_path, waiting()) as api:
        job = await api.order("a {red|blue} star")

    assert job["recipe"]["prompt"] == "a {red|blue} star"


@pytest.mark.parametrize(
    ("prompt", "painted"), [("a star", "a star"), (r"a \{red\|blue\} star", "a {red|blue} star")]
)
async def test_one_prompt_alone_is_a_list_of_one(tmp_path, prompt, painted):
    async with playing_api(tmp_path, waiting()) as api:
        said = await api.post_json("/v1/jobs", {"prompt": prompt, "wildcards": True})

    assert prompts(said) == [painted]


async def test_a_dry_run_prices_the_whole_and_draws_nothing(tmp_path):
    async with playing_api(tmp_path, waiting(), credits=3) as api:
        said = await api.post_json("/v1/jobs", TWO | {"count": 2, "dry_run": True})
        jobs = (await api.get("/v1/jobs")).json["data"]

    assert (said.status, said.json["price"], said.json["available"], said.json["enough"]) == (
        200,
        4,
        3,
        False,
    )
    assert [recipe["prompt"] for recipe in said.json["recipes"]] == ["a red star", "a blue star"]
    assert jobs == []


async def test_all_of_them_start_from_the_same_picture(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        first = await api.done((await api.order("a star"))["id"])
        said = await api.post_json("/v1/jobs", TWO | {"image": {"job": first["id"]}, "strength": 0.5})

    starts = [job["recipe"]["start"] for job in said.json["data"]]
    assert starts[0] == starts[1]
    assert starts[0]["strength"] == 0.5


async def test_sent_again_under_its_key_it_is_the_same_order(tmp_path):
    once = {"headers": {"idempotency-key": "stars-1"}}
    async with playing_api(tmp_path, waiting(), credits=2) as api:
        first = await api.post_json("/v1/jobs", TWO, **once)
        again = await api.post_json("/v1/jobs", TWO, **once)
        other = await api.post_json("/v1/jobs", TWO | {"count": 2}, **once)

        assert [job["id"] for job in first.json["data"]] == [job["id"] for job in again.json["data"]]
        assert other.status == 409
        assert await api.credits() == (0, 2)


async def test_too_many_alternatives_name_the_prompt_and_cost_nothing(tmp_path):
    async with playing_api(tmp_path, waiting()) as api:
        said = await api.post_json("/v1/jobs", TWO | {"prompt": "{a|b}{a|b}{a|b}{a|b}{a|b}"})

        assert (said.status, said.json["param"]) == (422, "prompt")
        assert "16 orders" in said.json["detail"]
        assert await api.credits() == (1000, 0)


@pytest.mark.parametrize("credits", [0, 1, 3])
async def test_without_credits_for_all_none_is_accepted_and_the_whole_price_is_told(tmp_path, credits):
    async with playing_api(tmp_path, waiting(), credits=credits) as api:
        said = await api.post_json("/v1/jobs", TWO | {"count": 2})
        jobs = (await api.get("/v1/jobs")).json["data"]

        assert said.status == 402
        assert "4 credits" in said.json["detail"]
        assert (jobs, await api.credits()) == ([], (credits, 0))


async def test_no_room_for_all_is_no_room_for_any(tmp_path):
    limits = Limits(per_account=2, whole_queue=100, daily_allowance=0)
    async with playing_api(tmp_path, waiting(), limits=limits) as api:
        more = await api.post_json("/v1/jobs", TWO | {"prompt": "a {red|blue|teal} star"})
        await api.order("a moon")
        full = await api.post_json("/v1/jobs", TWO)
        jobs = (await api.get("/v1/jobs")).json["data"]

        assert (more.status, more.json["param"]) == (422, "prompt")
        assert (full.status, "retry-after" in full.headers) == (429, True)
        assert len(jobs) == 1


@pytest.mark.parametrize(
    ("wish", "field"),
    [({"wildcards": "yes"}, "wildcards"), ({"prompt": "{ | }"}, "prompt"), ({"guidance": 3}, "guidance")],
)
async def test_what_one_of_them_could_not_be_is_refused_for_all(tmp_path, wish, field):
    async with playing_api(tmp_path, waiting()) as api:
        said = await api.post_json("/v1/jobs", TWO | wish)

        assert (said.status, said.json["param"]) == (422, field)
        assert await api.credits() == (1000, 0)


async def test_other_dialects_paint_braces_as_words(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        for path, body in (
            ("/v1/images/generations", {"prompt": "a {red|blue} star", "wildcards": True}),
            ("/api/generate", {"prompt": "a {red|blue} star", "aspect_ratio": "1:1"}),
            ("/apps/run", {"app": "infsh/z-image-turbo", "input": {"prompt": "a {red|blue} star"}}),
        ):
            assert (await api.post_json(path, body)).status in {200, 201}
        jobs = (await api.get("/v1/jobs")).json["data"]

    assert {job["recipe"]["prompt"] for job in jobs} == {"a {red|blue} star"}
