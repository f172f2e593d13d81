"""Pictures at the door: read within limits and decoded once, which proves they are pictures."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import imagehash

# Each registers itself at import; else Image.open imports every format there is.
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from counterfeit_ml.ingestion.door import inside
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.pictures import MAX_BYTES, MAX_PIXELS_BUT_JPEG, is_plain_jpeg

MAX_PIXELS = 50_000_000
"""Of a JPEG, more than any phone's default photo; 150 MB once decoded to RGB."""
MAX_READS = 200_000
"""Steps in which a decoder takes the file: 20 MB of empty comments would be millions."""
MAX_SCANS = 100
"""Passes of a progressive JPEG: encoders write ten, and each costs as much as the picture."""
MAX_PROFILES = 2
"""Colour profiles of a PNG, each of which may unpack to a megabyte; more than one is wrong."""
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")
_AVIF = re.compile(rb"....ftyp(?:avif|avis)", re.DOTALL)
_MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<!--", b"<svg")
_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")


@dataclass(frozen=True)
class Picture:
    """What a sound picture is; ``phash`` is its perceptual hash, 64 bits in 16 hex digits.

    Of an animation the first frame counts. Two pictures that look alike differ in few bits.
    """

    media_type: str
    width: int
    height: int
    phash: str


def read_picture(folder: Path, value: object) -> bytes:
    """The bytes of the file ``value`` names below ``folder``, unproven; raises ``Refused``."""
    if not isinstance(value, str) or not value:
        raise Refused(Reason.MISSING_IMAGE, "The record names no picture file.")
    path = inside(folder, value)
    try:
        if not path.is_file():
            raise Refused(Reason.MISSING_IMAGE, f"There is no file {value[:100]!r}.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Refused(Reason.MISSING_IMAGE, f"{value[:100]!r} cannot be read.") from error
    return data


def check_picture(data: bytes) -> Picture:
    """What ``data`` shows, once it decodes wholly as JPEG, PNG, WebP, GIF or AVIF.

    Raises ``Refused``, and nothing else whatever the bytes. Safe to call from many threads.
    """
    _check_bytes(data)
    try:
        with Image.open(_Steps(data), formats=tuple(MEDIA_TYPES)) as image:
            _check_size(image)
            return _decoded(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(Reason.IMAGE_TOO_LARGE, f"{error}") from error
    except UnidentifiedImageError as error:
        raise _unidentified(data) from error
    except MemoryError as error:
        raise Refused(Reason.IMAGE_TOO_LARGE, "The picture does not fit into memory.") from error
    except Refused:
        raise
    except Exception as error:  # decoders raise what they like on hostile bytes
        raise Refused(_damage(error, data), f"The picture cannot be decoded: {error}.") from error


class _Steps(io.BytesIO):
    """Bytes that can be read in so many steps and no more."""

    left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise Refused(Reason.NOT_AN_IMAGE, "The picture is in too many pieces to be honest.")
        return super().read(size)


def _decoded(image: Image.Image) -> Picture:
    image.load()
    image.info.pop("transparency", None)  # no part of the hash, which would warn of it
    return Picture(
        # Some phones put further pictures behind a JPEG: Pillow calls that MPO.
        MEDIA_TYPES.get(image.format or "", "image/jpeg"),
        *image.size,
        str(imagehash.phash(image)),
    )


def _check_bytes(data: bytes) -> None:
    """What must not even reach a decoder."""
    if not data:
        raise Refused(Reason.EMPTY_IMAGE, "The picture has no bytes.")
    if len(data) > MAX_BYTES:
        raise Refused(Reason.IMAGE_TOO_LARGE, f"The picture is larger than {MAX_BYTES} bytes.")
    if data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower().startswith(_MARKUP):
        raise _markup(data)
    if data.startswith(b"\xff\xd8") and len(_SCAN.findall(data)) > MAX_SCANS:
        raise Refused(Reason.IMAGE_TOO_LARGE, f"The JPEG has more than {MAX_SCANS} scans.")
    if data.startswith(b"\x89PNG") and data.count(b"iCCP") > MAX_PROFILES:
        raise Refused(Reason.NOT_AN_IMAGE, f"The PNG has more than {MAX_PROFILES} profiles.")


def _markup(data: bytes) -> Refused:
    if b"<svg" in data[:4096].lower():
        return Refused(Reason.NOT_AN_IMAGE, "The file is an SVG: a document, not a picture.")
    return Refused(Reason.HTML_AS_IMAGE, "An HTML page came in the picture's place.")


def _check_size(image: Image.Image) -> None:
    most = MAX_PIXELS if is_plain_jpeg(image) else MAX_PIXELS_BUT_JPEG
    if image.width * image.height > most:
        size = f"{image.width} x {image.height}"
        raise Refused(Reason.IMAGE_TOO_LARGE, f"{size} pixels are more than {most}.")


def _unidentified(data: bytes) -> Refused:
    if _AVIF.match(data) and not AvifImagePlugin.SUPPORTED:
        return Refused(
            Reason.NOT_AN_IMAGE, "This machine's Pillow reads no AVIF: install one that does."
        )
    if data.startswith(_MAGIC) or _AVIF.match(data):
        return Refused(
            Reason.TRUNCATED_IMAGE, f"The picture ends within its header ({len(data)} bytes)."
        )
    return Refused(Reason.NOT_AN_IMAGE, "The file is neither JPEG, PNG, WebP, GIF nor AVIF.")


def _damage(error: Exception, data: bytes) -> Reason:
    cut = isinstance(error, EOFError) or "truncated" in str(error).lower() or _riff_is_cut(data)
    return Reason.TRUNCATED_IMAGE if cut else Reason.NOT_AN_IMAGE


def _riff_is_cut(data: bytes) -> bool:
    """Whether a WebP is shorter than its header says; its decoder gives no reason."""
    return data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") + 8 > len(data)
