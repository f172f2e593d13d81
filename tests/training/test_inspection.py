import io

import numpy as np
import pytest
from PIL import Image

from counterfeit_ml.training.inspection import RefusedLabelError, inspect
from tests.training.drawn import picture


def drawn() -> Image.Image:
    return Image.open(io.BytesIO(picture("ring", 0)))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_a_sound_picture_is_measured():
    found = inspect(picture("ring", 0))
    assert (found.width, found.height, found.converted) == (250, 300, ())


def rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(drawn().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def sixteen_bit() -> bytes:
    grey = np.asarray(drawn().convert("L")).astype(np.uint16) << 8
    return encoded(Image.fromarray(grey), "PNG")


def animated() -> bytes:
    frames = [drawn().convert("P"), Image.new("P", (250, 300))]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("data", "converted"),
    [
        (encoded(drawn().convert("CMYK"), "JPEG"), ("CMYK",)),
        (encoded(drawn().convert("L"), "JPEG"), ("grey",)),
        (encoded(drawn().convert("LA"), "PNG"), ("grey",)),
        (sixteen_bit(), ("16-bit",)),
        (rotated(), ("EXIF-rotated",)),
        (animated(), ("animated, first frame",)),
    ],
)
def test_other_kinds_are_converted_and_look_the_same(data, converted):
    found, plain = inspect(data), inspect(picture("ring", 0))
    assert found.converted == converted
    assert (found.phash ^ plain.phash).bit_count() <= 4
    assert (found.dhash ^ plain.dhash).bit_count() <= 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "unreadable"),
        (b"<html>gone</html>", "unreadable"),
        (picture("ring", 0)[:3000], "unreadable"),
        (b"\xff\xd8\xff" + bytes(21 * 1024 * 1024), "too_large"),
        (encoded(drawn().resize((31, 200)), "PNG"), "tiny"),
        (encoded(Image.new("RGB", (200, 200), (250, 3, 7)), "JPEG"), "blank"),
        (encoded(Image.new("RGBA", (200, 200), (9, 9, 9, 0)), "PNG"), "blank"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(data, reason):
    with pytest.raises(RefusedLabelError) as refused:
        inspect(data)
    assert refused.value.reason == reason


def test_a_small_mark_on_white_is_not_blank():
    image = Image.new("RGB", (400, 400), "white")
    image.paste((120, 120, 120), (300, 300, 325, 325))
    assert inspect(encoded(image, "PNG")).width == 400
