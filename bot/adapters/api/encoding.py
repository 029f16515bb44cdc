"""Pictures as text in JSON, in the format and quality that were asked for."""

import asyncio
import base64
import io

from PIL import Image


async def file_as_base64(content: bytes, format: str, quality: int | None) -> str:
    """Return a picture's file as it is, or saved anew where a quality was asked for."""
    return await asyncio.to_thread(_file, content, format, quality)


async def preview_as_base64(jpeg: bytes, format: str) -> str:
    """Return a small JPEG in another format."""
    return await asyncio.to_thread(_saved, jpeg, format, None)


def _file(content: bytes, format: str, quality: int | None) -> str:
    return _text(content) if quality is None else _saved(content, format, quality)


def _saved(content: bytes, format: str, quality: int | None) -> str:
    if format == "jpeg" and quality is None:
        return _text(content)
    file = io.BytesIO()
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as picture:
        options = {} if quality is None or format == "png" else {"quality": max(1, quality)}
        picture.convert("RGB").save(file, format, **options)
    return _text(file.getvalue())


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
