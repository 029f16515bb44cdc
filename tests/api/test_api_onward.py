"""Orders from an earlier job over HTTP: again, varied, zoomed out, wider or taller, larger."""

import asyncio
from typing import Any

import pytest
from apistage import ApiStage, painting, playing_api
from stage import waits_for

from storage.keys import Scope

ROUTES = ("reroll", "vary", "zoom", "enlarge")


async def drawn(api: ApiStage, **wish: Any) -> Any:
    """Return a finished job."""
    return await api.done((await api.order("a star", **wish))["id"])


async def onward(api: ApiStage, job: str, route: str, **how: Any) -> Any:
    said = await api.post_json(f"/v1/jobs/{job}/{route}", how.pop("values", {}), **how)
    assert said.status in {200, 201, 202}, said.body
    return said.json


async def test_a_picture_is_zoomed_out_at_its_size_with_everything_around_it_painted(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api, width=256, height=192)

        job = await api.done((await onward(api, first["id"], "zoom"))["id"])

    assert job["state"] == "succeeded"
    assert job["id"] != first["id"]
    assert (job["recipe"]["width"], job["recipe"]["height"]) == (256, 192)
    assert job["recipe"]["start"]["mask"]
    assert job["pictures"][0]["url"] != first["pictures"][0]["url"]


@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ({"right": 0.5}, (384, 256)),
        ({"left": 0.5, "right": 0.5}, (512, 256)),
        ({"up": 1}, (256, 512)),
        ({"left": 0.25, "up": 0.25, "right": 0.25, "down": 0.25}, (256, 256)),
    ],
)
async def test_a_picture_grows_where_it_is_told_to(tmp_path, sides, size):
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api)

        recipe = (await onward(api, first["id"], "extend", values=sides | {"prompt": "a sky"}))["recipe"]

    assert (recipe["width"], recipe["height"]) == size
    assert recipe["prompt"] == "a sky"


async def test_a_picture_is_made_twice_as_large_as_far_as_a_picture_can_be_large(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api)
        huge = await drawn(api, width=2048, height=64)

        recipe = (await onward(api, first["id"], "enlarge"))["recipe"]
        no = await api.post_json(f"/v1/jobs/{huge['id']}/enlarge")

    assert (recipe["width"], recipe["height"]) == (512, 512)
    assert (no.status, no.json["type"].rpartition("/")[2]) == (422, "validation_error")


async def test_a_job_is_ordered_again_with_another_seed_and_all_its_pictures(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api, count=2, seed=7)

        again = await onward(api, first["id"], "reroll")

    assert again["count"] == 2
    assert again["recipe"]["seed"] != 7


async def test_a_sibling_of_any_picture_is_near_it_or_farther_away(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api, count=2, seed=7)

        near = (await onward(api, first["id"], "vary", values={"index": 1}))["recipe"]
        far = (await onward(api, first["id"], "vary", values={"index": 1, "strong": True}))["recipe"]

    assert near["seed"] == far["seed"] == 8
    assert 0 < near["variation_strength"] < far["variation_strength"] < 1


async def test_an_order_from_an_earlier_job_costs_what_its_dry_run_says(tmp_path):
    wishes = [(route, {}) for route in ROUTES] + [("extend", {"right": 0.5})]
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api)
        for route, wish in wishes:
            before = await api.credits()

            quote = await onward(api, first["id"], route, values=wish | {"dry_run": True})
            assert await api.credits() == before
            job = await api.done((await onward(api, first["id"], route, values=wish))["id"])

            assert (quote["dry_run"], quote["available"], quote["enough"]) == (True, before[0], True)
            assert quote["price"] == job["price"] == before[0] - (await api.credits())[0]
            assert quote["recipe"]["width"] == job["recipe"]["width"]


@pytest.mark.parametrize("route", ROUTES)
async def test_without_a_body_everything_has_its_default_and_prefer_waits(tmp_path, monkeypatch, route):
    monkeypatch.setattr("bot.adapters.api.asking.LONGEST_WAIT_SECONDS", 6000.0)  # time flies here
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api)

        said = await api.ask("POST", f"/v1/jobs/{first['id']}/{route}", headers={"prefer": "wait=6000"})

        assert (said.status, said.json["state"]) == (201, "succeeded")
        assert said.headers["location"].endswith(said.json["id"])
        assert said.headers["preference-applied"] == "wait=6000"


async def test_the_same_idempotency_key_is_the_same_job_and_for_another_deed_a_conflict(tmp_path):
    key = {"idempotency-key": "once"}
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api)

        jobs = [(await onward(api, first["id"], "zoom", headers=key))["id"] for _ in range(2)]
        other = await api.post_json(f"/v1/jobs/{first['id']}/enlarge", headers=key)

    assert jobs[0] == jobs[1]
    assert (other.status, other.json["type"].rpartition("/")[2]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("route", "wish", "status"),
    [
        ("zoom", {"index": 1}, 409),
        ("zoom", {"index": 1, "dry_run": True}, 409),
        ("enlarge", {"index": -1}, 422),
        ("zoom", {"times": 6}, 422),
        ("extend", {}, 422),
        ("extend", {"left": 0.01}, 422),
        ("extend", {"up": 2.5}, 422),
        ("extend", {"up": True}, 422),
        ("vary", {"strong": "yes"}, 422),
        ("enlarge", {"webhook": "http://127.0.0.1/"}, 422),
    ],
)
async def test_what_cannot_be_done_with_a_picture_is_said_and_costs_nothing(tmp_path, route, wish, status):
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api)
        before = await api.credits()

        said = await api.post_json(f"/v1/jobs/{first['id']}/{route}", wish)

        assert (said.status, said.headers["content-type"]) == (status, "application/problem+json")
        assert await api.credits() == before


async def test_only_the_owner_with_a_key_for_drawing_orders_from_a_job(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api)
        stranger = await api.make_key("Eve")
        reader = await api.make_key(scopes={Scope.READ})
        for route in ROUTES:
            path = f"/v1/jobs/{first['id']}/{route}"

            assert (await api.post_json(path, key=stranger)).status == 404
            assert (await api.post_json(path, {"dry_run": True}, key=stranger)).status == 404
            assert (await api.post_json(path, key=reader)).status == 403
            assert (await api.post_json(path, {"dry_run": True}, key=reader)).status == 200


async def test_a_keys_cap_on_waiting_jobs_counts_orders_from_earlier_jobs_too(tmp_path):
    async with playing_api(tmp_path, painting()) as api:
        first = await drawn(api)
        api.generator.scripts.append(waits_for(asyncio.Event()))
        capped = await api.make_key(max_waiting=1)

        said = [await api.post_json(f"/v1/jobs/{first['id']}/{route}", key=capped) for route in ROUTES]

    assert [each.status for each in said] == [202, 429, 429, 429]
