"""Takes the README's picture of the chat page: the whole product, in real Chromium.

python tests/web/screenshot.py            writes deploy/screenshot.webp
"""

import asyncio
import io
import tempfile
from pathlib import Path

from conftest import ARGUMENTS, CHROMIUM
from PIL import Image
from playwright.async_api import async_playwright
from test_web_product import ROOT, Bot, imagine

FILE = ROOT / "deploy" / "screenshot.webp"
WISHES = (
    "/imagine a house, flowers and a rainbow --ar 16:9 --seed 3",
    "/imagine a boat at sunset --ar 16:9 --seed 5",
)


async def photograph(url: str) -> bytes:
    """Return a PNG of the page with every wish fulfilled."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        page = await browser.new_page(
            viewport={"width": 1100, "height": 1280}, device_scale_factor=1.25, color_scheme="light"
        )
        await page.goto(url)
        for wish in WISHES:
            await imagine(page, wish)
        await page.wait_for_timeout(1500)  # the page scrolls to the end and comes to rest
        return await page.screenshot()


def main() -> None:
    """Run the product on a folder of its own while the picture is taken."""
    with tempfile.TemporaryDirectory() as folder:
        bot = Bot(Path(folder))
        bot.start()
        try:
            png = asyncio.run(photograph(bot.url))
        finally:
            bot.stop()
    Image.open(io.BytesIO(png)).convert("RGB").save(FILE, quality=85)


if __name__ == "__main__":
    main()
