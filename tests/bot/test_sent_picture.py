"""What people send to start from: each kind of bad picture gets its one answer, each odd one works."""

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.refusals import (
    NotAPicture,
    PictureDamaged,
    PictureMoves,
    PictureTooHeavy,
    PictureTooLarge,
    PictureTooSmall,
    Refusal,
)
from bot.sent_picture import MOST_BYTES, SentPicture, mask_from, picture_from

RED, BLUE = (255, 0, 0), (0, 0, 255)
ORIENTATION = 0x0112


def halves(size=(64, 48), mode="RGB"):
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", size, BLUE)
    picture.paste(RED, (0, 0, size[0] // 2, size[1]))
    return picture.convert(mode)


def saved(picture, format="png", **options):
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def opened(sent: SentPicture):
    return Image.open(io.BytesIO(sent.png))


def colour_at(sent, x, y):
    found = opened(sent).convert("RGB").getpixel((x, y))
    return min(
        (RED, BLUE, (255, 255, 255)), key=lambda c: sum(abs(a - b) for a, b in zip(c, found, strict=True))
    )


def a_header_of(width, height):
    """A PNG that claims a size and holds nothing."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def a_jpeg_header_of(width, height):
    """A JPEG that claims a size and ends."""
    frame = struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes([1, 17, 0, 2, 17, 0, 3, 17, 0])
    return b"\xff\xd8\xff\xc0" + frame + b"\xff\xda" + struct.pack(">HB", 12, 3) + bytes(9) + b"\xff\xd9"


def a_gif_header_of(width, height):
    """A GIF that claims a size and draws one dot."""
    dot = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\x00;"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + dot


def a_webp_header_of(width, height):
    """A lossless WebP that claims a size and holds nothing."""
    sides = struct.pack("<BI", 0x2F, (width - 1) | (height - 1) << 14) + bytes(5)
    chunk = b"WEBPVP8L" + struct.pack("<I", len(sides)) + sides
    return b"RIFF" + struct.pack("<I", len(chunk)) + chunk


def moving(format):
    frames = [Image.new("RGB", (40, 40), (n * 80, 0, 0)) for n in range(3)]
    return saved(frames[0], format, save_all=True, append_images=frames[1:], duration=50)


def with_text(text):
    """A PNG with a compressed text beside its pixels."""
    plain = saved(halves())
    content = b"comment\0\0" + zlib.compress(text)
    chunk = struct.pack(">I", len(content)) + b"zTXt" + content
    return plain[:33] + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + plain[33:]


BAD = {
    "a hundred megapixels": (lambda: a_header_of(10_000, 10_000), PictureTooLarge),
    "a bomb's header": (lambda: a_header_of(60_000, 60_000), PictureTooLarge),
    "a jpeg of a hundred megapixels": (lambda: a_jpeg_header_of(10_000, 10_000), PictureTooLarge),
    "a gif's bomb": (lambda: a_gif_header_of(65_535, 65_535), PictureTooLarge),
    "a webp's bomb": (lambda: a_webp_header_of(16_383, 16_383), PictureTooLarge),
    "a png's bomb of text": (lambda: with_text(bytes(256 << 20)), PictureDamaged),
    "one pixel": (lambda: saved(Image.new("RGB", (1, 1))), PictureTooSmall),
    "a line": (lambda: saved(Image.new("RGB", (2000, 3))), PictureTooSmall),
    "a moving gif": (lambda: moving("gif"), PictureMoves),
    "a moving webp": (lambda: moving("webp"), PictureMoves),
    "a moving png": (lambda: moving("png"), PictureMoves),
    "a cut png": (lambda: saved(halves((200, 200)).rotate(33))[:-200], PictureDamaged),
    "a cut jpeg": (lambda: saved(halves((400, 300)), "jpeg")[:-900], PictureDamaged),
    "a cut webp": (lambda: saved(halves(), "webp")[:-30], PictureDamaged),
    "an empty inside": (lambda: a_header_of(64, 64), PictureDamaged),
    "nothing": (lambda: b"", NotAPicture),
    "a text": (lambda: b"not a picture at all" * 99, NotAPicture),
    "a pdf": (lambda: b"%PDF-1.7\n" + bytes(999), NotAPicture),
    "a drawing": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'/>", NotAPicture),
    "another kind": (lambda: saved(halves(), "bmp"), NotAPicture),
    "half a header": (lambda: saved(halves())[:20], PictureDamaged),
    "too many bytes": (lambda: bytes(MOST_BYTES + 1), PictureTooHeavy),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("read", [picture_from, mask_from])
def test_a_bad_picture_is_refused_for_what_it_is(kind, read):
    make, refusal = BAD[kind]

    with pytest.raises(refusal):
        read(make())


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L", "1", "P", "I;16"])
def test_every_way_to_keep_colours_becomes_a_plain_picture(mode):
    picture = halves(mode="RGB" if mode in {"P", "I;16"} else mode)
    if mode == "P":
        picture = picture.quantize(8)
    if mode == "I;16":
        picture = Image.frombytes("I;16", (64, 48), struct.pack("<H", 50_000) * 64 * 48)

    sent = picture_from(saved(picture, "jpeg" if mode == "CMYK" else "png"))

    assert opened(sent).mode == "RGB"
    assert (sent.width, sent.height) == opened(sent).size == (64, 48)
    if mode in {"RGB", "CMYK", "P"}:
        assert (colour_at(sent, 5, 20), colour_at(sent, 60, 20)) == (RED, BLUE)
    if mode == "I;16":
        assert opened(sent).getpixel((5, 5)) == pytest.approx((195, 195, 195), abs=1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
def test_a_picture_taken_with_a_turned_camera_stands_upright(orientation, format):
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = halves()
    upright.paste((255, 255, 255), (0, 0, 32, 24))  # no turn leaves it as it was
    held = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    sent = picture_from(saved(held, format, exif=exif, quality=95))

    assert (sent.width, sent.height) == (64, 48)
    assert colour_at(sent, 5, 5) == (255, 255, 255)
    assert colour_at(sent, 5, 40) == RED
    assert colour_at(sent, 60, 5) == BLUE


def test_what_is_transparent_lies_on_white_paper():
    picture = halves(mode="RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))

    assert colour_at(picture_from(saved(picture)), 5, 5) == (255, 255, 255)


def test_a_still_gif_and_what_phones_write_are_pictures():
    several = saved(halves((640, 480)), "mpo", save_all=True, append_images=[halves((64, 48))])

    assert picture_from(saved(halves(), "gif")).width == 64
    assert picture_from(several).width == 640


def test_a_large_picture_is_kept_no_larger_than_a_recipe_can_be():
    sent = picture_from(saved(halves((6000, 3000)), "jpeg"))

    assert (sent.width, sent.height) == (2048, 1024)


def test_nothing_but_the_pixels_is_kept():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    file = saved(halves(), "jpeg", exif=exif, comment=b"my name")

    sent = picture_from(file)

    assert b"home" not in sent.png
    assert b"my name" not in sent.png
    assert not opened(sent).info


def test_the_same_picture_is_kept_under_the_same_name():
    assert picture_from(saved(halves())) == picture_from(saved(halves(), compress_level=9))


def test_a_damaged_description_spoils_no_picture():
    file = saved(halves(), "jpeg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(30))

    assert picture_from(file).width == 64


def test_a_mask_is_white_where_it_is_bright():
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (0, 0, 32, 64))

    kept = opened(mask_from(saved(mask)))

    assert (kept.mode, kept.getpixel((5, 5)), kept.getpixel((60, 5))) == ("L", 255, 0)


def test_a_mask_with_transparent_parts_is_white_where_it_is_transparent():
    mask = Image.new("RGBA", (64, 64), (255, 255, 255, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 32, 64))

    kept = opened(mask_from(saved(mask)))

    assert (kept.getpixel((5, 5)), kept.getpixel((60, 5))) == (255, 0)


GOOD = [saved(halves(), kind) for kind in ("png", "jpeg", "webp", "gif")]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(GOOD), st.data())
def test_damage_anywhere_ends_in_a_picture_or_a_refusal(file, data):
    broken = bytearray(file)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(file)))

    for content in (bytes(broken), bytes(broken[:cut])):
        try:
            sent = picture_from(content)
        except Refusal:
            continue
        assert opened(sent).size == (sent.width, sent.height)
