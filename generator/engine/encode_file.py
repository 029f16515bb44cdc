"""From pixels to a file: scaled and cropped to the wished size, with the recipe inside. No torch."""

import io
from collections.abc import Callable

from PIL import Image

from generator.engine.enlarge import enlarge
from generator.engine.png import png
from generator.messages import PictureFormat
from generator.metadata import recipe_for_exif, recipe_for_png
from generator.models import LATENT_STEP
from generator.recipe import Recipe

Enlarge = Callable[[Image.Image, tuple[int, int]], Image.Image]

JPEG_QUALITY = 92
WEBP_QUALITY, WEBP_METHOD = 90, 0  # a third of the default's time for a tenth more bytes


def encode_file(picture: Image.Image, recipe: Recipe, format: PictureFormat) -> bytes:
    """Return the file of a picture."""
    file = io.BytesIO()
    match format:
        case PictureFormat.PNG:
            return png(picture.convert("RGB"), recipe_for_png(recipe))
        case PictureFormat.JPEG:
            picture.save(file, "jpeg", quality=JPEG_QUALITY, exif=recipe_for_exif(recipe))
        case PictureFormat.WEBP:
            exif = recipe_for_exif(recipe)
            picture.save(file, "webp", quality=WEBP_QUALITY, method=WEBP_METHOD, exif=exif)
    return file.getvalue()


def fit(picture: Image.Image, width: int, height: int, larger: Enlarge = enlarge) -> Image.Image:
    """Return the middle of the picture at the wished size, scaled where cropping is not enough.

    A model draws multiples of 16 pixels: the few pixels more are cut off, as scaling would blur.
    """
    surplus = (picture.width - width, picture.height - height)
    if not all(0 <= pixels < LATENT_STEP for pixels in surplus):
        picture = _covering(picture, width, height, larger)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _covering(picture: Image.Image, width: int, height: int, larger: Enlarge) -> Image.Image:
    scale = max(width / picture.width, height / picture.height)
    size = max(width, round(picture.width * scale)), max(height, round(picture.height * scale))
    return larger(picture, size) if scale > 1 else picture.resize(size, Image.Resampling.LANCZOS)
