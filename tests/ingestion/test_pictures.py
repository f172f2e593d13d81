import contextlib
import io
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import imagehash
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import AvifImagePlugin, Image

from counterfeit_ml.ingestion.pictures import Picture, check_picture, read_picture
from counterfeit_ml.ingestion.reasons import Refused
from counterfeit_ml.pictures import MAX_BYTES
from ingestion.pictures_made import picture
from tests.intrusions import NO_PICTURE

KINDS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}


def reason(data: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        check_picture(data)
    return refusal.value.reason


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + checksum


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be ``width`` x ``height``."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def png_with(chunks: bytes) -> bytes:
    """A sound PNG with further chunks behind its header."""
    return picture("PNG")[:33] + chunks + picture("PNG")[33:]


def gif_with(blocks: bytes) -> bytes:
    """A sound GIF with further blocks before its end."""
    return picture("GIF")[:-1] + blocks + b";"


def many_scans() -> bytes:
    data = saved(Image.new("RGB", (64, 64)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * 100 + data[-2:]


@pytest.mark.parametrize("kind", KINDS)
def test_says_what_a_picture_is(kind):
    data = picture(kind, side=256)
    with Image.open(io.BytesIO(data)) as image:
        expected = Picture(KINDS[kind], 256, 256, str(imagehash.phash(image)))
    assert check_picture(data) == expected


def transparent_palette() -> Image.Image:
    image = Image.linear_gradient("L").convert("P")
    image.info["transparency"] = bytes(range(256))
    return image


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (Image.linear_gradient("L"), "PNG"),
        (Image.linear_gradient("L").convert("1"), "PNG"),
        (Image.linear_gradient("L").convert("LA"), "PNG"),
        (Image.linear_gradient("L").convert("RGBA"), "WEBP"),
        (Image.linear_gradient("L").convert("RGBA"), "AVIF"),
        (Image.linear_gradient("L").convert("I;16"), "PNG"),
        (Image.linear_gradient("L").convert("CMYK"), "JPEG"),
        (transparent_palette(), "PNG"),
    ],
)
def test_takes_every_mode_as_it_is(image, kind):
    data = saved(image, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = check_picture(data)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        image.info.clear()
        assert found.phash == str(imagehash.phash(image))


def test_a_jpeg_with_further_pictures_behind_is_a_jpeg():
    image = Image.linear_gradient("L")
    data = saved(image, "MPO", save_all=True, append_images=[image.rotate(90)])
    assert check_picture(data).media_type == "image/jpeg"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_counts(kind):
    frames = [Image.linear_gradient("L").rotate(90 * turn).convert("RGB") for turn in range(3)]
    moving = saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    still = saved(frames[0], kind, lossless=True)
    assert check_picture(moving).phash == check_picture(still).phash


def test_later_frames_are_not_decoded():
    frame = picture("GIF")[picture("GIF").index(b",", 13) : -1]
    assert check_picture(gif_with(frame * 10)) == check_picture(picture("GIF"))
    assert check_picture(gif_with(b",damaged" * 10)) == check_picture(picture("GIF"))


def test_hashes_alike_in_eight_threads():
    data = [picture(kind, side=200) for kind in KINDS] * 16
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(check_picture, data)) == [check_picture(one) for one in data]


def test_says_where_this_machine_reads_no_avif(monkeypatch):
    monkeypatch.setattr(AvifImagePlugin, "SUPPORTED", False)
    with pytest.warns(UserWarning, match="AVIF"), pytest.raises(Refused, match="reads no AVIF"):
        check_picture(picture("AVIF"))


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
        (b"\xef\xbb\xbf<?xml version='1.0'?><html>", "html_as_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (b"<?xml version='1.0'?><svg/>", "not_an_image"),
        (b"not a picture", "not_an_image"),
        (b"%PDF-1.7", "not_an_image"),
        (picture("BMP"), "not_an_image"),
        (picture("TIFF"), "not_an_image"),
        (huge_png(10_000, 6_000), "image_too_large"),
        (huge_png(5_000, 3_401), "image_too_large"),
        (huge_png(60_000, 60_000), "image_too_large"),
        (b"\xff\xd8\xff" + bytes(MAX_BYTES), "image_too_large"),
        (saved(Image.new("1", (8_000, 8_000)), "GIF"), "image_too_large"),
        (saved(Image.new("RGB", (8_000, 8_000)), "WEBP"), "image_too_large"),
        (saved(Image.new("L", (8_000, 8_000)), "AVIF", speed=10), "image_too_large"),
        (many_scans(), "image_too_large"),
        (png_with(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(9**8)))), "not_an_image"),
        (png_with(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(9**8)))), "not_an_image"),
        (png_with(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(9))) * 3), "not_an_image"),
        (png_with(chunk(b"abCd", b"") * 200_000), "not_an_image"),
        (picture("GIF")[:13] + b"!\xfe\x01a\x00" * 200_000, "not_an_image"),
    ],
)
@NO_PICTURE
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


MUTABLE = [picture(kind) for kind in KINDS] + [
    saved(Image.linear_gradient("L"), "JPEG", progressive=True),
    saved(Image.linear_gradient("L").convert("RGBA"), "WEBP", lossless=True),
    saved(transparent_palette(), "PNG"),
]


@st.composite
def spoiled_pictures(draw: st.DrawFn) -> bytes:
    """A sound picture with a few stretches overwritten, left out or put in twice."""
    data = draw(st.sampled_from(MUTABLE))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 20))
        new = draw(st.binary(max_size=8) | st.just(data[at : at + length] * 2))
        data = data[:at] + new + data[at + length :]
    return data


@given(st.binary(max_size=200) | spoiled_pictures())
def test_raises_nothing_but_a_refusal(data):
    with contextlib.suppress(Refused):
        found = check_picture(data)
        assert found.media_type in KINDS.values()
        assert len(found.phash) == 16
