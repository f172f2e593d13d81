import contextlib
import os
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfeit_ml.ingestion import pictures
from counterfeit_ml.ingestion.pictures import check_picture, read_picture
from counterfeit_ml.ingestion.reasons import Refused
from ingestion.pictures_made import picture

KINDS = ["JPEG", "PNG", "WEBP", "GIF"]


def reason(data: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        check_picture(data)
    return refusal.value.reason


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be ``width`` x ``height``."""

    def chunk(name: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_lets_pictures_in(kind):
    check_picture(picture(kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_refuses_a_truncated_picture(kind, part):
    data = picture(kind, side=256)
    assert reason(data[: int(len(data) * part) + 12]) == "truncated_image"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty_image"),
        (b"<!DOCTYPE html><title>Blocked</title>", "html_as_image"),
        (b"\n  <html><body>", "html_as_image"),
        (b"not a picture", "not_an_image"),
        (b"%PDF-1.7", "not_an_image"),
        (picture("BMP"), "not_an_image"),
        (picture("TIFF"), "not_an_image"),
        (huge_png(10_000, 6_000), "image_too_large"),
        (huge_png(60_000, 60_000), "image_too_large"),
        (b"\xff\xd8\xff" + bytes(pictures.MAX_BYTES), "image_too_large"),
    ],
)
def test_refuses_what_is_no_picture(data, expected):
    assert reason(data) == expected


def test_reads_a_picture_of_the_feed(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.jpg").write_bytes(picture())
    assert read_picture(tmp_path, "images/a.jpg") == picture()


def test_refuses_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder", "not-there.jpg", "a" * 300, "", None, 5):
        with pytest.raises(Refused) as refusal:
            read_picture(tmp_path, name)
        assert refusal.value.reason == "missing_image"


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: picture()[:100] + tail))
def test_raises_nothing_but_a_refusal(data):
    with contextlib.suppress(Refused):
        check_picture(data)
