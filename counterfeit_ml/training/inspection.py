"""Looks at one picture before it may carry a label: can it be learned from at all?"""

import io
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import numpy as np
from PIL import Image

from counterfeit_ml.errors import PictureError
from counterfeit_ml.near_duplicates import hashes_of
from counterfeit_ml.pictures import FORMATS, MAX_BYTES, open_rgb, squash

MIN_SIDE = 32
"""Pixels; of a mark on less nothing is left at any input size of the network."""
BLANK_RANGE = 8
"""Of 255: what compression adds to one plain colour, in a thumbnail."""
THUMBNAIL = 64
HASHED_SIDE = 128
"""A JPEG is decoded no larger than this needs; the hashes see 32 pixels of it."""
_EXIF_ORIENTATION = 0x0112


class Reason(StrEnum):
    """Why a picture carries no label; the values stand in summaries."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TINY = "tiny"
    BLANK = "blank"
    NOT_A_FILE = "not_a_file"
    IN_NO_CLASS = "in_no_class"
    BAD_ROW = "bad_row"
    UNKNOWN_LABEL = "unknown_label"
    NOT_CHOSEN = "not_chosen"
    CONFLICTING_LABEL = "conflicting_label"
    CONFLICTING_NEAR_DUPLICATE = "conflicting_near_duplicate"
    BRIDGES_SPLITS = "bridges_splits"


class RefusedLabelError(Exception):
    """A picture that must not be trained on; the text says why in one sentence."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Inspected:
    """A sound picture: ``sha256`` of its bytes, its sides, its hashes, and what was converted."""

    digest: str
    width: int
    height: int
    phash: int
    dhash: int
    converted: tuple[str, ...]


def inspect(data: bytes) -> Inspected:
    """What a picture is, seen as training will see it; raises ``RefusedLabelError``."""
    if len(data) > MAX_BYTES:
        raise RefusedLabelError(Reason.TOO_LARGE, f"The file is larger than {MAX_BYTES} bytes.")
    try:
        image = open_rgb(data, HASHED_SIDE)
        width, height, converted = _header(data)
    except PictureError as error:
        raise RefusedLabelError(Reason.UNREADABLE, str(error)) from error
    if min(width, height) < MIN_SIDE:
        detail = f"{width} x {height} pixels: no side may be under {MIN_SIDE}."
        raise RefusedLabelError(Reason.TINY, detail)
    if _is_blank(image):
        raise RefusedLabelError(Reason.BLANK, "The picture is of one colour all over.")
    return Inspected(sha256(data).hexdigest(), width, height, *hashes_of(image), converted)


def _header(data: bytes) -> tuple[int, int, tuple[str, ...]]:
    """Width and height as stored, and what was converted, of a picture that did decode."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return (*image.size, tuple(_conversions(image)))
    except Exception as error:  # decoders raise what they like on hostile bytes
        raise PictureError(f"The picture's header is broken: {error}.") from error


def _conversions(image: Image.Image) -> list[str]:
    modes = {"CMYK": "CMYK", "L": "grey", "LA": "grey", "1": "grey"}
    kind = "16-bit" if image.mode.startswith("I") else modes.get(image.mode)
    found = [kind] if kind else []
    if image.getexif().get(_EXIF_ORIENTATION, 1) in range(2, 9):
        found.append("EXIF-rotated")
    # A phone's JPEG may carry a second picture behind it, which is no animation.
    if image.format != "MPO" and getattr(image, "is_animated", False):
        found.append("animated, first frame")
    return found


def _is_blank(image: Image.Image) -> bool:
    pixels = squash(image, THUMBNAIL)
    span = pixels.max(axis=(0, 1)).astype(np.int16) - pixels.min(axis=(0, 1))
    return bool((span < BLANK_RANGE).all())
