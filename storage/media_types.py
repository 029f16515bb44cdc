"""What bytes are, as their first ones say. What a sender calls them is never believed."""

import re

UNKNOWN_TYPE = "application/octet-stream"
BITMAPS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
)


def media_type_of(content: bytes) -> str:
    """Return what the bytes are: one of the bitmaps, or nothing in particular."""
    return next((kind for mark, kind in BITMAPS if mark.match(content)), UNKNOWN_TYPE)
