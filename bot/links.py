"""The addresses of pictures: absolute, needing no key, and ending in the file's type."""

import re

from bot.file_names import ENDINGS
from storage.records import Picture

NAME = re.compile(r"([A-Za-z0-9_-]{16,128})\.(png|jpg|webp)")
FOR_EVER = "private, max-age=31536000, immutable"  # a picture's bytes never change
HANDED_OUT = {  # with any file that others may link to, whatever is in it
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}


def picture_url(picture: Picture, base: str) -> str:
    """Return where a picture can be fetched, for as long as it is kept."""
    return f"{base.rstrip('/')}/f/{picture.secret}.{ENDINGS[picture.format]}"


def secret_of(name: str) -> str | None:
    """Return the secret in the last part of a picture's address; None for any other name."""
    found = NAME.fullmatch(name)
    return found[1] if found else None


def is_called(picture: Picture, name: str) -> bool:
    """Say whether a picture's address ends so."""
    return name == f"{picture.secret}.{ENDINGS[picture.format]}"
