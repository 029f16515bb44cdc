"""Whatever is typed or pressed ends in a sentence or a picture, and nothing is charged for nothing."""

import asyncio

import pytest
from product import Product, page

ALWAYS_REFUSED = {
    "nothing": "",
    "spaces": " \n\t ",
    "40 000 characters": "a" * 40_000,
    "only control characters": "\x00\x07\x1b",
    "only what nobody sees": "\u200b\u2060\ufeff",
    "only options": "--seed 7",
    "a word for a number": "a cat --seed seven",
    "infinite steps": "a cat --steps inf",
    "no steps": "a cat --steps 0",
    "too many steps": "a cat --steps 51",
    "a shift that is no number": "a cat --shift nan",
    "a negative seed": "a cat --seed -1",
    "a seed above the range": f"a cat --seed {2**63}",
    "a seed far above the range": "a cat --seed " + "9" * 39,
    "a flag twice": "a cat --seed 1 --seed 2",
    "a small size": "a cat --size 7x7",
    "a million pixels wide": "a cat --size 1000000x256",
    "ratio and size": "a cat --ar 1:1 --size 256x256",
    "a ratio of nothing": "a cat --ar 0:1",
    "too many pictures": "a cat --n 1000",
    "no pictures": "a cat --n 0",
    "an unknown flag": "a cat --colour red",
    "a flag without its value": "a cat --seed",
}
ALWAYS_PAINTED = {
    "control characters between words": "a red\x00 circle\x1b[31m --steps 1",
    "right to left": "دائرة حمراء على خلفية زرقاء --steps 1",
    "an override of direction": "\u202ea red circle\u202c --steps 1",
    "only emoji": "🔴🟦 --steps 1",
    "a script": "<script>alert(1)</script><img src=x onerror=alert(1)> --steps 1",
    "a format of a programmer": "{0} %s ${x} ' \" ; drop table jobs -- --steps 1",
    "a phone's dashes and quotes": "“a red circle” —steps 1",
    "the smallest and the largest seed": f"a red circle --steps 1 --seed {2**63 - 1}",
    "an odd size": "a red circle --steps 1 --size 301x299",
    "more words than the model reads": "red " * 3000 + "--steps 1",
}


@pytest.mark.parametrize("text", ALWAYS_REFUSED.values(), ids=ALWAYS_REFUSED)
async def test_what_cannot_be_painted_gets_a_sentence_and_costs_nothing(running: Product, text):
    async with page(running) as chat:
        before = await chat.ask("wallet")
        answer = await chat.imagine(text)
        after = await chat.ask("wallet")

    assert answer["type"] == "refused"
    assert 10 < len(answer["sentence"]) < 500
    assert (after["available"], after["held"]) == (before["available"], before["held"])


@pytest.mark.parametrize("text", ALWAYS_PAINTED.values(), ids=ALWAYS_PAINTED)
async def test_odd_but_honest_prompts_are_painted_and_paid_once(running: Product, text):
    async with page(running) as chat:
        before = (await chat.ask("wallet"))["available"]
        done = await chat.ended((await chat.imagine(text))["item"]["job"])
        after = (await chat.ask("wallet"))["available"]

    assert done["state"] == "done"
    assert running.get(done["pictures"][0]["src"]).startswith(b"\x89PNG")
    assert after == before - done["price"]


async def test_every_button_of_a_job_that_is_not_there_gets_a_sentence(running: Product):
    async with page(running) as chat:
        answers = [
            await chat.ask("cancel", job="nothing"),
            await chat.ask("delete", job="nothing"),
            await chat.ask("info", job="nothing"),
            await chat.ask("reroll", job="nothing", key="0123456789abcdef-1"),
            await chat.ask("vary", job="nothing", index=0, strong=False, key="0123456789abcdef-2"),
        ]

    assert {(answer["type"], answer["key"]) for answer in answers} == {("refused", "no_such_job")}


async def test_cancelling_in_every_state_twice_takes_nothing(made):
    product = made()
    product.start()
    async with page(product) as chat:
        drawn, waiting = [(await chat.imagine("a star --steps 50 --n 4"))["item"]["job"] for _ in range(2)]
        queued = [await chat.ask("cancel", job=waiting) for _ in range(2)]  # the model is still loading
        await chat.shown(drawn, lambda item: item["state"] == "running")
        running = [await chat.ask("cancel", job=drawn) for _ in range(2)]
        await chat.ended(drawn)
        ended = [await chat.ask("cancel", job=drawn) for _ in range(2)]
        wallet = await chat.ask("wallet")

    assert [queued[0]["item"]["state"], queued[1]["key"]] == ["cancelled", "already_ended"]
    assert running[0]["type"] == "stopping"
    assert [answer["key"] for answer in ended] == ["already_ended"] * 2
    assert (wallet["available"], wallet["held"]) == (1_000_000, 0)


async def test_who_cannot_pay_is_told_the_price(made):
    product = made(DAILY_ALLOWANCE=10)
    product.start()
    async with page(product) as chat:
        answer = await chat.imagine("a red circle --size 2048x2048")
        wallet = await chat.ask("wallet")

    assert (answer["type"], answer["key"]) == ("refused", "not_enough_credits")
    assert "60" in answer["sentence"]
    assert (wallet["available"], wallet["held"]) == (10, 0)


async def test_a_full_queue_says_when_to_come_back(made):
    product = made(MAX_WAITING=2)
    product.start()
    async with page(product) as chat:
        answers = [await chat.imagine(f"a red circle --seed {number}") for number in range(4)]
        done = [await chat.ended(answer["item"]["job"]) for answer in answers[:2]]
        wallet = await chat.ask("wallet")

    assert [answer["type"] for answer in answers] == ["item", "item", "refused", "refused"]
    assert answers[2]["key"] == "too_many_waiting"
    assert wallet["available"] == 1_000_000 - sum(item["price"] for item in done)


async def test_who_types_too_fast_is_told_when_to_come_back(made):
    product = made(RATE_PER_MINUTE=1, RATE_BURST=2)
    product.start()
    async with page(product) as chat:
        answers = [await chat.imagine("a red circle --steps 1") for _ in range(3)]

    assert [answer.get("key") for answer in answers] == [None, None, "too_fast"]
    assert any(digit in answers[2]["sentence"] for digit in "123456")


async def test_a_page_that_is_reloaded_in_mid_progress_sees_the_end(running: Product):
    async with page(running) as chat:
        job = (await chat.imagine("a red circle --steps 40"))["item"]["job"]
        await chat.shown(job, lambda item: item["state"] == "running")
    async with page(running) as chat:
        done = await chat.ended(job)

    assert done["state"] == "done"


async def test_the_same_key_twice_is_one_job(running: Product):
    async with page(running) as chat:
        answers = await asyncio.gather(
            *(chat.imagine("a red circle --steps 1", key="pressed-twice-0001") for _ in range(5))
        )
        done = await chat.ended(answers[0]["item"]["job"])
        info = await chat.ask("info", job=done["job"])

    assert len({answer["item"]["job"] for answer in answers}) == 1
    assert [entry["kind"] for entry in info["receipt"]] == ["hold", "capture"]
