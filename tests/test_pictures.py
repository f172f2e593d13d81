import io

import numpy as np
import pytest
from PIL import Image

from counterfeit_ml import pictures
from counterfeit_ml.errors import PictureError
from counterfeit_ml.pictures import decode, open_rgb
from tests.intrusions import NO_PICTURE

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def halves(left, right, size=(400, 300), mode="RGB"):
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image.convert(mode)


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def near(pixel, colour):
    return np.abs(np.int16(pixel) - colour).max() <= 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "AVIF"])
def test_every_format_gives_the_same_pixels(kind):
    pixels = decode(encoded(halves(RED, BLUE), kind))
    assert (pixels.shape, pixels.dtype) == ((224, 224, 3), np.uint8)
    assert near(pixels[112, 20], RED)
    assert near(pixels[112, 203], BLUE)


def test_the_edges_of_a_long_picture_are_seen():
    pixels = decode(encoded(halves(RED, BLUE, (1000, 100)), "PNG"))
    assert near(pixels[112, 0], RED)
    assert near(pixels[112, 223], BLUE)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpegs(mode):
    pixels = decode(encoded(halves((0, 0, 0), WHITE, mode=mode), "JPEG"))
    assert near(pixels[112, 20], (0, 0, 0))
    assert near(pixels[112, 203], WHITE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_turned_by_its_camera_stands_upright(kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees clockwise
    pixels = decode(encoded(halves(RED, BLUE), kind, exif=exif))
    assert near(pixels[20, 112], RED)
    assert near(pixels[203, 112], BLUE)


def test_what_is_transparent_becomes_white():
    image = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    assert near(decode(encoded(image, "PNG"))[0, 0], WHITE)
    palette = Image.new("P", (50, 50), 0)
    palette.putpalette([0, 0, 0])
    assert near(decode(encoded(palette, "PNG", transparency=0))[0, 0], WHITE)


def test_sixteen_bits_a_pixel():
    grey = Image.fromarray(np.full((50, 50), 0x8000, np.uint16))
    assert decode(encoded(grey, "PNG"))[25, 25].tolist() == [128, 128, 128]


def test_the_first_frame_of_an_animation_counts():
    frames = [Image.new("RGB", (60, 60), colour) for colour in (GREEN, RED)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert near(decode(data)[30, 30], GREEN)


def test_a_large_jpeg_is_decoded_small_and_gives_what_a_whole_decoding_gives():
    random = np.random.default_rng(0)
    noise = Image.fromarray(random.integers(0, 255, (12, 16, 3), np.uint8))
    data = encoded(noise.resize((1600, 1200), Image.Resampling.BICUBIC), "JPEG", quality=95)
    assert open_rgb(data, 224).size == (400, 300)
    whole = np.asarray(open_rgb(data).resize((224, 224), Image.Resampling.BILINEAR))
    assert np.abs(np.int16(decode(data)) - whole).mean() < 1.5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>Not found</body></html>",
        encoded(halves(RED, BLUE), "JPEG")[:-400],
        encoded(halves(RED, BLUE), "PNG")[:-100],
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
    ],
    ids=["empty", "html", "half a JPEG", "half a PNG", "a PNG's first bytes"],
)
def test_what_is_no_whole_picture_is_refused(data):
    with pytest.raises(PictureError, match=f"^{len(data)} bytes are not a whole picture: "):
        decode(data)


def test_a_bad_picture_has_the_same_reason_each_time():
    with pytest.raises(PictureError) as first:
        decode(b"GIF89a")
    with pytest.raises(PictureError) as second:
        decode(bytearray(b"GIF89a"))
    assert str(first.value) == str(second.value)
    assert " at 0x" not in str(first.value)


@NO_PICTURE
@pytest.mark.parametrize(
    ("mode", "kind", "most"),
    [
        ("L", "JPEG", pictures.MAX_PIXELS),
        ("CMYK", "JPEG", pictures.MAX_PIXELS_BUT_JPEG),
        ("L", "PNG", pictures.MAX_PIXELS_BUT_JPEG),
        ("RGB", "WEBP", pictures.MAX_PIXELS_BUT_JPEG),
    ],
)
def test_a_decompression_bomb_is_refused_before_it_is_decoded(mode, kind, most):
    side = 1 + int(most**0.5)
    bomb = encoded(Image.new(mode, (side, side)), kind)
    with pytest.raises(PictureError, match=f"{side} x {side} pixels, over the {most:,} that"):
        decode(bomb)


@NO_PICTURE
def test_postscript_never_reaches_an_interpreter():
    data = encoded(halves(RED, BLUE), "EPS")
    with pytest.raises(PictureError):
        decode(data)
