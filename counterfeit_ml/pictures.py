"""Turns a picture's bytes into the pixels MobileNet sees, the same way in training and scoring."""

import io
import re
import struct
import zlib

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from counterfeit_ml.errors import PictureError

SIZE = 224
MAX_BYTES = 20 * 1024 * 1024
"""Of an encoded picture; what is larger is not read."""
MAX_PIXELS = 60_000_000  # a 50-megapixel phone photo passes; a decompression bomb does not
MAX_PIXELS_BUT_JPEG = 17_000_000
"""Of all else, 4096 x 4096: 34 bytes of WebP take 23 for each pixel while they are decoded."""
# What shops serve. Others stay out: Pillow would start Ghostscript for an EPS.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")

_ADDRESS = re.compile(r" *<[^<>]* at 0x[0-9a-f]+>")
_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_UNDECODABLE = (
    *(OSError, ValueError, TypeError, SyntaxError, EOFError, LookupError, ArithmeticError),
    *(AttributeError, AssertionError, MemoryError, RuntimeError, struct.error, zlib.error),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)


def decode(data: bytes, size: int = SIZE) -> NDArray[np.uint8]:
    """Pixels of an encoded picture: uint8 RGB of shape (size, size, 3), upright, on white.

    The first frame of an animation counts. Raises ``PictureError`` for what is no picture, is cut
    short, or has more pixels than are decoded.
    """
    return squash(open_rgb(data, size), size)


def open_rgb(data: bytes, at_least: int = 0) -> Image.Image:
    """An encoded picture as an upright RGB image; a JPEG comes scaled down by 2, 4 or 8 while
    both sides stay ``at_least`` pixels, where that is given. Raises ``PictureError``.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        _check_size(image)
        turn = _UPRIGHT.get(image.getexif().get(_EXIF_ORIENTATION, 1))
        rgb = _pixels(image, data, at_least)
        return rgb.transpose(turn) if turn is not None else rgb
    except _UNDECODABLE as error:
        raise PictureError(f"{len(data)} bytes are not a whole picture: {_said(error)}") from error


def media_type(data: bytes) -> str:
    """The media type of an encoded picture, by its own header, such as ``image/png``.

    Raises ``PictureError`` for what is none of ``FORMATS`` or has more pixels than are decoded.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image)
            # A phone's JPEG with a second picture behind it is a JPEG to browsers.
            return Image.MIME["JPEG" if image.format == "MPO" else str(image.format)]
    except _UNDECODABLE as error:
        raise PictureError(f"{len(data)} bytes are no picture: {_said(error)}") from error


def is_plain_jpeg(image: Image.Image) -> bool:
    """Whether it is a JPEG as cameras write it: colour or grey, not of four inks."""
    return image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L")


def _check_size(image: Image.Image) -> None:
    most = MAX_PIXELS if is_plain_jpeg(image) else MAX_PIXELS_BUT_JPEG
    if image.width * image.height > most:
        raise PictureError(
            f"The {image.format} has {image.width} x {image.height} pixels, over the {most:,} that "
            "are decoded."
        )


def _said(error: BaseException) -> str:
    # Without the address of an object in memory: the same picture gives the same reason.
    text = _ADDRESS.sub("", str(error).strip()) or type(error).__name__
    return text.splitlines()[0][:200]


def squash(image: Image.Image, size: int = SIZE) -> NDArray[np.uint8]:
    """The whole image as uint8 (size, size, 3), whatever its aspect ratio."""
    # Squashed, not cropped: the mark may stand at the edge. Not letterboxed: bars cost a quarter
    # of the pixels of a 3:4 photo, and marks are small.
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def _pixels(image: Image.Image, data: bytes, at_least: int) -> Image.Image:
    if is_plain_jpeg(image):
        try:
            return Image.fromarray(
                simplejpeg.decode_jpeg(data, "RGB", min_height=at_least, min_width=at_least)
                if at_least
                else simplejpeg.decode_jpeg(data, "RGB")
            )
        except ValueError:
            # Pillow forgives stray bytes between markers, which cameras do write, yet not a
            # picture cut short.
            return image.convert("RGB")
    return _on_white(image)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a pixel, which convert() would clip at 255
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    canvas = Image.new("RGBA", image.size, "white")
    canvas.alpha_composite(image.convert("RGBA"))
    return canvas.convert("RGB")
