"""Settings, styles, joining accounts and privacy on the page, in real Chromium."""

import json

import pytest
from playwright.async_api import expect

from bot.adapters.web.messages import BadMessage, read
from bot.commands import ChangeSettings, DeleteMine, ExportMine, MakeLink, UseLink
from generator.messages import PictureFormat


def said(**values):
    return read(json.dumps({"reply": 1, **values}), "en").wish


async def typed(page, text):
    await page.locator("#text").press_sequentially(text)
    await page.keyboard.press("Enter")


def test_what_the_page_says_about_the_person_is_read():
    changed = said(type="change_settings", field="format", value="webp")

    assert isinstance(changed, ChangeSettings)
    assert changed.format is PictureFormat.WEBP
    assert said(type="change_settings", field="private", value=True).private is True
    assert said(type="change_settings", field="aspect", value=None).aspect is None
    assert isinstance(said(type="link"), MakeLink)
    assert said(type="use_link", code="abc", confirmed=False) == UseLink(changed.by, "abc")
    assert isinstance(said(type="export"), ExportMine)
    assert said(type="erase", confirmed=True) == DeleteMine(changed.by, confirmed=True)


@pytest.mark.parametrize(
    "values",
    [
        {"type": "change_settings", "field": "count", "value": 99},
        {"type": "change_settings", "field": "count", "value": True},
        {"type": "change_settings", "field": "private", "value": 1},
        {"type": "change_settings", "field": "private", "value": None},
        {"type": "change_settings", "field": "by", "value": None},
        {"type": "change_settings", "field": "aspect", "value": ["1:1"]},
        {"type": "change_settings", "field": "aspect", "value": {}},
        {"type": "use_link", "code": "x" * 101, "confirmed": True},
        {"type": "use_link", "code": 7, "confirmed": True},
        {"type": "use_link", "code": "abc"},
        {"type": "erase", "confirmed": 1},
        {"type": "erase"},
    ],
    ids=str,
)
def test_what_cannot_be_wished_is_no_message(values):
    with pytest.raises(BadMessage):
        said(**values)


async def test_a_setting_is_kept_as_soon_as_it_is_chosen(url, service, visit):
    page = await visit(url)

    await typed(page, "/settings")
    await page.get_by_label("Aspect ratio").select_option("16:9")
    await page.get_by_label("Pictures per order").select_option("2")
    await expect(page.get_by_label("Pictures per order")).to_have_value("2")
    await page.keyboard.press("Escape")
    await typed(page, "/settings")

    await expect(page.get_by_label("Aspect ratio").locator("option:checked")).to_have_text("16:9")
    assert (service.preferences.aspect, service.preferences.count) == ("16:9", 2)


async def test_a_style_is_chosen_from_the_list(url, visit):
    page = await visit(url)

    await page.locator("#text").press_sequentially("a heron")
    await page.locator("#text").fill("/styles")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Watercolour").click()

    await expect(page.locator("#text")).to_have_value("--style watercolour")
    await expect(page.locator("dialog")).to_have_count(0)


async def test_a_lora_is_picked_from_the_list(url, visit):
    page = await visit(url)

    await typed(page, "/loras")
    await page.get_by_role("button", name="snow").click()

    await expect(page.locator("#text")).to_have_value("--lora snow")
    await expect(page.locator("dialog")).to_have_count(0)


async def test_a_style_of_one_s_own_is_saved_renamed_used_and_deleted(url, visit):
    page = await visit(url)
    await typed(page, "/styles")
    sheet = page.get_by_role("dialog")

    await sheet.get_by_label("Name").fill("ink")
    await sheet.get_by_label("Template").fill("{prompt}, in ink --ar 3:4")
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.locator(".own-style code")).to_contain_text("{prompt}, in ink --ar")
    await sheet.get_by_role("button", name="Edit: ink").click()
    await sheet.get_by_label("Name").fill("sumi")
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.locator(".own-style .chip")).to_have_text(["sumi"])
    await sheet.locator(".own-style .chip").click()
    await expect(page.locator("#text")).to_have_value("--style sumi")

    await page.locator("#text").fill("")
    await typed(page, "/styles")
    await page.get_by_role("button", name="Delete: sumi").click()
    await page.locator(".own-style .is-armed").click()
    await expect(page.locator(".own-style")).to_have_count(0)


async def test_styles_are_suggested_while_typing(url, visit):
    page = await visit(url)

    await page.locator("#text").press_sequentially("a heron --style p")

    await expect(page.get_by_role("option", name="photo")).to_be_visible()


async def test_a_code_is_given_and_one_from_elsewhere_is_taken(url, service, visit):
    page = await visit(url)

    await typed(page, "/link")
    await page.get_by_role("button", name="Make a code").click()
    await expect(page.locator("dialog code")).to_have_text("/link ABCD2345")
    await page.get_by_role("textbox", name="A code from there").fill("wrong")
    await page.get_by_role("button", name="Join", exact=True).click()
    await expect(page.locator(".toast")).to_contain_text("not valid")
    await page.get_by_role("textbox", name="A code from there").fill("WXYZ6789")
    await page.get_by_role("button", name="Join", exact=True).click()
    await expect(page.locator("dialog [role=status]")).to_contain_text("Ada (Discord)")
    await page.get_by_role("button", name="Yes, both are me").click()

    await expect(page.locator(".toast")).to_contain_text("Your accounts are one now")
    await expect(page.locator("dialog")).to_have_count(0)
    used = [command for command in service.heard if isinstance(command, UseLink)]
    assert [(command.code, command.confirmed) for command in used] == [
        ("wrong", False),
        ("WXYZ6789", False),
        ("WXYZ6789", True),
    ]


async def test_everything_kept_is_saved_as_a_file(url, visit):
    page = await visit(url)

    await typed(page, "/privacy")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Save everything that is kept").click()

    assert (await download.value).suggested_filename == "pinxit-export.json"


async def test_everything_is_deleted_when_one_says_it_twice(url, service, visit):
    page = await visit(url)
    await service.finish(await service.accepted("a star"))
    await expect(page.locator(".post")).to_have_count(1)

    await typed(page, "/privacy")
    await page.get_by_role("button", name="Delete everything").click()
    await expect(page.locator("dialog [role=status]")).to_contain_text("Sure?")
    await page.get_by_role("button", name="Yes, delete it for good").click()

    await expect(page.locator(".post")).to_have_count(0)
    await expect(page.locator("dialog")).to_have_count(0)


async def test_what_one_page_deletes_is_gone_from_the_other(url, service, visit):
    page, other = await visit(url), await visit(url)
    await service.finish(await service.accepted("a star"))
    await expect(other.locator(".post")).to_have_count(1)

    await typed(page, "/privacy")
    await page.get_by_role("button", name="Delete everything").click()
    await page.get_by_role("button", name="Yes, delete it for good").click()

    await expect(other.locator(".post")).to_have_count(0)


async def test_a_style_that_was_just_saved_is_suggested_on_every_page(url, visit):
    page, other = await visit(url), await visit(url)
    await page.locator("#text").fill("/styles")
    await page.keyboard.press("Enter")
    await page.get_by_label("Name").fill("mine")
    await page.get_by_label("Template").fill("{prompt}, in chalk")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".own-style")).to_have_count(1)
    await page.keyboard.press("Escape")

    for each in (page, other):
        await each.locator("#text").fill("")
        await each.locator("#text").press_sequentially("a fox --style m")
        await expect(each.locator("#suggestions [role=option]").first).to_contain_text("mine")
