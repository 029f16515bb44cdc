"""The official clients of inference.sh, unchanged, against this API; and its wire format."""

import asyncio
import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from apistage import ApiStage, playing_api
from inferencesh import async_inference, inference
from inferencesh.client import UploadFileOptions
from stage import ScriptedGenerator, fails, until, waits_for

from generator.messages import Loading

RUN = {"app": "infsh/z-image-turbo", "input": {"prompt": "a red circle", "width": 300, "seed": 7}}


async def sync(api: ApiStage, work: Any) -> Any:
    """Let the synchronous client work in a thread."""
    client = inference(api_key=api.token, base_url=api.url)
    return await asyncio.to_thread(work, client)


def held(event: asyncio.Event) -> ScriptedGenerator:
    return ScriptedGenerator(waits_for(event))


def not_yet() -> ScriptedGenerator:
    generator = ScriptedGenerator()
    generator.health = Loading(0.5)
    return generator


# ── the synchronous client ────────────────────────────────────────────────────────────────────────


async def test_run_returns_the_finished_task(api):
    task = await sync(api, lambda client: client.run(RUN))

    assert task["status"] == 10
    assert task["input"] == RUN["input"]
    assert task["output"]["seed"] == 7
    assert (task["output"]["width"], task["output"]["height"]) == (304, 1024)
    assert task["output"]["images"] == [task["output"]["image"]]
    assert (await api.get(task["output"]["image"], key="")).headers["content-type"] == "image/png"
    assert task["output"]["image"].endswith(".png")


async def test_run_without_waiting_returns_a_task_that_goes_on(tmp_path):
    async with playing_api(tmp_path, not_yet()) as api:
        task = await sync(api, lambda client: client.run(RUN, wait=False))
        got = await sync(api, lambda client: client.get_task(task["id"]))

        assert task["status"] in {1, 2}
        assert got.data["status"] == 2


async def test_a_stream_shows_lines_that_move_and_ends_with_the_result(tmp_path):
    gate = asyncio.Event()
    async with playing_api(tmp_path, held(gate)) as api:

        def listen(client: Any) -> list[Any]:
            updates = []
            for update in client.run(RUN, stream=True):
                updates.append(update)
                loop.call_soon_threadsafe(gate.set)
            return updates

        loop = asyncio.get_running_loop()
        updates = await sync(api, listen)

        statuses = [update["status"] for update in updates]
        assert statuses == sorted(statuses)
        assert statuses[-1] == 10
        assert updates[-1]["output"]["image"]
        assert any("step" in line for update in updates for line in update["logs"])


async def test_a_failed_task_raises_with_its_reason(tmp_path):
    async with playing_api(tmp_path, ScriptedGenerator(fails)) as api:
        with pytest.raises(RuntimeError, match="memory"):
            await sync(api, lambda client: client.run(RUN))

        assert await api.credits() == (1000, 0)


async def test_cancelling_ends_a_running_task(tmp_path):
    async with playing_api(tmp_path, held(asyncio.Event())) as api:
        task = await sync(api, lambda client: client.run(RUN, wait=False))
        waiting = asyncio.create_task(sync(api, lambda client: client.wait_for_completion(task["id"])))
        await until(lambda: bool(api.generator.requests))

        await sync(api, lambda client: client.cancel(task["id"]))

        with pytest.raises(RuntimeError, match="cancelled"):
            await waiting
        assert await api.credits() == (1000, 0)


async def test_files_of_a_task_are_listed_and_deleted_for_good(api):
    task = await sync(api, lambda client: client.run(RUN))

    listed = await sync(api, lambda client: client.tasks.files(task["id"], role="output"))
    gone = await sync(api, lambda client: client.tasks.delete_files(task["id"]))

    assert [row["uri"] for row in listed.data] == [task["output"]["image"]]
    assert gone.data["deleted"] == [listed.data[0]["id"]]
    assert (await api.get(task["output"]["image"], key="")).status == 404
    kept = (await api.get(f"/tasks/{task['id']}")).json["data"]
    assert (kept["status"], kept["output"]) == (10, None)
    await sync(api, lambda client: client.tasks.delete(task["id"], files=True))
    assert (await api.get(f"/tasks/{task['id']}")).status == 404


async def test_the_errors_of_the_client_have_status_code_and_sentence(api):
    def code(run: dict[str, Any], key: str = api.token) -> tuple[int, str, str]:
        client = inference(api_key=key, base_url=api.url)
        with suppress(Exception):
            client.run(run)
        try:
            client.run(run)
        except Exception as error:  # noqa: BLE001 - looked at
            return error.status_code, error.code, str(error)  # type: ignore[attr-defined]
        raise AssertionError

    poor = await api.make_key("Eve", credits=0)
    answers = [
        await asyncio.to_thread(code, RUN, "wrong"),
        await asyncio.to_thread(code, {"app": "infsh/flux", "input": {"prompt": "a"}}),
        await asyncio.to_thread(code, {"app": "infsh/z-image-turbo", "input": {}}),
        await asyncio.to_thread(code, {"app": "infsh/z-image-turbo", "input": {"prompt": "a", "steps": 99}}),
        await asyncio.to_thread(code, RUN, poor),
    ]

    assert [(status, name) for status, name, _ in answers] == [
        (401, "unauthorized"),
        (404, "not_found"),
        (422, "validation_error"),
        (422, "validation_error"),
        (402, "payment_required"),
    ]
    assert "prompt" in answers[2][2]
    assert "steps" in answers[3][2]


# ── files ─────────────────────────────────────────────────────────────────────────────────────────

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


async def test_a_file_is_sent_and_fetched(api):
    options = UploadFileOptions(filename="../../a photo.png", content_type="image/png")

    file = await sync(api, lambda client: client.files.upload(PNG, options))

    got = await api.get(file["uri"], key="")
    assert got.body == PNG
    assert got.headers["content-type"] == "image/png"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert file["uri"].endswith("/a%20photo.png")
    assert (await api.ask("DELETE", f"/files/{file['id']}")).status == 204
    assert (await api.get(file["uri"], key="")).status == 404


async def test_a_prompt_that_looks_like_base64_is_painted_as_it_was_typed(api):
    word = "Weltraumbahnhofs"

    task = await sync(api, lambda client: client.run({**RUN, "input": {"prompt": word}}))

    assert task["input"]["prompt"].startswith("http")
    (job,) = (await api.get("/v1/jobs")).json["data"]
    assert job["recipe"]["prompt"] == word


async def test_a_prompt_that_names_a_local_file_is_painted_as_it_was_typed(api, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sunset").write_text("what a file holds")

    await sync(api, lambda client: client.run({**RUN, "input": {"prompt": "sunset"}}))

    (job,) = (await api.get("/v1/jobs")).json["data"]
    assert job["recipe"]["prompt"] == "sunset"


async def announce(api: ApiStage, **file: Any) -> Any:
    return await api.post_json("/files", {"files": [{"uri": "", "content_type": "image/png"} | file]})


async def test_what_is_no_bitmap_is_handed_out_as_an_attachment(api):
    (file,) = (await announce(api, filename="x.svg", content_type="image/svg+xml")).json["data"]
    await api.ask("PUT", file["upload_url"], key="", data=b"<svg onload='alert(1)'/>")

    got = await api.get(file["uri"], key="")

    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in got.headers["content-security-policy"]


async def test_more_bytes_than_announced_are_refused(api):
    (file,) = (await announce(api, size=3)).json["data"]

    said = await api.ask("PUT", file["upload_url"], key="", data=b"four")

    assert said.status == 413
    assert (await api.get(file["uri"], key="")).status == 404


async def test_a_ticket_is_used_once_and_guessed_by_nobody(api):
    (file,) = (await announce(api)).json["data"]

    said = [
        await api.ask("PUT", file["upload_url"], key="", data=PNG),
        await api.ask("PUT", file["upload_url"], key="", data=b"other"),
        await api.ask("PUT", api.url + "/uploads/" + "a" * 32, key="", data=PNG),
    ]

    assert [answer.status for answer in said] == [204, 404, 404]
    assert (await api.get(file["uri"], key="")).body == PNG


async def test_files_are_limited_by_size_and_number(api):
    large = await announce(api, size=3 << 20)
    many = await api.post_json("/files", {"files": [{"content_type": "image/png"}] * 11})

    assert (large.status, many.status) == (413, 413)


async def test_somebody_elses_file_is_as_good_as_none(api):
    (file,) = (await announce(api)).json["data"]
    other = await api.make_key("Eve")

    said = [await api.ask(method, f"/files/{file['id']}", key=other) for method in ("GET", "DELETE")]

    assert [answer.status for answer in said] == [404, 404]


# ── the asynchronous client ───────────────────────────────────────────────────────────────────────


async def test_the_asynchronous_client_runs_and_streams(api):
    client = async_inference(api_key=api.token, base_url=api.url)

    task = await client.run(RUN)
    updates = [update async for update in await client.run(RUN, stream=True)]

    assert task["status"] == 10
    assert updates[-1]["status"] == 10
    assert updates[-1]["output"]["image"]


async def test_the_asynchronous_client_uploads_and_cancels(tmp_path):
    async with playing_api(tmp_path, not_yet()) as api:
        client = async_inference(api_key=api.token, base_url=api.url)
        file = await client.files.upload(PNG, UploadFileOptions(filename="a.png", content_type="image/png"))
        task = await client.run(RUN, wait=False)

        await client.cancel(task["id"])

        assert (await api.get(f"/tasks/{task['id']}")).json["data"]["status"] == 12
        assert (await api.get(file["uri"], key="")).body == PNG


# ── the wire ──────────────────────────────────────────────────────────────────────────────────────


async def lines(api: ApiStage, task: str) -> list[Any]:
    said = await api.get(f"/tasks/{task}/stream")
    assert said.headers["content-type"] == "application/x-ndjson"
    assert said.headers["transfer-encoding"] == "chunked"
    assert said.body.isascii()
    assert said.body.endswith(b"\n")
    return [json.loads(line) for line in said.body.splitlines()]


async def test_a_stream_begins_and_ends_with_whole_tasks(tmp_path):
    gate = asyncio.Event()
    async with playing_api(tmp_path, held(gate)) as api:
        task = (await api.post_json("/apps/run", RUN)).json["data"]
        listening = asyncio.create_task(lines(api, task["id"]))
        await asyncio.sleep(0.3)  # a hundred times faster here: heartbeats come
        gate.set()

        told = await listening

        assert told[0]["id"] == told[-1]["id"] == task["id"]
        assert told[-1]["status"] == 10
        assert told[-1]["progress"] == 100
        assert set(told[-1]) >= {"input", "output", "created_at", "error", "logs", "session_id"}
        assert {"type": "heartbeat"} in told
        partial = [line for line in told if "data" in line]
        assert all({"id", "status"} <= set(line["data"]) and line["fields"] for line in partial)
        progress = [line["data"]["progress"] for line in partial]
        assert progress == sorted(progress)
        assert max(progress) < 100


async def test_silence_is_never_longer_than_clients_bear(tmp_path):
    gate = asyncio.Event()
    async with playing_api(tmp_path, held(gate)) as api:
        task = (await api.post_json("/apps/run", RUN)).json["data"]
        listening = asyncio.create_task(lines(api, task["id"]))
        await asyncio.sleep(2.0)  # two hundred seconds here: longer than three minutes
        gate.set()

        told = await listening

        kinds = ["beat" if line == {"type": "heartbeat"} else "real" for line in told]
        assert kinds.count("beat") >= 5
        assert "beat beat" not in " ".join(kinds)
        assert told[-1]["status"] == 10


async def test_a_finished_task_streams_its_end_and_no_more(api):
    task = await sync(api, lambda client: client.run(RUN))

    assert [line["status"] for line in await lines(api, task["id"])] == [10]


async def test_a_line_is_never_longer_than_clients_read(api):
    prompt = "图" * 30_000
    task = (await api.post_json("/apps/run", {**RUN, "input": {"prompt": prompt}})).json["data"]

    said = await api.get(f"/tasks/{task['id']}/stream")

    assert max(map(len, said.body.splitlines())) < 64 << 10
    assert (await api.get(f"/tasks/{task['id']}")).json["data"]["input"]["prompt"] == prompt


async def test_the_input_comes_back_exactly_as_sent(api):
    given = {
        "prompt": "a\u2028b",
        "width": 301,
        "image": "http://10.0.0.1/x",
        "extra": [1, None],
        "seed": None,
    }

    task = (await api.post_json("/apps/run", {**RUN, "input": given, "webhook": None})).json["data"]

    assert task["input"] == given
    assert task["error"] == ""
    assert task["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"width": 8}, "width"),
        ({"height": 2049}, "height"),
        ({"steps": 0}, "steps"),
        ({"steps": 8.5}, "steps"),
        ({"shift": 11}, "shift"),
        ({"shift": "3"}, "shift"),
        ({"seed": -2}, "seed"),
        ({"loras": "x"}, "loras"),
        ({"loras": [{"adapter_name": "a"}]}, "lora"),
        (
            {"loras": [{"adapter_name": "a", "lora_url": "https://127.0.0.1/l", "lora_multiplier": 1}]},
            "loras",
        ),
    ],
)
async def test_an_input_that_is_not_possible_names_its_field(api, given, field):
    said = await api.post_json("/apps/run", {**RUN, "input": {"prompt": "a"} | given})

    assert said.status == 422
    assert field in said.json["detail"]
    assert said.headers["content-type"] == "application/problem+json"


async def test_a_lora_of_the_shelf_is_painted_with_by_its_name(api):
    loras = [{"adapter_name": "snow", "lora_multiplier": 0.5}, {"adapter_name": "outline"}]

    task = (await api.post_json("/run", {**RUN, "input": {"prompt": "a", "loras": loras}})).json["data"]

    [job] = [each for each in await api.store.jobs(10) if each.id == task["id"]]
    assert [(each.name, each.scale) for each in job.recipe.loras] == [("snow", 0.5), ("outline", 1.0)]
    assert task["input"]["loras"] == loras


@pytest.mark.parametrize(
    ("lora", "sentence"),
    [
        ({"adapter_name": "snwo"}, "Did you mean snow?"),
        ({"adapter_name": "Snow Flakes"}, "small letters"),
        ({"adapter_name": "snow", "lora_multiplier": 3}, "from -2.0 to 2.0"),
    ],
)
async def test_a_lora_that_cannot_be_says_what_can(api, lora, sentence):
    said = await api.post_json("/run", {**RUN, "input": {"prompt": "a", "loras": [lora]}})

    assert said.status == 422
    assert said.json["detail"].startswith(("loras: ", "input.loras: "))
    assert sentence in said.json["detail"]
    assert await api.credits() == (1000, 0)


@pytest.mark.parametrize(
    "app", ["infsh/z-image-turbo@abc", "me/z-image-turbo@1:run", "infsh/z-image-turbo:run"]
)
async def test_the_app_is_known_under_every_version(api, app):
    assert (await api.post_json("/run", {**RUN, "app": app})).status == 200


async def test_the_order_of_the_same_request_is_never_answered_with_an_end(api):
    headers = {"idempotency-key": "k"}
    first = (await api.post_json("/apps/run", RUN, headers=headers)).json["data"]
    await api.done(first["id"])

    again = (await api.post_json("/apps/run", RUN, headers=headers)).json["data"]

    assert again["id"] == first["id"]
    assert again["status"] < 10


async def test_what_has_not_ended_is_not_deleted_and_what_has_ended_is_not_cancelled(tmp_path):
    async with playing_api(tmp_path, not_yet()) as api:
        task = (await api.post_json("/apps/run", RUN)).json["data"]["id"]

        early = [await api.ask("DELETE", f"/tasks/{task}{rest}") for rest in ("", "/files")]
        await api.post_json(f"/tasks/{task}/cancel")
        late = await api.post_json(f"/tasks/{task}/cancel")

        assert [said.status for said in [*early, late]] == [409] * 3
        assert late.json["type"].endswith("/errors/invalid_transition")


async def test_a_cancel_without_a_body_is_understood(tmp_path):
    async with playing_api(tmp_path, not_yet()) as api:
        task = (await api.post_json("/apps/run", RUN)).json["data"]["id"]

        headers = {"content-type": "application/json"}
        said = await api.ask("POST", f"/tasks/{task}/cancel", headers=headers)

        assert said.status == 200


async def test_status_alone_is_small(api):
    task = await sync(api, lambda client: client.run(RUN))

    said = (await api.get(f"/tasks/{task['id']}/status")).json["data"]

    assert set(said) == {"id", "status", "updated_at"}
    assert said["status"] == 10


async def test_base64_of_bytes_without_a_name_comes_back_as_text(api):
    text = base64.b64encode(b"some bytes here!").decode()
    (file,) = (await announce(api, content_type="application/octet-stream")).json["data"]
    await api.ask("PUT", file["upload_url"], key="", data=base64.b64decode(text))

    await api.post_json("/apps/run", {**RUN, "input": {"prompt": file["uri"]}})

    (job,) = (await api.get("/v1/jobs")).json["data"]
    assert job["recipe"]["prompt"] == text


async def test_a_nameless_picture_has_an_address_that_says_its_type(api):
    (file,) = (await announce(api, filename=None)).json["data"]

    assert file["uri"].endswith(".png")
