"""A browser shows every pixel of the PNG files that are written."""

import base64

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from generator.bench.pictures import photograph
from generator.engine.png import png

READ = """async (file) => {
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    return Array.from(context.getImageData(0, 0, picture.width, picture.height).data);
}"""


async def test_a_browser_shows_every_pixel(browser):
    page = await browser.new_page()
    whole = photograph(512)

    for width, height in ((1, 1), (1, 37), (37, 1), (33, 511), (512, 300)):
        picture = whole.crop((0, 0, width, height))
        file = base64.b64encode(png(picture, PngInfo())).decode()
        shown = np.array(await page.evaluate(READ, file), np.uint8).reshape(height, width, 4)
        assert Image.fromarray(shown[..., :3]).tobytes() == picture.tobytes()
        assert (shown[..., 3] == 255).all()
    await page.close()
