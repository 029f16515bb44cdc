"""Blending two pictures on the page: chosen from files or from what was painted, with a share."""

import json

import pytest
from playwright.async_api import expect

from bot.adapters.web.messages import BadMessage, read
from bot.commands import From, Imagine, PictureOf, PriceOrder
from tests.platforms.sent_pictures import picture

SHA = "ab" * 32


def png(name="fox.png", size=(320, 200)):
    return {"name": name, "mimeType": "image/png", "buffer": picture(size)}


async def send(page, text):
    await page.locator("#text").fill(text)
    await page.keyboard.press("Enter")


def ordered(service):
    return [command for command in service.heard if isinstance(command, Imagine)]


def priced(service):
    return [command.order for command in service.heard if isinstance(command, PriceOrder)]


async def choose_file(page, name):
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Choose a file").click()
    await (await chooser.value).set_files(png(name, (64, 64)))


async def test_a_sent_picture_is_blended_with_a_painted_one_at_the_chosen_share(url, service, visit):
    page = await visit(url)
    await service.finish(await service.accepted("a heart --n 4"))
    await page.set_input_files("#picture-file", png())

    await page.get_by_role("button", name="Blend with another picture").press("Enter")
    await page.locator(".tile").nth(2).press("Enter")
    await page.get_by_label("From the second").fill("0.3")
    await page.get_by_label("Painted anew").fill("0.8")
    await send(page, "a boat")
    await expect(page.locator(".bubble")).to_have_count(2)

    start = ordered(service)[-1].start
    assert start.picture in service.sent
    assert (start.other, start.share, start.strength) == (PictureOf("job001", 2), 0.3, 0.8)
    await expect(page.locator("#start")).to_be_hidden()


async def test_the_command_asks_for_both_pictures_and_keeps_the_words(url, service, visit):
    page = await visit(url, width=360)
    await send(page, "/blend a boat at night")

    await expect(page.get_by_role("heading", name="Blend two pictures: the first")).to_be_visible()
    await choose_file(page, "one.png")
    await expect(page.get_by_role("heading", name="Blend two pictures: the second")).to_be_visible()
    await choose_file(page, "two.png")
    await expect(page.locator("#text")).to_have_value("a boat at night")
    await page.keyboard.press("Enter")
    await expect(page.locator(".bubble")).to_have_count(1)

    start = ordered(service)[-1].start
    assert {start.picture, start.other} <= set(service.sent)
    assert start.share == 0.5


async def test_a_choice_that_is_closed_blends_nothing(url, visit):
    page = await visit(url)
    await send(page, "/blend")
    await page.keyboard.press("Escape")
    await expect(page.locator("#start")).to_be_hidden()

    await page.set_input_files("#picture-file", png())
    await page.get_by_role("button", name="Blend with another picture").click()
    await page.keyboard.press("Escape")

    await expect(page.get_by_label("Painted anew")).to_be_visible()
    await expect(page.get_by_label("From the second")).to_have_count(0)


async def test_the_second_picture_is_taken_away_again(url, service, visit):
    page = await visit(url)
    await service.finish(await service.accepted("a heart"))
    await page.get_by_role("button", name="Remix").click()
    await page.get_by_role("button", name="Blend with another picture").click()
    await page.locator(".tile").click()

    await page.get_by_role("button", name="Without the second picture").click()
    await send(page, "a boat")
    await expect(page.locator(".bubble")).to_have_count(2)

    assert ordered(service)[-1].start == From(picture=PictureOf("job001", 0), strength=0.6)


async def test_a_bad_second_picture_is_told_and_the_first_stays(url, visit):
    page = await visit(url)
    await page.set_input_files("#picture-file", png())
    await page.get_by_role("button", name="Blend with another picture").click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Choose a file").click()
    await (await chooser.value).set_files(png("dot.png", (1, 1)))

    await expect(page.locator(".toast")).to_contain_text("only 1×1 pixels")
    await expect(page.get_by_label("Painted anew")).to_be_visible()
    await expect(page.get_by_label("From the second")).to_have_count(0)


async def test_what_a_pair_can_be_told_is_suggested_with_a_pair_alone(url, service, visit):
    page = await visit(url)
    await service.finish(await service.accepted("a heart"))
    box, offered = page.locator("#text"), page.locator("#suggestions [role=option]")
    await box.press_sequentially("a --s")
    await expect(offered.first).to_be_visible()
    names = await offered.locator("b").all_inner_texts()
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name="Remix").click()
    await page.get_by_role("button", name="Blend with another picture").click()
    await page.locator(".tile").click()
    await box.fill("")
    await box.press_sequentially("a --s")
    await expect(offered.filter(has_text="--share")).to_have_count(1)

    assert not {"--share", "--strength"} & set(names)


async def test_the_price_of_what_is_typed_is_told_before_it_is_ordered(url, service, visit):
    page = await visit(url)
    price = page.get_by_label("Cost:")
    await page.set_input_files("#picture-file", png())
    await page.locator("#text").fill("a {red|blue} boat --n 4")

    await expect(price).to_have_text("8")
    await page.locator("#text").fill("a boat --nonsense 3")
    await expect(price).to_be_hidden()
    await page.locator("#text").fill("/imagine a boat --n 3")
    await expect(price).to_have_text("3")
    await page.locator("#text").fill("/help")
    await expect(price).to_be_hidden()

    assert ordered(service) == []
    assert priced(service)[0].start.picture in service.sent


async def test_a_price_that_is_too_high_stands_out(url, service, visit):
    page = await visit(url)
    service.available = 3
    await page.locator("#text").fill("a boat --n 4")

    await expect(page.get_by_label("Cost: 4")).to_have_class("price-hint is-bad")


def said(**values):
    return read(json.dumps({"reply": 1, "type": "price", **values}), "en").wish


def test_what_the_page_asks_the_price_of_is_read():
    wish = said(text="a fox", start={"picture": SHA, "other": SHA, "share": 0.2})

    assert isinstance(wish, PriceOrder)
    assert (wish.order.text, wish.order.start.share) == ("a fox", 0.2)


@pytest.mark.parametrize("values", [{}, {"text": 7}, {"text": "a", "start": {"picture": "x"}}])
def test_anything_else_has_no_price(values):
    with pytest.raises(BadMessage):
        said(**values)
