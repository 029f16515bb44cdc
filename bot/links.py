"""The addresses of pictures: absolute, needing no key, and ending in the file's type."""

from bot.file_names import ENDINGS
from storage.records import Picture


def picture_url(picture: Picture, base: str) -> str:
    """Return where a picture can be fetched, for as long as it is kept."""
    return f"{base.rstrip('/')}/f/{picture.secret}.{ENDINGS[picture.format]}"
