"""The whole product in real Chromium: `python -m bot run`, the real generator, the embedded model."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"Pinxit is at (http://\S+)")
PATIENCE = 120_000  # milliseconds: the model loads and draws on a machine that may be busy
CIRCLE = "a red circle on a blue background"

Visit = Callable[..., Awaitable[Any]]


class Bot:
    """`python -m bot run` in a folder of its own, at the same port every time."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"],
            env=self._environment(),
            cwd=self.data,
            stdout=subprocess.PIPE,
            stderr=(self.data / "log").open("a"),
            text=True,
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        address = ADDRESS.search(said)
        assert address, f"{said!r}: {(self.data / 'log').read_text()[-2000:]}"
        self.port = int(address[1].rpartition(":")[2])

    def stop(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process.stdout.close()
        self.process = None

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PINXIT_")}
        ours = {"PINXIT_DATA": str(self.data), "PINXIT_PORT": str(self.port), "PYTHONPATH": str(ROOT)}
        return kept | ours


@pytest.fixture(scope="module")
def bot(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:  # noqa: ARG001 - skips first
    started = Bot(tmp_path_factory.mktemp("product"))
    started.start()
    yield started
    started.stop()


async def imagine(page: Any, text: str) -> Any:
    """Type a prompt; return its post when the picture is there."""
    before = await page.locator(".post").count()
    await page.locator("#text").fill(text)
    await page.keyboard.press("Enter")
    return await finished(page, before)


async def finished(page: Any, number: int) -> Any:
    """Return the post with this number when its pictures are there."""
    post = page.locator(".post").nth(number)
    await expect(post).to_have_attribute("data-state", "done", timeout=PATIENCE)
    await expect(post.locator("img.picture.is-loaded").first).to_be_visible()
    return post


async def shares(picture: Any) -> tuple[float, float]:
    """Return which share of the picture is red, and which is blue."""
    red, blue = await picture.evaluate(
        """image => {
            const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
            const brush = canvas.getContext("2d");
            brush.drawImage(image, 0, 0);
            const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
            let [red, blue] = [0, 0];
            for (let at = 0; at < data.length; at += 4) {
                const [r, g, b] = data.slice(at, at + 3);
                if (r > 1.5 * Math.max(g, b)) red += 4 / data.length;
                if (b > 1.3 * Math.max(r, g)) blue += 4 / data.length;
            }
            return [red, blue];
        }"""
    )
    return red, blue


async def test_a_wish_becomes_the_picture_that_was_wished(bot: Bot, visit: Visit) -> None:
    page = await visit(bot.url)

    post = await imagine(page, f"/imagine {CIRCLE} --ar 16:9 --seed 7")

    picture = post.get_by_alt_text(CIRCLE)
    assert await picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [336, 192]
    red, blue = await shares(picture)
    assert 0.02 < red < blue, f"{red:.0%} are red and {blue:.0%} blue"


async def test_rerolls_and_variations_of_a_picture_and_its_end(bot: Bot, visit: Visit) -> None:
    page = await visit(bot.url)
    first = await imagine(page, "a yellow star --seed 7")
    count = await page.locator(".post").count()

    await first.get_by_role("button", name="Vary subtle").click()
    await finished(page, count)
    await first.get_by_role("button", name="Reroll").click()
    reroll = await finished(page, count + 1)
    sources = [await post.locator(".picture").get_attribute("src") for post in (first, reroll)]
    assert sources[0] != sources[1]

    await reroll.get_by_role("button", name="Delete").dblclick()
    await expect(page.locator(".post")).to_have_count(count + 1)
    assert (await page.request.get(bot.url + sources[1])).status == 404


async def test_two_painted_pictures_are_blended_at_the_price_that_was_told(bot: Bot, visit: Visit) -> None:
    page = await visit(bot.url)
    await imagine(page, "a red circle on a blue background --seed 7")
    first = await imagine(page, "a yellow star on a green background --seed 8")
    count = await page.locator(".post").count()

    await first.get_by_role("button", name="Remix").click()
    await page.get_by_role("button", name="Blend with another picture").click()
    await page.locator(".tile").nth(1).click()
    await page.get_by_label("From the second").fill("0.4")
    await page.locator("#text").fill("a yellow circle --steps 4")
    await expect(page.get_by_label("Cost: 1")).to_be_visible()
    await page.keyboard.press("Enter")
    blended = await finished(page, count)
    await blended.get_by_role("button", name="Info").click()

    sheet = page.get_by_role("dialog")
    for words in ("From the second", "40%", "Painted anew", "60%"):
        await expect(sheet).to_contain_text(words)


async def test_info_tells_recipe_cost_and_receipt(bot: Bot, visit: Visit) -> None:
    page = await visit(bot.url)
    post = await imagine(page, "a green heart --seed 123 --steps 4")

    await post.get_by_role("button", name="Info").click()

    sheet = page.get_by_role("dialog")
    for words in ("123", "256 × 256", "embedded", "Spent", "--seed 123"):
        await expect(sheet).to_contain_text(words)


async def test_four_pictures_come_as_a_grid_and_all_differ(bot: Bot, visit: Visit) -> None:
    page = await visit(bot.url)

    post = await imagine(page, "a purple diamond --n 4")

    sources = await post.locator(".picture").evaluate_all("pictures => pictures.map(one => one.src)")
    assert len(set(sources)) == 4
    files = {await (await page.request.get(source)).body() for source in sources}
    assert len(files) == 4


async def test_a_picture_costs_credits_and_a_cancelled_one_nothing(bot: Bot, visit: Visit) -> None:
    page = await visit(bot.url)
    balance = page.locator("#credits")
    before = int(await balance.get_attribute("data-available"))

    await imagine(page, "a circle")
    await expect(balance).to_have_attribute("data-available", str(before - 1))
    await page.locator("#text").fill("a square --steps 50 --n 4")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Cancel").click()

    await expect(page.locator(".post").last).to_have_attribute("data-state", "cancelled", timeout=PATIENCE)
    await expect(balance).to_have_attribute("data-available", str(before - 1))
    await expect(balance).to_have_attribute("data-held", "0")


async def test_a_reload_in_the_middle_loses_nothing(bot: Bot, visit: Visit) -> None:
    page = await visit(bot.url)
    count = await page.locator(".post").count()
    await page.locator("#text").fill("an orange star --steps 40")
    await page.keyboard.press("Enter")
    await expect(page.locator(".post").nth(count)).to_have_attribute("data-job", re.compile("."))

    await page.reload()

    await finished(page, count)


@pytest.mark.parametrize(
    "prompt",
    [
        "<script>alert(1)</script> & <b>star</b>",
        "صورة نجمة حمراء",
        "🦊🌟❤️",
        "красная звезда на белом фоне",
        "蓝色背景上的红色圆形",
    ],
)
async def test_any_script_and_any_writing_is_painted_and_shown_as_typed(
    bot: Bot, visit: Visit, prompt: str
) -> None:
    page = await visit(bot.url)

    post = await imagine(page, f"{prompt} --steps 2")

    assert await post.locator(".bubble").text_content() == prompt
    assert await post.locator(".picture").get_attribute("alt") == prompt


@pytest.mark.parametrize(
    "text",
    [
        "a star --seed -1",
        "a star --seed 9223372036854775808",
        "a star --size 1000000x64",
        "--ar 1:1",
        "a --n 0",
    ],
)
async def test_what_cannot_be_painted_is_refused_in_a_sentence(bot: Bot, visit: Visit, text: str) -> None:
    page = await visit(bot.url)
    before = await page.locator("#credits").get_attribute("data-available")

    await page.locator("#text").fill(text)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("alert")).not_to_be_empty()
    assert await page.locator("#credits").get_attribute("data-available") == before


@contextlib.asynccontextmanager
async def away(bot: Bot) -> AsyncIterator[None]:
    """Stop the bot for a while."""
    bot.stop()
    yield
    bot.start()


async def test_history_survives_a_restart_and_the_page_comes_back_by_itself(bot: Bot, visit: Visit) -> None:
    page = await visit(bot.url)
    await imagine(page, "a blue square")
    count = await page.locator(".post").count()

    async with away(bot):
        await expect(page.locator("#banner")).to_be_visible()
        await page.locator("#text").fill("a white circle")
        await page.keyboard.press("Enter")

    await finished(page, count)
    other = await visit(bot.url)
    await expect(other.locator(".post")).to_have_count(count + 1)
