"""Starting from a picture on the page: chosen, dropped, pasted, painted before, and marked by hand."""

import base64
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from PIL import Image
from playwright.async_api import expect
from scripted import ScriptedService, running

from bot.adapters.web.messages import BadMessage, read
from bot.commands import Enlarge, Extend, From, Imagine, PictureOf
from tests.platforms.sent_pictures import BAD, picture

Visit = Callable[..., Awaitable[Any]]
SHA = "ab" * 32


def said(start: object) -> Imagine:
    message = {"type": "imagine", "text": "a fox", "key": "k" * 16, "reply": 1, "start": start}
    return read(json.dumps(message), "en").wish  # type: ignore[return-value]


def ordered(service: ScriptedService) -> list[Imagine]:
    return [command for command in service.heard if isinstance(command, Imagine)]


async def chosen(page: Any, content: bytes = b"") -> None:
    file = {"name": "fox.png", "mimeType": "image/png", "buffer": content or picture((320, 200))}
    await page.set_input_files("#picture-file", file)


async def send(page: Any, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.keyboard.press("Enter")


async def painted_over(page: Any) -> None:
    """Order something over a chosen picture, a third of it anew."""
    await chosen(page)
    await page.locator("#start-strength").fill("0.35")
    await send(page, "a fox at night")
    await expect(page.locator("[data-job] .bubble")).to_have_text("a fox at night")


def test_what_the_page_says_about_a_start_is_read() -> None:
    assert said(None).start is None
    assert said({"picture": SHA, "mask": SHA, "strength": 0.5}).start == From(
        picture=SHA, mask=SHA, strength=0.5
    )
    assert said({"picture": {"job": "j1", "index": 2}}).start == From(picture=PictureOf("j1", 2))


@pytest.mark.parametrize(
    "start",
    [
        7,
        [],
        {},
        {"picture": "x"},
        {"picture": {"job": "../x", "index": 0}},
        {"picture": {"job": "j", "index": 99}},
        {"picture": {"job": "j"}},
        {"picture": SHA, "strength": True},
        {"picture": SHA, "strength": "1"},
        {"picture": SHA, "mask": 7},
        {"picture": SHA, "vouched": True},
    ],
)
def test_anything_else_is_no_message_of_the_page(start: object) -> None:
    with pytest.raises(BadMessage):
        said(start)


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_picture_gets_one_kind_sentence(url: str, http: ClientSession, kind: str) -> None:
    content, sentence = BAD[kind]
    origin = {"origin": url}
    async with http.post(f"{url}/sent?for=start&language=en", data=content, headers=origin) as response:
        answer = await response.json()

    assert answer["type"] == "refused"
    assert answer["sentence"].startswith(sentence)


async def test_files_from_elsewhere_and_for_nothing_are_not_taken(url: str, http: ClientSession) -> None:
    origin = {"origin": url}
    async with http.post(
        f"{url}/sent?for=start", data=b"x", headers={"origin": "https://evil.example"}
    ) as no:
        assert no.status == 403
    async with http.post(f"{url}/sent?for=fun", data=b"x", headers=origin) as nothing:
        assert nothing.status == 404


async def test_too_many_bytes_are_told_with_the_limit(url: str, http: ClientSession) -> None:
    origin = {"origin": url}
    async with http.post(
        f"{url}/sent?for=start&language=en", data=bytes((32 << 20) + 1), headers=origin
    ) as no:
        assert "32 MiB" in (await no.json())["sentence"]


async def test_a_chosen_picture_is_started_from_with_the_chosen_strength(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)

    await painted_over(page)

    [order] = ordered(service)
    assert order.start is not None
    assert (order.start.picture in service.sent, order.start.strength) == (True, 0.35)
    await expect(page.locator("#start")).to_be_hidden()


async def test_an_order_that_is_edited_shows_what_it_started_from(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await painted_over(page)
    await service.finish(service.newest())

    await page.get_by_role("button", name="Edit", exact=True).click()
    thumb = page.locator("img.start-thumb")
    await expect(thumb).to_have_js_property("naturalWidth", 320)
    await expect(page.locator("#start-strength")).to_have_value("0.35")
    await page.locator("#start").get_by_role("button", name="Paint over a part").click()

    await expect(page.locator(".mask-stage canvas")).to_be_visible()


async def test_only_what_the_person_started_from_is_shown(url: str, http: ClientSession) -> None:
    for name in (SHA, "x", f"{SHA}.png"):
        async with http.get(f"{url}/starts/{name}") as answer:
            assert answer.status == 404, name


async def test_what_was_started_from_is_not_shown_without_the_password(
    service: ScriptedService, http: ClientSession
) -> None:
    async with (
        running(service.server(password="secret")) as server,
        http.get(f"{server.url}/starts/{SHA}") as answer,
    ):
        assert answer.status == 401


async def test_a_picture_can_be_dropped_and_pasted(url: str, visit: Visit) -> None:
    page = await visit(url)
    for kind in ("drop", "paste"):
        content = base64.b64encode(picture((320, 200))).decode()
        await page.evaluate(
            """([kind, content]) => {
              const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
              const data = new DataTransfer();
              data.items.add(new File([bytes], "fox.png", { type: "image/png" }));
              const how = { bubbles: true, cancelable: true };
              const event = kind === "drop"
                ? new DragEvent("drop", { ...how, dataTransfer: data })
                : new ClipboardEvent("paste", { ...how, clipboardData: data });
              document.body.dispatchEvent(event);
            }""",
            [kind, content],
        )
        await expect(page.locator("#start-strength")).to_be_visible()
        await page.get_by_role("button", name="Without the picture").click()
        await expect(page.locator("#start")).to_be_hidden()


async def test_a_bad_picture_is_told_and_nothing_stays(url: str, visit: Visit) -> None:
    page = await visit(url)

    await chosen(page, picture((1, 1)))

    await expect(page.locator(".toast")).to_contain_text("only 1×1 pixels")
    await expect(page.locator("#start")).to_be_hidden()


async def test_a_finished_picture_is_remixed(url: str, service: ScriptedService, visit: Visit) -> None:
    page = await visit(url)
    await service.finish(await service.accepted("a star"))

    await page.get_by_role("button", name="Remix").click()
    await expect(page.locator("#text")).to_have_value("a star")
    await send(page, "a blue star")
    await expect(page.locator(".post")).to_have_count(2)

    assert ordered(service)[-1].start == From(picture=PictureOf("job001", 0), strength=0.6)


async def marks(page: Any) -> Any:
    """Return the mask that the last order named, as it was sent."""
    canvas = page.locator(".mask-stage canvas")
    await expect(canvas).to_be_visible()
    return await canvas.bounding_box()


async def test_a_part_is_marked_by_hand_and_undone(url: str, service: ScriptedService, visit: Visit) -> None:
    page = await visit(url)
    await chosen(page)
    await page.get_by_role("button", name="Paint over a part").click()
    box = await marks(page)
    done = page.get_by_role("button", name="Done")
    await expect(done).to_be_disabled()

    for x in (0.25, 0.75):
        await page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] / 2)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * 0.6)
        await page.mouse.up()
    await page.get_by_role("button", name="Undo").click()
    await done.click()
    await expect(page.locator("#start")).to_contain_text("Only the marked part")
    await send(page, "a hat")
    await expect(page.locator(".bubble")).to_have_count(1)

    mask = mask_of(service)
    assert mask.size == (320, 200)
    assert (mask.getpixel((80, 110)), mask.getpixel((240, 110))) == (255, 0)
    assert ordered(service)[-1].start.strength == 1  # type: ignore[union-attr]


async def test_a_part_is_marked_by_finger(url: str, service: ScriptedService, visit: Visit) -> None:
    page = await visit(url, width=390, has_touch=True)
    await chosen(page)
    await page.get_by_role("button", name="Paint over a part").tap()
    box = await marks(page)

    await page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.get_by_role("button", name="Done").tap()
    await expect(page.locator("#start")).to_contain_text("Only the marked part")
    await send(page, "a hat")
    await expect(page.locator(".bubble")).to_have_count(1)

    assert mask_of(service).getpixel((160, 100)) == 255


async def test_a_part_is_marked_and_erased_by_keyboard(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await chosen(page)
    await page.get_by_role("button", name="Paint over a part").click()
    await marks(page)

    for key in ("Space", "Shift+ArrowLeft", "Shift+ArrowLeft", "Space", "e", "Space", "Space"):
        await page.keyboard.press(key)
    await page.get_by_role("button", name="Done").press("Enter")
    await expect(page.locator("#start")).to_contain_text("Only the marked part")
    await send(page, "a hat")
    await expect(page.locator(".bubble")).to_have_count(1)

    mask = mask_of(service)
    left = 160 - round(2 * 4 * 0.4 * 0.12 * 200)
    assert (mask.getpixel((160, 100)), mask.getpixel((left, 100)), mask.getpixel((160, 150))) == (255, 0, 0)


def mask_of(service: ScriptedService) -> Image.Image:
    start = ordered(service)[-1].start
    assert start is not None
    return Image.open(io.BytesIO(service.sent[str(start.mask)].png))


async def test_how_a_sent_picture_was_made_can_be_asked(url: str, visit: Visit) -> None:
    page = await visit(url)
    await chosen(page)

    await page.get_by_role("button", name="How was it made?").click()

    await expect(page.locator(".toast")).to_contain_text("not known here")


async def test_what_is_around_a_picture_is_painted_and_the_picture_enlarged(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await service.finish(await service.accepted("a star"))
    first = page.locator("[data-job=job001]")

    await first.get_by_role("button", name="Zoom out, extend, enlarge").click()
    for count, name in enumerate(("Zoom out", "← Wider", "Twice as large"), 2):
        await first.get_by_role("button", name=name, exact=True).click()
        await expect(page.locator(".post")).to_have_count(count)

    [zoom, left] = [command for command in service.heard if isinstance(command, Extend)]
    assert (zoom.left, zoom.right, zoom.up, zoom.down) == (0.5, 0.5, 0.5, 0.5)
    assert (left.left, left.right, left.up, left.down) == (0.5, 0.0, 0.0, 0.0)
    assert any(isinstance(command, Enlarge) for command in service.heard)


async def test_everything_can_be_done_with_each_picture_of_four_by_finger(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url, width=360, has_touch=True)
    await service.finish(await service.accepted("a star --n 4"))
    third = page.locator(".open").nth(2)

    for count, name in enumerate(("Zoom out", "→ Wider", "Twice as large"), 2):
        await third.tap()
        await page.get_by_role("button", name="Zoom out, extend, enlarge").tap()
        await page.get_by_role("button", name=name, exact=True).tap()
        await expect(page.locator(".post")).to_have_count(count)
    await third.tap()
    await page.locator(".lightbox").get_by_role("button", name="Paint over a part").tap()
    await marks(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Without the picture").tap()
    await third.tap()
    await page.locator(".lightbox").get_by_role("button", name="Remix").tap()
    await expect(page.locator("#start")).to_be_visible()

    onward = [command for command in service.heard if isinstance(command, Extend | Enlarge)]
    assert [(command.job, command.index) for command in onward] == [("job001", 2)] * 3


async def test_more_of_one_picture_of_four_is_a_button_over_it(
    url: str, service: ScriptedService, visit: Visit
) -> None:
    page = await visit(url)
    await service.finish(await service.accepted("a star --n 4"))
    over = page.locator(".cell").nth(1)

    await over.hover()
    await over.get_by_role("button", name="Zoom out, extend, enlarge").click()
    await page.locator(".lightbox").get_by_role("button", name="↓ Taller").click()
    await expect(page.locator(".post")).to_have_count(2)

    [taller] = [command for command in service.heard if isinstance(command, Extend)]
    assert (taller.index, taller.down) == (1, 0.5)


@pytest.mark.parametrize("deed", ["delete", "", "zoom ", 7])
def test_no_other_deed_goes_onward(deed: object) -> None:
    message = {"type": "onward", "deed": deed, "job": "j", "index": 0, "key": "k" * 16, "reply": 1}
    with pytest.raises(BadMessage):
        read(json.dumps(message), "en")
