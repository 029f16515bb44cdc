"""Pictures as people send them: a good one, and one for each way to be bad."""

from __future__ import annotations

import io
import zlib

from PIL import Image


def picture(
    size: tuple[int, int] = (320, 180), format: str = "PNG", colour: str = "teal", **how: object
) -> bytes:
    mode = str(how.pop("mode", "RGB"))
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, format, **how)  # type: ignore[arg-type]
    return file.getvalue()


def moving() -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def bomb() -> bytes:
    """A PNG whose header promises 60 000 by 60 000 pixels."""
    good, side = picture((64, 64)), (60_000).to_bytes(4, "big")
    header = good[12:16] + side + side + good[24:29]
    return good[:12] + header + zlib.crc32(header).to_bytes(4, "big") + good[33:]


def noise() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((200, 200), 80).save(file, "PNG")
    return file.getvalue()


BAD = {
    "no picture": (b"hello", "I cannot read this as a picture."),
    "cut off": (noise()[:2000], "This picture is damaged"),
    "one pixel": (picture((1, 1)), "This picture has only 1×1 pixels"),
    "moving": (moving(), "This picture moves."),
    "bomb": (bomb(), "This picture is too large"),
    "100 megapixels": (picture((10_000, 10_000), mode="1", colour="black"), "This picture is too large"),
}
GOOD = {
    "jpeg": picture(format="JPEG"),
    "webp": picture(format="WEBP"),
    "cmyk": picture(format="JPEG", mode="CMYK"),
}
