"""Pictures at the door: read within limits and decoded once, which proves they are pictures."""

import io
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from counterfeit_ml.ingestion.door import inside
from counterfeit_ml.ingestion.reasons import Reason, Refused

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
"""More than any phone's default photo; 150 MB once decoded to RGB."""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")
_HTML = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<!--")


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


def check_picture(data: bytes) -> None:
    """Raise ``Refused`` unless ``data`` decodes wholly as a JPEG, PNG, WebP or GIF."""
    if not data:
        raise Refused(Reason.EMPTY_IMAGE, "The picture has no bytes.")
    if len(data) > MAX_BYTES:
        raise Refused(Reason.IMAGE_TOO_LARGE, f"The picture is larger than {MAX_BYTES} bytes.")
    if data.lstrip()[:16].lower().startswith(_HTML):
        raise Refused(Reason.HTML_AS_IMAGE, "An HTML page came in the picture's place.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(*image.size)
            image.load()
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


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Refused(
            Reason.IMAGE_TOO_LARGE, f"{width} x {height} pixels are more than {MAX_PIXELS}."
        )


def _unidentified(data: bytes) -> Refused:
    if data.startswith(_MAGIC):
        return Refused(
            Reason.TRUNCATED_IMAGE, f"The picture ends within its header ({len(data)} bytes)."
        )
    return Refused(Reason.NOT_AN_IMAGE, "The file is neither JPEG, PNG, WebP nor GIF.")


def _damage(error: Exception, data: bytes) -> Reason:
    cut = isinstance(error, EOFError) or "truncated" in str(error).lower() or _riff_is_cut(data)
    return Reason.TRUNCATED_IMAGE if cut else Reason.NOT_AN_IMAGE


def _riff_is_cut(data: bytes) -> bool:
    """Whether a WebP is shorter than its header says; its decoder gives no reason."""
    return data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") + 8 > len(data)
