"""The addresses of pictures: absolute, needing no key, and ending in the file's type."""

from generator.messages import PictureFormat
from storage.records import Picture

ENDING = {PictureFormat.PNG: "png", PictureFormat.JPEG: "jpg", PictureFormat.WEBP: "webp"}


def picture_url(picture: Picture, base: str) -> str:
    """Return where a picture can be fetched, for as long as it is kept."""
    return f"{base}/f/{picture.secret}.{ENDING[picture.format]}"
