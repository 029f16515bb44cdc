"""The recipe inside a picture file, written and read. No torch; imports Pillow, so import it where needed.

PNG: text chunks ``pinxit`` (the recipe as JSON) and ``parameters`` (for people and other programs).
JPEG and WebP: the same two as EXIF UserComment and ImageDescription.
"""

import io
import json
import zlib
from base64 import b85decode, b85encode
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from generator.recipe import Recipe, Start

JSON_KEY, TEXT_KEY = "pinxit", "parameters"
IMAGE_DESCRIPTION, EXIF_FOLDER, USER_COMMENT = 0x010E, 0x8769, 0x9286
ASCII = b"ASCII\0\0\0"
PACKED = b"pinxit:zlib85:"
MOST_EXIF = 60_000  # bytes; a JPEG segment holds 65 533
MOST_DESCRIPTION = 2_000
MOST_JSON = 2_000_000


def recipe_for_png(recipe: Recipe) -> PngInfo:
    """Return the text chunks."""
    chunks = PngInfo()
    chunks.add_text(JSON_KEY, _json(recipe))
    chunks.add_itxt(TEXT_KEY, parameters(recipe))
    return chunks


def recipe_for_exif(recipe: Recipe) -> Image.Exif:
    """Return the EXIF fields. A recipe that does not fit even when packed is left out."""
    exif = Image.Exif()
    exif[IMAGE_DESCRIPTION] = parameters(recipe)[:MOST_DESCRIPTION].encode("ascii", "replace").decode()
    comment = _json(recipe).encode()
    if len(comment) > MOST_EXIF:
        comment = PACKED + b85encode(
            zlib.compress(json.dumps(recipe.as_dict(), ensure_ascii=False).encode(), 9)
        )
    if len(comment) <= MOST_EXIF:
        exif.get_ifd(EXIF_FOLDER)[USER_COMMENT] = ASCII + comment
    return exif


def read_recipe(content: bytes) -> Recipe | None:
    """Return the recipe inside a file, or None where there is none or it is no valid one."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as picture:
            found = _found(picture)
        return Recipe.from_dict(found) if isinstance(found, dict) else None
    except Exception:  # noqa: BLE001  anything may be inside a file from outside, and Pillow raises anything
        return None


def parameters(recipe: Recipe) -> str:
    """Return the recipe as the lines that picture programs show."""
    lines = [recipe.prompt]
    if recipe.negative_prompt:
        lines.append(f"Negative prompt: {recipe.negative_prompt}")
    values = f"Steps: {recipe.steps}, CFG scale: {recipe.guidance:g}, Seed: {recipe.seed}"
    values += f", Size: {recipe.width}x{recipe.height}, Model: {recipe.model}, Shift: {recipe.shift:g}"
    if recipe.variation_seed is not None:
        values += f", Variation seed: {recipe.variation_seed}"
        values += f", Variation seed strength: {recipe.variation_strength:g}"
    if recipe.loras:
        values += f", LoRAs: {' '.join(f'{lora.name}:{lora.scale:g}' for lora in recipe.loras)}"
    if recipe.start is not None:
        values += _beginning(recipe.start)
    return "\n".join([*lines, values])


def _beginning(start: Start) -> str:
    """Return the values that programs know, and the rest in words."""
    if start.strength == 0:
        return ", Enlarged by a resampler: nothing was drawn"
    said = f", Denoising strength: {start.strength:g}"
    said += ", Mask: yes" if start.mask else ""
    said += f", Blend: {start.share:g}" if start.other else ""
    return said + (", Tiled: yes" if start.tiled else "")


def _json(recipe: Recipe) -> str:
    return json.dumps(recipe.as_dict())


def _found(picture: Image.Image) -> Any:
    if picture.format == "PNG":
        return json.loads(picture.info[JSON_KEY])  # before the pixels, which are not decoded
    comment = picture.getexif().get_ifd(EXIF_FOLDER)[USER_COMMENT].removeprefix(ASCII)
    if comment.startswith(PACKED):
        comment = zlib.decompressobj().decompress(b85decode(comment.removeprefix(PACKED)), MOST_JSON)
    return json.loads(comment)
