"""Where a picture to start from lies on what is drawn, and what of it shows in the end. No torch.

The picture covers the recipe's size: it is scaled until it does, and what stands over is cut off on both
sides alike. A model draws a little more than that size, or another one of about its ratio; `fit` cuts and
scales what was drawn, and `placed` is its inverse: the rim that will be cut off repeats the picture's edge.
"""

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from generator.engine.enlarge import enlarge
from generator.models import LATENT_STEP

Size = tuple[int, int]  # (width, height)
WHITE = 128  # from here on a mask is white
SEAM = 64  # a seam is softened over this part of the shorter side


def covering(picture: Image.Image, size: Size) -> Image.Image:
    """Return the middle of a picture, or of a mask, at a size."""
    scale = max(size[0] / picture.width, size[1] / picture.height)
    scaled = max(size[0], round(picture.width * scale)), max(size[1], round(picture.height * scale))
    if scaled != picture.size:
        large = scale > 1 and picture.mode == "RGB"
        picture = enlarge(picture, scaled) if large else picture.resize(scaled, Image.Resampling.LANCZOS)
    left, top = (picture.width - size[0]) // 2, (picture.height - size[1]) // 2
    return picture.crop((left, top, left + size[0], top + size[1]))


def placed(picture: Image.Image, wished: Size, drawn: Size) -> Image.Image:
    """Return the picture at the drawn size, where `fit` will show it at the wished size again."""
    canvas = _before_cutting(wished, drawn)
    framed = _with_rim(covering(picture, wished), canvas)
    return framed if canvas == drawn else framed.resize(drawn, Image.Resampling.LANCZOS)


def redrawn(mask: Image.Image, wished: Size, drawn: Size) -> Image.Image:
    """Return where something is drawn anew, as a mask of black and white at the drawn size.

    A pixel of which only a part is white is white: so all that was asked for is drawn.
    """
    canvas = _before_cutting(wished, drawn)
    framed = _with_rim(_black_and_white(covering(mask, wished)), canvas)
    if canvas != drawn:
        framed = framed.resize(drawn, Image.Resampling.BOX).point(lambda level: 255 if level else 0)
    return framed


def kept_outside(picture: Image.Image, start: Image.Image, mask: Image.Image) -> Image.Image:
    """Return the finished picture with the start as it was, wherever the mask is black.

    Along the seam, a little way into the black, one becomes the other.
    """
    wished = picture.size
    reach = max(2, min(wished) // SEAM)
    white = _black_and_white(covering(mask, wished))
    wider = white.filter(ImageFilter.MaxFilter(2 * (reach // 2) + 1))
    soft = ImageChops.lighter(white, wider.filter(ImageFilter.GaussianBlur(reach / 2)))
    return Image.composite(picture, covering(start, wished), soft)


def _black_and_white(mask: Image.Image) -> Image.Image:
    return mask.convert("L").point(lambda level: 255 if level >= WHITE else 0)


def _before_cutting(wished: Size, drawn: Size) -> Size:
    """Return the size from whose middle `fit` cuts the wished one."""
    if all(0 <= have - want < LATENT_STEP for have, want in zip(drawn, wished, strict=True)):
        return drawn
    scale = max(wished[0] / drawn[0], wished[1] / drawn[1])
    return max(wished[0], round(drawn[0] * scale)), max(wished[1], round(drawn[1] * scale))


def _with_rim(picture: Image.Image, canvas: Size) -> Image.Image:
    if canvas == picture.size:
        return picture
    left, top = (canvas[0] - picture.width) // 2, (canvas[1] - picture.height) // 2
    across = (left, canvas[0] - picture.width - left)
    down = (top, canvas[1] - picture.height - top)
    levels = np.asarray(picture)
    rest = [(0, 0)] * (levels.ndim - 2)
    return Image.fromarray(np.pad(levels, [down, across, *rest], mode="edge"))
