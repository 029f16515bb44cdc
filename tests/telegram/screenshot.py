"""Takes the README's picture of Telegram: what the whole product sent to the loopback one, drawn as a chat.

python tests/telegram/screenshot.py       writes deploy/telegram.webp
"""

import asyncio
import base64
import html
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import async_playwright

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "integration")]

from product import Product  # noqa: E402 - found by the line above

from tests.platforms.telegram import TOKEN, LoopbackTelegram, Message  # noqa: E402

FILE = ROOT / "deploy" / "telegram.webp"
WISHES = (
    "a boat in the sea at sunset --ar 16:9 --seed 3",
    "/imagine a red circle on blue --n 3 --seed 7",
)
STYLE = """
body { margin: 0; padding: 14px; width: 560px; font: 15px/1.35 system-ui, sans-serif; background: #cfdcc8; }
.row { display: flex; margin: 6px 0; } .row.mine { justify-content: flex-end; }
.bubble { max-width: 430px; background: #fff; border-radius: 14px; overflow: hidden; color: #111; }
.mine .bubble { background: #e4fbd0; } .words { padding: 7px 12px; white-space: pre-wrap; }
.answer { margin: 8px 12px 0;
 padding-left: 8px; border-left: 3px solid #3a8fd0; color: #3a6f98; font-size: 13px; }
img { display: block; width: 430px; image-rendering: auto; } .album { display: flex; gap: 2px; }
.album img { width: 142px; } i { color: #5b6b75; }
.keys { max-width: 430px; margin: 3px 0 0; display: grid; gap: 3px; grid-auto-flow: row; }
.keyrow { display: flex; gap: 3px; } .key { flex: 1; background: rgba(60, 90, 70, .42); color: #fff;
 border-radius: 8px; padding: 7px 4px; text-align: center; font-size: 14px; }
"""


def drawn(message: Message, pictures: str) -> str:
    """Return one message, with its buttons."""
    mine = "" if message.sender.bot else " mine"
    asked = message.reply_to
    quote = f'<div class="answer">{html.escape(asked.text[:44])}</div>' if asked and not pictures else ""
    text = message.shown.source or html.escape(message.text)
    words = f'<div class="words">{text}</div>' if message.text else ""
    bubble = f'<div class="bubble">{quote}{pictures}{words}</div>'
    return f'<div class="row{mine}"><div>{bubble}{keys(message)}</div></div>'


def keys(message: Message) -> str:
    rows = (message.markup or {}).get("inline_keyboard", [])
    labels = [[f'<div class="key">{html.escape(key["text"])}</div>' for key in row] for row in rows]
    shown = [f'<div class="keyrow">{"".join(row)}</div>' for row in labels]
    return f'<div class="keys">{"".join(shown)}</div>' if shown else ""


def image(message: Message) -> str:
    if message.file is None:
        return ""
    return f'<img src="data:image/png;base64,{base64.b64encode(message.file.content).decode()}">'


def chat(messages: list[Message]) -> str:
    """Return the page: messages in their order, albums as one."""
    parts = []
    for album, group in groupby(messages, key=lambda message: message.album):
        found = list(group)
        if album:
            pictures = f'<div class="album">{"".join(map(image, found))}</div>'
            parts.append(drawn(found[0], pictures))
        else:
            parts += [drawn(message, image(message)) for message in found]
    return f'<meta charset="utf-8"><style>{STYLE}</style>{"".join(parts)}'


async def told() -> list[Message]:
    """Let the product paint; return the chat."""
    async with LoopbackTelegram() as town:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / ".env").write_text(f"TELEGRAM_TOKEN={TOKEN}\nTELEGRAM_API_URL={town.url}\n")
            product = Product(Path(folder) / "data")
            await asyncio.to_thread(product.start)
            try:
                for count, wish in enumerate(WISHES, 1):
                    town.says(wish)
                    await town.until(painted(town, count), seconds=90)
            finally:
                await asyncio.to_thread(product.end)
        return [message for message in town.world.messages if not message.deleted]


def painted(town: LoopbackTelegram, count: int) -> Callable[[], Any]:
    return lambda: len([each for each in town.answers() if "Reroll" in each.buttons]) == count


async def photograph(page_text: str) -> bytes:
    """Return a PNG of the page."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        page = await browser.new_page(viewport={"width": 590, "height": 600}, device_scale_factor=1.25)
        await page.set_content(page_text)
        return await page.screenshot(full_page=True)


def main() -> None:
    """Paint, draw, save."""
    png = asyncio.run(photograph(chat(asyncio.run(told()))))
    Image.open(io.BytesIO(png)).convert("RGB").save(FILE, quality=80)


if __name__ == "__main__":
    main()
