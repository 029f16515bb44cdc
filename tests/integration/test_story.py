"""From /imagine to the picture and its buttons, with every real process."""

import asyncio
import re
from pathlib import Path

from product import Product, page


async def test_a_picture_comes_from_its_place_in_line_over_steps_to_the_file(running: Product):
    async with page(running) as chat:
        answer = await chat.imagine("a red circle on a blue background --ar 16:9 --seed 7")
        done = await chat.ended(answer["item"]["job"])

    shown = [item["state"] for item in chat.seen[done["job"]]]
    assert shown[0] == "queued"
    assert shown[-1] == "done"
    assert "running" in shown
    assert (done["width"], done["height"]) == (336, 192)
    assert running.get(done["pictures"][0]["src"]).startswith(b"\x89PNG")


async def test_previews_come_before_the_picture(running: Product):
    async with page(running) as chat:
        answer = await chat.imagine("a green square --steps 20")
        done = await chat.ended(answer["item"]["job"])

    previews = [image for item in chat.seen[done["job"]] for _, image in item.get("previews", [])]
    assert previews
    assert previews[0].startswith("data:image/jpeg;base64,")


async def test_the_same_seed_gives_the_same_file(running: Product):
    async with page(running) as chat:
        answers = [await chat.imagine("a yellow star --seed 11") for _ in range(2)]
        first, second = [await chat.ended(answer["item"]["job"]) for answer in answers]

    assert running.get(first["pictures"][0]["src"]) == running.get(second["pictures"][0]["src"])


async def test_four_pictures_come_as_one_message(running: Product):
    async with page(running) as chat:
        answer = await chat.imagine("a purple heart --n 4 --steps 2 --format webp")
        done = await chat.ended(answer["item"]["job"])

    assert [picture["index"] for picture in done["pictures"]] == [0, 1, 2, 3]
    assert len({picture["src"] for picture in done["pictures"]}) == 4


async def test_reroll_and_vary_make_new_pictures_of_the_same_wish(running: Product):
    async with page(running) as chat:
        origin = await chat.ended((await chat.imagine("a blue square --steps 2"))["item"]["job"])
        rerolled = await chat.ask("reroll", job=origin["job"], key="reroll-0123456789")
        varied = await chat.ask("vary", job=origin["job"], index=0, strong=True, key="vary-0123456789ab")
        ends = [await chat.ended(answer["item"]["job"]) for answer in (rerolled, varied)]

    assert [end["parent"] for end in ends] == [origin["job"]] * 2
    assert {end["prompt"] for end in ends} == {origin["prompt"]}
    assert ends[0]["seed"] != origin["seed"]
    assert ends[1]["variation"] == "strong"


async def test_a_picture_costs_its_price_once(running: Product):
    async with page(running) as chat:
        before = chat.balance
        done = await chat.ended((await chat.imagine("a red circle --steps 2"))["item"]["job"])
        info = await chat.ask("info", job=done["job"])
        wallet = await chat.ask("wallet")

    assert [entry["kind"] for entry in info["receipt"]] == ["hold", "capture"]
    assert wallet["available"] == before - done["price"]


async def test_a_deleted_picture_is_gone_with_its_file(running: Product):
    async with page(running) as chat:
        done = await chat.ended((await chat.imagine("a white circle --steps 1"))["item"]["job"])
        kept = files(running.data)
        assert (await chat.ask("delete", job=done["job"]))["type"] == "deleted"
        again = await chat.ask("info", job=done["job"])

    assert again["type"] == "refused"
    assert len(files(running.data)) == len(kept) - 1


async def test_a_running_picture_stops_between_two_steps_and_costs_nothing(running: Product):
    async with page(running) as chat:
        before = (await chat.ask("wallet"))["available"]
        job = (await chat.imagine("a black star --steps 50 --n 4"))["item"]["job"]
        await chat.shown(job, lambda item: item["state"] == "running")
        answers = await asyncio.gather(*(chat.ask("cancel", job=job) for _ in range(2)))
        end = await chat.ended(job)
        wallet = await chat.ask("wallet")

    assert end["state"] == "cancelled"
    assert {answer["type"] for answer in answers} <= {"stopping", "refused"}
    assert wallet["available"] == before
    assert wallet["held"] == 0


async def test_two_pages_see_the_same_and_a_reload_shows_everything(running: Product):
    async with page(running) as one, page(running, "ru") as other:
        job = (await one.imagine("a brown square --steps 3"))["item"]["job"]
        here, there = await asyncio.gather(one.ended(job), other.ended(job))
    async with page(running) as reloaded:
        again = reloaded.items[job]

    assert here["pictures"] == there["pictures"] == again["pictures"]
    assert re.search("[а-я]", there["sentence"])


def files(data: Path) -> list[Path]:
    return [file for file in (data / "pictures").rglob("*") if file.is_file()]
