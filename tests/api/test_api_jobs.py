"""Pinxit's own dialect: jobs are ordered, watched, cancelled and paid as everywhere."""

import asyncio
import itertools
import logging
from dataclasses import replace

import pytest
from apistage import events, playing_api
from stage import ScriptedGenerator, fails, until, waits_for

from bot.adapters.api import callers
from bot.adapters.api.core import Rules
from bot.adapters.api.wishes import Sizes, Values, wish_of
from bot.options import valid
from bot.rate_limit import Rate, RateLimit
from generator.messages import Loading, Unusable
from generator.models import Z_IMAGE
from storage.keys import Scope
from storage.records import Limits


def not_yet() -> ScriptedGenerator:
    generator = ScriptedGenerator()
    generator.health = Loading(0.5)
    return generator


async def test_an_order_becomes_pictures_that_need_no_key_and_is_paid_once(api, monkeypatch):
    monkeypatch.setattr("bot.adapters.api.asking.LONGEST_WAIT_SECONDS", 6000.0)  # time flies here
    said = await api.post_json("/v1/jobs", {"prompt": "a star", "count": 2}, headers={"prefer": "wait=6000"})

    assert said.status == 201
    job = said.json
    assert job["state"] == "succeeded"
    assert job["progress"] == 100
    assert said.headers["location"] == f"{api.url}/v1/jobs/{job['id']}"
    files = [await api.get(picture["url"], key="") for picture in job["pictures"]]
    assert [file.status for file in files] == [200, 200]
    assert files[0].headers["content-type"] == "image/png"
    assert files[0].body != files[1].body
    assert await api.credits() == (998, 0)


async def test_without_prefer_the_answer_comes_at_once(tmp_path):
    async with playing_api(tmp_path, not_yet()) as api:
        said = await api.post_json("/v1/jobs", {"prompt": "a star"})

        assert said.status == 202
        assert said.json["state"] == "queued"
        assert said.json["place"] == 1
        assert await api.credits() == (999, 1)


async def test_a_wait_ends_when_it_is_over(tmp_path):
    async with playing_api(tmp_path, not_yet()) as api:
        said = await api.post_json("/v1/jobs", {"prompt": "a star"}, headers={"prefer": "wait=1"})

        assert said.status == 202
        assert said.headers["preference-applied"] == "wait=1"


async def test_every_value_reaches_the_recipe(api):
    wish = {"width": 301, "height": 512, "steps": 4, "shift": 5, "seed": 0, "negative_prompt": ""}

    recipe = (await api.order("a star", **wish))["recipe"]

    assert (recipe["width"], recipe["height"]) == (304, 512)
    assert (recipe["steps"], recipe["shift"], recipe["seed"]) == (4, 5.0, 0)


async def test_a_negative_prompt_is_refused_where_the_model_has_no_guidance(api):
    said = await api.post_json("/v1/jobs", {"prompt": "a star", "negative_prompt": "text"})

    assert said.status == 422
    assert "negative_prompt: " in str(said.json)
    assert "Z-Image" in str(said.json)


async def test_a_negative_prompt_that_another_dialect_sends_by_habit_is_ignored(api):
    order = {"prompt": "a star", "negative_prompt": "text"}

    assert (await api.post_json("/v1/images/generations", order)).status == 200


async def test_a_ratio_is_the_models_own_size_for_it(api):
    recipe = (await api.order("a star", aspect_ratio="16:9"))["recipe"]

    assert (recipe["width"], recipe["height"]) == (336, 192)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": "a", "steps": True}, "steps"),
        ({"prompt": "a", "steps": 51}, "steps"),
        ({"prompt": "a", "width": 63}, "width"),
        ({"prompt": "a", "height": "64"}, "height"),
        ({"prompt": "a", "shift": 0.9}, "shift"),
        ({"prompt": "a", "seed": -2}, "seed"),
        ({"prompt": "a", "count": 0}, "count"),
        ({"prompt": "a", "format": "gif"}, "format"),
        ({"prompt": "a", "aspect_ratio": "5:1"}, "aspect_ratio"),
        ({"prompt": "a", "aspect_ratio": "1:1", "width": 64}, "aspect_ratio"),
        ({"prompt": "a" * 32_001}, "prompt"),
    ],
)
async def test_what_cannot_be_painted_names_its_field_and_costs_nothing(api, wish, field):
    said = await api.post_json("/v1/jobs", wish)

    assert said.status == 422
    assert said.headers["content-type"] == "application/problem+json"
    assert field in said.json["detail"]
    assert said.json["type"].endswith("/errors/validation_error")
    assert await api.credits() == (1000, 0)


async def test_a_dry_run_tells_the_price_and_does_nothing(api):
    said = await api.post_json("/v1/jobs", {"prompt": "a", "width": 1024, "height": 1024, "dry_run": True})

    assert said.status == 200
    assert (said.json["price"], said.json["available"], said.json["enough"]) == (15, 1000, True)
    assert (await api.get("/v1/jobs")).json == {"data": [], "more": False}


async def test_jobs_are_listed_newest_first(api):
    ids = [(await api.order(prompt))["id"] for prompt in ("one", "two", "three")]

    first = (await api.get("/v1/jobs?limit=2")).json

    assert [job["id"] for job in first["data"]] == ids[:0:-1]
    assert first["more"]


async def test_a_waiting_job_is_cancelled_at_once_and_costs_nothing(tmp_path):
    async with playing_api(tmp_path, not_yet()) as api:
        job = await api.order()

        said = await api.post_json(f"/v1/jobs/{job['id']}/cancel")

        assert (said.status, said.json["state"]) == (200, "cancelled")
        assert await api.credits() == (1000, 0)
        assert (await api.post_json(f"/v1/jobs/{job['id']}/cancel")).status == 409


async def test_a_running_job_is_cancelled_soon_and_costs_nothing(tmp_path):
    generator = ScriptedGenerator(waits_for(asyncio.Event()))
    async with playing_api(tmp_path, generator) as api:
        job = await api.order()
        await until(lambda: bool(generator.requests))

        await api.post_json(f"/v1/jobs/{job['id']}/cancel")

        assert (await api.done(job["id"]))["state"] == "cancelled"
        assert await api.credits() == (1000, 0)


async def test_a_failed_job_says_why_and_costs_nothing(tmp_path):
    async with playing_api(tmp_path, ScriptedGenerator(fails)) as api:
        job = await api.done((await api.order())["id"])

        assert job["state"] == "failed"
        assert job["error"]
        assert await api.credits() == (1000, 0)


async def test_a_job_is_cancelled_when_its_time_is_over(tmp_path):
    async with playing_api(tmp_path, not_yet()) as api:
        said = await api.post_json("/v1/jobs", {"prompt": "a"}, headers={"cancel-after": "1"})

        assert (await api.done(said.json["id"]))["state"] == "cancelled"
        assert await api.credits() == (1000, 0)


@pytest.mark.parametrize("text", ["", "0", "-1", "soon", "1e9", "nan", "999999999"])
async def test_a_deadline_that_is_none_is_refused(api, text):
    said = await api.post_json("/v1/jobs", {"prompt": "a"}, headers={"cancel-after": text})

    assert said.status == 400


async def test_a_deleted_job_is_gone_with_its_pictures(api):
    job = await api.done((await api.order())["id"])

    said = await api.ask("DELETE", f"/v1/jobs/{job['id']}")

    assert said.status == 204
    assert (await api.get(job["pictures"][0]["url"], key="")).status == 404
    assert (await api.get(f"/v1/jobs/{job['id']}")).status == 404


async def test_somebody_elses_job_is_as_good_as_none(api):
    job = await api.done((await api.order())["id"])
    other = await api.make_key("Eve")

    answers = [
        await api.get(f"/v1/jobs/{job['id']}", key=other),
        await api.get(f"/v1/jobs/{job['id']}/events", key=other),
        await api.post_json(f"/v1/jobs/{job['id']}/cancel", key=other),
        await api.ask("DELETE", f"/v1/jobs/{job['id']}", key=other),
    ]

    assert [said.status for said in answers] == [404] * 4


# ── events ────────────────────────────────────────────────────────────────────────────────────────


async def test_the_events_of_a_job_tell_its_whole_way_and_end(tmp_path):
    gate = asyncio.Event()
    async with playing_api(tmp_path, ScriptedGenerator(waits_for(gate))) as api:
        job = await api.order()
        following = asyncio.create_task(api.get(f"/v1/jobs/{job['id']}/events"))
        await asyncio.sleep(0.1)
        gate.set()

        told = list(events((await following).body.decode()))

        assert told[-1].kind == "succeeded"
        assert told[-1].data["pictures"]
        progress = [event.data["progress"] for event in told]
        assert progress == sorted(progress)
        assert len({event.id for event in told}) == len(told)


async def test_whoever_comes_back_gets_what_was_missed_and_nothing_twice(api):
    job = await api.done((await api.order())["id"])
    told = list(events((await api.get(f"/v1/jobs/{job['id']}/events")).body.decode()))
    run, _, number = told[-1].id.rpartition("-")

    for missed in range(int(number)):
        path = f"/v1/jobs/{job['id']}/events"
        again = list(
            events((await api.get(path, headers={"last-event-id": f"{run}-{missed}"})).body.decode())
        )
        numbers = [int(event.id.rpartition("-")[2]) for event in again]
        assert numbers[0] > missed
        assert all(earlier < later for earlier, later in itertools.pairwise(numbers))
        assert again[-1].kind == "succeeded"

    headers = {"last-event-id": told[-1].id}
    assert list(events((await api.get(f"/v1/jobs/{job['id']}/events", headers=headers)).body.decode())) == []


async def test_an_event_id_of_another_run_starts_with_the_present_state(api):
    job = await api.done((await api.order())["id"])

    said = await api.get(f"/v1/jobs/{job['id']}/events", headers={"last-event-id": "ffffffff-3"})

    assert [event.kind for event in events(said.body.decode())] == ["succeeded"]


async def test_a_job_ordered_in_a_chat_can_be_followed_too(api):
    account = await api.store.account(api.person().identity, "Ada")
    key = await api.make_key("Ada", credits=0)
    await api.store.grant(account.id, 50, "grant", "", 0.0)
    made = await api.store.keys.find(key.split("_")[1])
    assert made is not None
    await api.store.keys.add(replace(made, id="aaaaaaaaaaaa", account=account.id))
    job = await api.accepted("a star")

    text = f"pinxit_aaaaaaaaaaaa_{key.rpartition('_')[2]}"
    told = list(events((await api.get(f"/v1/jobs/{job.id}/events", key=text)).body.decode()))

    assert told[-1].kind == "succeeded"


# ── once and only once ────────────────────────────────────────────────────────────────────────────


async def test_the_same_request_under_one_idempotency_key_is_one_job(api):
    headers = {"idempotency-key": "order-1"}

    said = await asyncio.gather(
        *(api.post_json("/v1/jobs", {"prompt": "a star"}, headers=headers) for _ in range(20))
    )

    assert {answer.json["id"] for answer in said} == {said[0].json["id"]}
    await api.done(said[0].json["id"])
    assert await api.credits() == (999, 0)


async def test_another_request_under_a_used_idempotency_key_is_a_conflict(api):
    headers = {"idempotency-key": "order-1"}
    first = await api.post_json("/v1/jobs", {"prompt": "a star", "seed": 1}, headers=headers)

    same = await api.post_json("/v1/jobs", {"seed": 1, "prompt": "a star"}, headers=headers)
    other = await api.post_json("/v1/jobs", {"prompt": "a heart"}, headers=headers)
    somebody = await api.post_json(
        "/v1/jobs", {"prompt": "a heart"}, headers=headers, key=await api.make_key("Eve")
    )

    assert same.json["id"] == first.json["id"]
    assert (other.status, other.json["type"].rpartition("/")[2]) == (409, "idempotency_conflict")
    assert somebody.status in {201, 202}


async def test_fifty_orders_at_once_spend_exactly_what_there_is(tmp_path):
    async with playing_api(tmp_path, credits=30) as api:
        said = await asyncio.gather(*(api.post_json("/v1/jobs", {"prompt": "a star"}) for _ in range(50)))

        accepted = [answer.json["id"] for answer in said if answer.status in {201, 202}]
        refused = [answer for answer in said if answer.status == 402]
        assert (len(accepted), len(refused)) == (30, 20)
        assert refused[0].json["type"].endswith("/errors/payment_required")
        for job in accepted:
            await api.done(job)
        assert await api.credits() == (0, 0)
        assert list(await api.store.ledger_faults()) == []


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


async def test_too_many_requests_with_a_key_say_when_to_come_back(tmp_path):
    rules = Rules(rate=Rate(per_minute=0.6, burst=3), version="test")
    async with playing_api(tmp_path, rules=rules) as api:
        said = [await api.get("/v1/jobs") for _ in range(4)]

        assert [answer.status for answer in said] == [200, 200, 200, 429]
        assert int(said[-1].headers["retry-after"]) >= 1


async def test_a_keys_own_rate_comes_before_everybodys(api):
    key = await api.make_key("Eve", requests_per_minute=0.6)

    said = [(await api.get("/v1/jobs", key=key)).status for _ in range(3)]

    assert said == [200, 429, 429]


async def test_too_many_orders_say_when_to_come_back(tmp_path):
    strict = RateLimit(Rate(per_minute=0.6, burst=1), Rate(per_minute=600, burst=100))
    async with playing_api(tmp_path, rate_limit=strict) as api:
        await api.order()

        said = await api.post_json("/v1/jobs", {"prompt": "a"})

        assert said.status == 429
        assert int(said.headers["retry-after"]) >= 1
        assert (await api.credits())[0] == 999


async def test_unfinished_jobs_are_counted_by_account_and_by_key(tmp_path):
    limits = Limits(per_account=3, whole_queue=100, daily_allowance=0)
    async with playing_api(tmp_path, not_yet(), limits=limits) as api:
        narrow = await api.make_key("Eve", max_waiting=1)

        mine = [(await api.post_json("/v1/jobs", {"prompt": "a"})).status for _ in range(4)]
        hers = [(await api.post_json("/v1/jobs", {"prompt": "a"}, key=narrow)).status for _ in range(2)]

        assert mine == [202, 202, 202, 429]
        assert hers == [202, 429]


async def test_a_painter_that_cannot_start_is_unavailable(tmp_path):
    generator = ScriptedGenerator()
    generator.health = Unusable("The model is broken.")
    async with playing_api(tmp_path, generator) as api:
        said = await api.post_json("/v1/jobs", {"prompt": "a"})

        assert said.status == 503
        assert "retry-after" in said.headers


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer pinxit_0_0",
        "bearer\t{key}",
    ],
)
async def test_without_a_right_key_nothing_is_said_but_that(api, header):
    headers = {"authorization": header.format(key=api.token)}

    said = [
        await api.get("/v1/jobs", headers=headers),
        await api.post_json("/v1/jobs", {"steps": "wrong"}, headers=headers),
        await api.get("/v1/nowhere", headers=headers),
    ]

    assert [answer.status for answer in said] == [401] * 3
    assert said[0].headers["www-authenticate"] == "Bearer"


async def test_the_scheme_is_read_in_any_case_and_no_key_from_the_address(api):
    assert (await api.get("/v1/jobs", headers={"authorization": f"bEaReR {api.token}"})).status == 200
    assert (await api.get(f"/v1/jobs?key={api.token}&access_token={api.token}", key="")).status == 401


async def test_a_revoked_key_opens_nothing_from_then_on(api):
    assert (await api.get("/v1/jobs")).status == 200

    await api.store.keys.revoke(api.token.split("_")[1], 1.0)

    assert (await api.get("/v1/jobs")).status == 401


async def test_a_keys_use_is_remembered(api):
    await api.get("/v1/jobs")

    assert (await api.store.keys.find(api.token.split("_")[1])).used_at is not None


async def test_a_key_does_only_what_it_was_made_for(api):
    key = await api.make_key("Eve", scopes={Scope.READ})

    said = await api.post_json("/v1/jobs", {"prompt": "a"}, key=key)

    assert (said.status, said.json["type"].rpartition("/")[2]) == (403, "forbidden")
    assert (await api.get("/v1/jobs", key=key)).status == 200


async def test_wrong_keys_are_limited_by_address(api):
    wrong = api.token[:-1] + ("0" if api.token[-1] != "0" else "1")

    said = [(await api.get("/v1/jobs", key=wrong)) for _ in range(60)]

    assert said[0].status == 401
    assert said[-1].status == 429
    assert "retry-after" in said[-1].headers


async def test_the_api_is_only_loaded_when_it_is_asked_for(api):
    assert (await api.get("/nothing/of/the/api")).status == 418


async def test_no_log_holds_a_key_or_a_prompt(api, caplog):
    with caplog.at_level(logging.DEBUG):
        await api.done((await api.order("a very secret star"))["id"])
        await api.get("/v1/jobs", key=api.token[:-1] + "x")
        await api.post_json("/v1/jobs", {"prompt": "a very secret star", "steps": "no"})
        await api.get("/v1/jobs/a-very-secret-star")

    assert api.token.rpartition("_")[2][:-1] not in caplog.text
    assert "secret star" not in caplog.text


async def test_a_keys_requests_under_way_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(callers, "MOST_OPEN", 3)
    async with playing_api(tmp_path, ScriptedGenerator(waits_for(asyncio.Event()))) as api:
        job = (await api.order())["id"]
        streams = [asyncio.create_task(api.get(f"/v1/jobs/{job}/events")) for _ in range(3)]
        await asyncio.sleep(0.1)

        assert (await api.get("/v1/jobs")).status == 429
        streams[0].cancel()
        async with asyncio.timeout(10):
            while (await api.get("/v1/jobs")).status == 429:  # noqa: ASYNC110 - the server notices by itself
                await asyncio.sleep(0.01)
        for stream in streams:
            stream.cancel()


async def test_a_job_erased_while_it_is_followed_ends_the_stream(tmp_path):
    async with playing_api(tmp_path, not_yet()) as api:
        job = (await api.order())["id"]
        following = asyncio.create_task(api.get(f"/v1/jobs/{job}/events"))
        await asyncio.sleep(0.1)
        account = (await api.store.job(job)).account

        await api.gallery.erase(account, 1.0)

        async with asyncio.timeout(20):
            assert (await following).status == 200


@pytest.mark.parametrize("guidance", [4, 400])
async def test_guidance_that_the_model_does_not_take_names_its_field_and_costs_nothing(tmp_path, guidance):
    async with playing_api(tmp_path, not_yet()) as api:
        plain = await api.order("a star", guidance=0)
        said = await api.post_json("/v1/jobs", {"prompt": "a star", "guidance": guidance})

        assert plain["recipe"]["guidance"] == 0
        assert (said.status, said.json["param"]) == (422, "guidance")
        assert await api.credits() == (1000 - plain["price"], plain["price"])


@pytest.mark.parametrize(("said", "guidance"), [(None, 4.0), (0, 0.0), (7, 7.0)])
def test_guidance_is_the_model_s_own_where_nothing_is_said(said, guidance):
    wish = wish_of(Z_IMAGE, Values(prompt="a star", guidance=said), Sizes())

    assert valid(wish, Z_IMAGE).recipe(Z_IMAGE, seed=0).guidance == guidance
