"""The page in real Chromium, against a script that holds each state still."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import expect
from scripted import ScriptedService, running, until

from bot.adapters.web.chat import MOST_TABS
from generator.messages import Loading, Unusable

Visit = Callable[..., Awaitable[Any]]


async def typed(page: Any, text: str) -> None:
    await page.locator("#text").press_sequentially(text)
    await page.keyboard.press("Enter")


async def test_a_prompt_becomes_a_picture_before_ones_eyes(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)

    await typed(page, "/imagine a red circle on a blue background --ar 16:9")
    await expect(page.locator(".status")).to_contain_text("next")
    await service.paint("job001", 3)
    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "3")
    await expect(page.locator("img.preview")).to_have_count(1)
    await service.finish("job001")

    picture = page.get_by_alt_text("a red circle on a blue background")
    await expect(picture).to_be_visible()
    await expect(page.get_by_role("progressbar")).to_have_count(0)
    assert await picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [336, 192]


async def test_text_without_a_slash_is_a_prompt_too(url: str, service: ScriptedService, visit: Visit) -> None:
    page = await visit(url)

    await typed(page, "a yellow star")

    await expect(page.locator(".bubble")).to_have_text("a yellow star")
    assert service.newest() == "job001"


async def test_wildcards_are_priced_and_asked_back_before_any_is_painted(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)

    await typed(page, "a {red|blue} star")
    await expect(page.locator(".several li")).to_have_text(["a red star", "a blue star"])
    assert service.shown == {}
    await page.get_by_role("button", name="Paint them all").click()

    await expect(page.locator(".bubble")).to_have_text(["a red star", "a blue star"])
    assert [job.job.recipe.prompt for job in service.shown.values()] == ["a red star", "a blue star"]


async def test_an_example_paints_at_a_click(url: str, visit: Visit) -> None:
    page = await visit(url)

    await page.get_by_role("button", name="a yellow star at night").click()

    await expect(page.locator(".bubble")).to_have_text("a yellow star at night")
    await expect(page.locator("#empty")).to_be_hidden()


async def test_every_button_of_a_result_does_its_deed(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await service.finish(await service.accepted("a star"))
    result = page.locator("[data-job=job001]")

    await result.get_by_role("button", name="Reroll").click()
    await expect(page.locator(".post")).to_have_count(2)
    await result.get_by_role("button", name="Vary subtle").click()
    await expect(page.locator(".post")).to_have_count(3)
    await result.get_by_role("button", name="Vary strong").click()
    await expect(page.locator(".post")).to_have_count(4)

    await expect(page.locator(".badge")).to_have_text(["Reroll", "Subtle variation", "Strong variation"])


async def test_info_shows_recipe_cost_and_receipt(url: str, service: ScriptedService, visit: Visit) -> None:
    page = await visit(url)
    await service.finish(await service.accepted("a star --seed 9007199254740993"))

    await page.get_by_role("button", name="Info").click()

    sheet = page.get_by_role("dialog")
    for words in ("256 × 256", "9007199254740993", "Receipt", "Set aside", "--seed 9007199254740993"):
        await expect(sheet).to_contain_text(words)
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)


async def test_a_picture_is_downloaded_under_a_speaking_name(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await service.finish(await service.accepted("красная звезда"))

    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download").click()

    assert (await download.value).suggested_filename == "красная-звезда-job001-1.png"


async def test_deleting_asks_once_more(url: str, service: ScriptedService, visit: Visit) -> None:
    page = await visit(url)
    await service.finish(await service.accepted("a star"))
    delete = page.get_by_role("button", name="Delete")

    await delete.click()
    assert "job001" in service.shown
    await expect(delete).to_have_text("Delete for good?")
    await delete.click()

    await expect(page.locator(".post")).to_have_count(0)
    await expect(page.locator("#empty")).to_be_visible()
    assert "job001" not in service.shown


@pytest.mark.parametrize("step", [0, 3])
async def test_cancel_is_offered_while_waiting_and_while_running(
    url: str, service: ScriptedService, visit: Visit, step: int
) -> None:
    page = await visit(url)
    await typed(page, "a star")
    await until(lambda: service.shown)
    if step:
        await service.paint("job001", step)

    await page.get_by_role("button", name="Cancel").click()

    await expect(page.locator(".post")).to_have_attribute("data-state", "cancelled")
    await expect(page.locator(".says")).to_contain_text("ancel")


async def test_four_pictures_stand_in_a_grid_each_with_its_own_buttons(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await service.finish(await service.accepted("a heart --n 4"))
    third = page.locator(".cell").nth(2)

    await expect(page.get_by_alt_text("a heart")).to_have_count(4)
    await third.hover()
    await third.get_by_role("button", name="Vary strong").click()
    await until(lambda: len(service.shown) == 2)

    assert next(c for c in service.heard if type(c).__name__ == "Vary").index == 2  # type: ignore[union-attr]


async def test_a_picture_opens_large_and_arrows_go_on(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await service.finish(await service.accepted("a heart --n 4"))

    await page.locator(".open").nth(1).click()
    await page.keyboard.press("ArrowRight")
    large = page.locator(".large")

    await expect(large).to_have_attribute("src", "/pictures/secret-of-job001-2.png")
    await page.keyboard.press("Escape")
    await expect(large).to_have_count(0)


async def test_options_are_completed_by_keyboard_alone(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    box, keys = page.locator("#text"), page.keyboard

    await box.press_sequentially("/im")
    await expect(page.locator("#suggestions [role=option]")).to_have_count(1)
    await keys.press("Tab")
    await box.press_sequentially("a star --a")
    await keys.press("Tab")
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await keys.press("ArrowUp")
    await keys.press("ArrowDown")
    await expect(box).to_have_attribute("aria-activedescendant", "choice-1")
    await keys.press("Enter")
    await expect(box).to_have_value("/imagine a star --ar 4:3 ")
    await keys.press("Enter")

    await until(lambda: service.shown)
    assert service.shown["job001"].job.recipe.width == 288


async def test_escape_closes_the_suggestions_and_enter_then_sends(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)

    await page.locator("#text").press_sequentially("a star --n 2")
    await page.locator("#text").press_sequentially(" --")
    await expect(page.locator("#suggestions")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#suggestions")).to_be_hidden()
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Enter")

    await until(lambda: service.shown)
    assert service.shown["job001"].job.count == 2


async def test_shift_enter_is_a_new_line_and_arrow_up_recalls(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    await service.accepted("an older wish")
    page = await visit(url)
    box = page.locator("#text")
    await typed(page, "a newer wish")

    await page.keyboard.press("ArrowUp")
    await expect(box).to_have_value("a newer wish")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowDown")
    await expect(box).to_have_value("a newer wish")
    await page.keyboard.press("Shift+Enter")

    await expect(box).to_have_value("a newer wish\n")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/help", "--format"),
        ("/credits", "1,985"),
        ("/queue", "Nothing of yours"),
        ("/history", "No pictures"),
    ],
)
async def test_commands_open_their_sheets(url: str, visit: Visit, command: str, words: str) -> None:
    page = await visit(url)

    await typed(page, command)

    await expect(page.get_by_role("dialog")).to_contain_text(words)
    await page.keyboard.press("Escape")
    await expect(page.locator("#text")).to_be_focused()


async def test_a_command_that_does_not_exist_is_said_and_kept(url: str, visit: Visit) -> None:
    page = await visit(url)

    await typed(page, "/imagin a star")

    await expect(page.locator(".toast")).to_contain_text("There is no command /imagin")
    await expect(page.locator("#text")).to_have_value("/imagin a star")


@pytest.mark.parametrize(
    "prompt",
    [
        "<script>document.title = 'broken'</script>",
        "<img src=x onerror=\"document.title='broken'\">",
        "\"><b onmouseover=alert(1)>{{7*7}}</b> ${1} 'or 1=1",
    ],
)
async def test_script_in_a_prompt_is_shown_as_text(
    url: str, service: ScriptedService, visit: Visit, prompt: str
) -> None:
    page = await visit(url)

    await page.locator("#text").fill(prompt)
    await page.keyboard.press("Enter")
    await until(lambda: service.shown)
    await service.finish("job001")
    await page.get_by_role("button", name="Info").click()

    await expect(page.locator(".bubble")).to_have_text(prompt)
    await expect(page.locator(".info-prompt")).to_have_text(prompt)
    assert await page.locator(".picture").get_attribute("alt") == prompt
    assert await page.title() == "Pinxit"
    assert await page.locator("main script, main b[onmouseover], main img[onerror]").count() == 0


async def test_a_refusal_stands_beside_the_prompt_which_can_be_taken_back(url: str, visit: Visit) -> None:
    page = await visit(url)

    await typed(page, "a star --seed minus")
    await expect(page.get_by_role("alert")).to_contain_text("--seed")
    await page.get_by_role("button", name="Edit", exact=True).click()

    await expect(page.locator("#text")).to_have_value("a star --seed minus")
    await expect(page.locator(".post")).to_have_count(0)


async def test_a_failure_says_why(url: str, service: ScriptedService, visit: Visit) -> None:
    page = await visit(url)

    await service.fail(await service.accepted("a star"))

    await expect(page.locator(".says.is-bad")).to_contain_text("memory")
    await expect(page.locator(".canvas")).to_be_hidden()


async def test_a_reload_in_the_middle_goes_on_where_it_was(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await typed(page, "a star")
    await until(lambda: service.shown)
    await service.paint("job001", 5)

    await page.reload()
    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "5")
    await expect(page.locator("img.preview")).to_have_count(1)
    await service.finish("job001")

    await expect(page.get_by_alt_text("a star")).to_be_visible()


async def test_a_late_word_about_the_queue_does_not_undo_progress(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    queued = service.shown[await service.accepted("a star")]
    await service.paint("job001", 2)

    await service.show(queued)
    await service.accepted("another")
    await service.show(service.shown["job002"])

    await expect(page.locator("[data-job=job002]")).to_be_visible()
    await expect(page.locator("[data-job=job001]")).to_have_attribute("data-state", "running")


async def test_two_tabs_stay_in_step(url: str, service: ScriptedService, visit: Visit) -> None:
    one, other = await visit(url), await visit(url, language="ru-RU")

    await typed(one, "a star")
    await expect(other.locator(".status")).to_contain_text("примерно через")
    await service.finish("job001")
    await expect(other.get_by_alt_text("a star")).to_be_visible()
    await other.get_by_role("button", name="Удалить").dblclick()

    await expect(one.locator(".post")).to_have_count(0)


async def test_a_restart_of_the_bot_is_bridged(service: ScriptedService, visit: Visit) -> None:
    async with running(service.server()) as first:
        page = await visit(first.url)
        await service.accepted("an old star")
    await expect(page.locator("#banner")).to_contain_text("Trying again")
    await typed(page, "a new star")
    await expect(page.locator(".draft .says")).to_contain_text("as soon as the connection is back")

    async with running(service.server(port=first.port)):
        await expect(page.locator("[data-job=job002] .bubble")).to_have_text("a new star")
        await expect(page.locator(".draft")).to_have_count(0)
        await expect(page.locator("#banner")).to_be_hidden()

    assert len(service.shown) == 2


async def test_what_was_deleted_elsewhere_is_gone_after_a_cut(service: ScriptedService, visit: Visit) -> None:
    async with running(service.server()) as first:
        page = await visit(first.url)
        await service.finish(await service.accepted("a star"))
        await expect(page.locator(".post")).to_have_count(1)
    service.shown.clear()

    async with running(service.server(port=first.port)):
        await expect(page.locator(".post")).to_have_count(0)


async def test_one_window_too_many_is_told_so_until_another_closes(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    others = [service.chat.enter() for _ in range(MOST_TABS - 1)]
    extra = await page.context.new_page()

    await extra.goto(url)
    await expect(extra.locator("#banner")).to_contain_text("too many windows")
    service.chat.leave(next(filter(None, others)))

    await expect(extra.locator("#banner")).to_be_hidden(timeout=20_000)


async def test_the_painters_state_is_seen(url: str, service: ScriptedService, visit: Visit) -> None:
    page = await visit(url)

    service.health = Loading(0.42)
    await expect(page.locator("#painter")).to_contain_text("waking up: 42 %")
    service.health = Unusable("The folder has no transformer.")

    await expect(page.locator("#banner")).to_contain_text("The folder has no transformer.")


@pytest.mark.parametrize("language", ["en-US", "ru-RU", "zh-CN"])
async def test_a_phone_shows_everything_without_scrolling_sideways(
    url: str, service: ScriptedService, visit: Visit, language: str
) -> None:
    await service.finish(await service.accepted("a" * 300 + " --n 4"))
    await service.finish(await service.accepted("a star --ar 16:9"), truncated=True)
    page = await visit(url, language=language, width=360, has_touch=True)

    for opener in (None, "#open-help", "#open-gallery", "#credits"):
        if opener:
            await page.locator(opener).tap()
            await expect(page.locator("dialog")).to_be_visible()
        wide = "element => element.scrollWidth - element.clientWidth"
        for part in ("html", "body", "main", *(["dialog"] if opener else [])):
            assert await page.locator(part).evaluate(wide) == 0, (opener, part)
        await page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("browser_language", "heading"),
    [
        ("en-GB", "What shall I paint?"),
        ("ru-RU", "Что нарисовать?"),
        ("zh-CN", "想画什么？"),
        ("fr-FR", "What shall I paint?"),
    ],
)
async def test_the_page_speaks_the_browsers_language(
    url: str, visit: Visit, browser_language: str, heading: str
) -> None:
    page = await visit(url, language=browser_language)

    assert await page.locator("#empty h2").text_content() == heading


async def test_the_language_can_be_switched_and_stays(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    await service.accepted("a star")
    page = await visit(url)

    await page.locator("#language").select_option("zh")
    await expect(page.locator(".status")).to_contain_text("秒")
    await page.reload()

    await expect(page.get_by_role("button", name="取消")).to_be_visible()
    assert await page.locator("html").get_attribute("lang") == "zh-Hans"


async def test_what_happens_is_told_to_screen_readers(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)

    await service.finish(await service.accepted("a star"))

    await expect(page.locator("[aria-live=polite]")).to_contain_text("Here is your picture")


async def test_reduced_motion_stands_still(url: str, service: ScriptedService, visit: Visit) -> None:
    page = await visit(url, reduced_motion="reduce")
    await service.accepted("a star")
    await service.paint("job001", 1)

    await expect(page.locator(".cell")).to_have_css("animation-name", "none")


async def test_a_history_longer_than_a_page_is_fetched_on_demand(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    for number in range(35):
        await service.finish(await service.accepted(f"star {number}"))
    page = await visit(url)

    await expect(page.locator(".post")).to_have_count(30)
    await page.get_by_role("button", name="Show older pictures").click()

    await expect(page.locator(".post")).to_have_count(35)
    assert (await page.locator(".bubble").all_text_contents())[0] == "star 0"


async def test_the_password_page_lets_the_person_in(service: ScriptedService, browser: Any) -> None:
    async with running(service.server(password="open sesame")) as server:
        page = await browser.new_page(locale="ru-RU")
        await page.goto(server.url)
        await page.get_by_label("Пароль").fill("wrong one")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).not_to_be_empty()
        await page.get_by_label("Пароль").fill("open sesame")
        await page.keyboard.press("Enter")

        await expect(page.locator("body")).to_have_attribute("data-ready", "true")


async def test_nothing_to_press_by_finger_is_smaller_than_44_pixels(
    url: str, service: ScriptedService, browser: Any
) -> None:
    phone = await browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, locale="ru-RU"
    )
    page = await phone.new_page()
    await page.goto(url)
    await page.wait_for_selector("body[data-ready]")
    await service.finish(await service.accepted("a star"))
    await service.finish(await service.accepted("four stars --n 4"))
    await expect(page.locator("img.picture.is-loaded")).to_have_count(5)

    small = await page.evaluate(SMALL)
    await page.locator("[data-job=job001] .open").click()
    small += await page.evaluate(SMALL)
    await page.keyboard.press("Escape")
    for command in ("/settings", "/styles", "/link", "/help"):
        await page.locator("#text").fill(command)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("dialog[open]")
        small += await page.evaluate(SMALL)
        await page.keyboard.press("Escape")

    assert small == []
    assert await page.evaluate("document.scrollingElement.scrollWidth") == 360
    await phone.close()


SMALL = """() => {
  const top = document.querySelector("dialog[open]") ?? document;
  const pressed = [...top.querySelectorAll("button, a, select, textarea, input")];
  const boxes = pressed.map((each) => [each.id || each.className, each.getBoundingClientRect()]);
  return boxes.filter(([, { width }]) => width > 1)
    .filter(([, { width, height }]) => width < 43.9 || height < 43.9)
    .map(([name, { width, height }]) => `${name} ${width}x${height}`);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_stand_out_from_what_they_lie_on(url: str, visit: Visit, scheme: str) -> None:
    page = await visit(url, color_scheme=scheme)

    ratios = await page.evaluate(CONTRASTS, PAIRS)

    assert {pair: ratio for pair, ratio, least in ratios if ratio < least} == {}


PAIRS = [
    *((ink, ground, 4.5) for ink in ("ink", "soft") for ground in ("wall", "surface", "raised", "wash")),
    *(("accent", ground, 4.5) for ground in ("wall", "surface", "raised", "wash", "accent-wash")),
    *(("bad", ground, 4.5) for ground in ("wall", "surface", "accent-wash")),
    ("accent-ink", "accent", 4.5),
    ("warn", "warn-wash", 4.5),
    ("good", "surface", 4.5),
    ("edge", "surface", 3),
    ("edge", "raised", 3),
]
CONTRASTS = """(pairs) => {
  const style = getComputedStyle(document.documentElement);
  const light = (name) => {
    const hex = style.getPropertyValue(`--${name}`).trim();
    const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
    const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return pairs.map(([ink, ground, least]) => {
    const [darker, lighter] = [light(ink), light(ground)].sort((one, other) => one - other);
    return [`${ink} on ${ground}`, (lighter + 0.05) / (darker + 0.05), least];
  });
}"""


async def test_the_tab_tells_how_far_a_picture_is_while_one_looks_elsewhere(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await page.evaluate(LOOK, True)

    await service.paint(await service.accepted("a star"), 2)
    await expect(page).to_have_title("25% Pinxit")
    await service.finish("job001")
    await expect(page).to_have_title("✓ Pinxit")
    await page.evaluate(LOOK, False)

    await expect(page).to_have_title("Pinxit")


LOOK = """(isHidden) => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_each_of_several_pictures_has_a_name_of_its_own(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)

    await service.finish(await service.accepted("foxes --n 2"))

    for number in (1, 2):
        await expect(page.get_by_role("button", name=f"foxes · Picture {number} of 2")).to_be_visible()


async def test_a_preview_stays_until_the_picture_over_it_is_seen_whole(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await service.paint(await service.accepted("a star"), 3)
    await expect(page.locator("img.preview")).to_have_count(1)
    await page.evaluate(WATCH_PREVIEWS)

    await service.finish("job001")

    await expect(page.locator("img.preview")).to_have_count(0, timeout=30_000)
    assert await page.evaluate("window.seen") == "1"


WATCH_PREVIEWS = """() => {
  const look = (changes) => {
    const removed = changes.flatMap(({ removedNodes }) => [...removedNodes]);
    if (!removed.some(({ className }) => className === "preview")) return;
    window.seen = getComputedStyle(document.querySelector("img.picture")).opacity;
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""
