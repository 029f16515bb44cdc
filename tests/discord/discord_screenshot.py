"""Takes the README's picture of Discord: the whole product on a loopback Discord, drawn by Chromium.

python tests/discord/discord_screenshot.py            writes deploy/discord.webp
"""

import asyncio
import io
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "web"), str(ROOT / "tests" / "integration")]

from conftest import ARGUMENTS, CHROMIUM  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.async_api import async_playwright  # noqa: E402
from product import Product  # noqa: E402
from rendering import Shot, page  # noqa: E402

from tests.platforms.discord import TOKEN, LoopbackDiscord  # noqa: E402

FILE = ROOT / "deploy" / "discord.webp"
RESULT = {"prompt": "a boat in the sea at sunset", "count": 4, "seed": "3"}
WAITED = {"prompt": "a red circle on a blue background", "count": 4, "steps": 50, "seed": "7"}
PHONE, DESK = 352, 420  # pixels: what a phone 400 wide has room for, and a window


async def shots(folder: Path) -> list[Shot]:
    """Return a result, and another order while it is painted, as the bot wrote them."""
    async with LoopbackDiscord() as town:
        (folder / ".env").write_text(f"DISCORD_TOKEN={TOKEN}\nDISCORD_API_URL={town.url}\n")
        product = Product(folder / "data")
        await asyncio.to_thread(product.start)
        try:
            await town.ready()
            done = town.command("imagine", options=RESULT)
            await town.until(lambda: done.original and done.original.selects, 120)
            taken = [Shot.of(done.original, "ann", "imagine")]
            waiting = town.command("imagine", by=town.bob, options=WAITED)
            await town.until(lambda: waiting.original and "▰▰▰▰" in waiting.original.content, 120)
            return [*taken, Shot.of(waiting.original, "bob", "imagine")]
        finally:
            await asyncio.to_thread(product.end)


async def photograph(html: str) -> Image.Image:
    """Return a picture of a page, twice as fine as its pixels."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        sheet = await browser.new_page(device_scale_factor=2)
        await sheet.set_content(html)
        return Image.open(io.BytesIO(await sheet.locator("body").screenshot())).convert("RGB")


def main() -> None:
    """Write the picture, and where a file is named, into it what a phone shows."""
    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(shots(Path(folder)))
    asyncio.run(photograph(page(taken, DESK, 2))).save(FILE, quality=82, method=6)
    if len(sys.argv) > 1:
        asyncio.run(photograph(page(taken, PHONE))).save(sys.argv[1])


if __name__ == "__main__":
    main()
