"""PNG files, written in a tenth of the usual time: 10 ms for 1024 x 1024, and people wait for them. No torch.

A general encoder tries five ways to foretell each row and keeps the best. Here each pixel is foretold by the
mean of the one on its left and the one above, which serves pictures nearly as well, and what is left over is
packed by a library made for speed.
"""

import struct
from collections.abc import Iterator

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SIGNATURE = b"\x89PNG\r\n\x1a\n"
DEPTH, COLOURS = 8, 2  # bits a channel; red, green and blue
CHANNELS = 3
MEAN = 3  # the number of this way to foretell
LEVEL = 1


def png(picture: Image.Image, info: PngInfo) -> bytes:
    """Return the file of an RGB picture, with what is told about it."""
    return b"".join((SIGNATURE, *_chunks(picture, info)))


def _chunks(picture: Image.Image, info: PngInfo) -> Iterator[bytes]:
    yield _chunk(b"IHDR", struct.pack(">IIBBBBB", *picture.size, DEPTH, COLOURS, 0, 0, 0))
    for kind, content, *_ in info.chunks:
        yield _chunk(kind, content)
    yield _chunk(b"IDAT", isal_zlib.compress(_foretold(np.asarray(picture)), LEVEL))
    yield _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", isal_zlib.crc32(checked))


def _foretold(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return, a row each, the way and by how much each pixel differs from what is foretold."""
    rows = pixels.reshape(len(pixels), -1)
    sums = np.zeros(rows.shape, np.uint16)  # of the pixels on the left and above; there are none outside
    sums[:, CHANNELS:] = rows[:, :-CHANNELS]
    sums[1:] += rows[:-1]
    written = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    written[:, 0] = MEAN
    np.subtract(rows, (sums >> 1).astype(np.uint8), out=written[:, 1:])
    return written
