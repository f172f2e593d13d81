import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from counterfeit_ml.errors import TrainingError
from counterfeit_ml.training.picture_folder import near_duplicates, read_folder
from tests.training.drawn import draw_labels, picture


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def ring() -> Image.Image:
    return Image.open(io.BytesIO(picture("ring", 77)))


def sixteen_bit() -> bytes:
    return encoded(Image.fromarray(np.asarray(ring().convert("L")).astype(np.uint16) * 256), "PNG")


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(ring(), exif=exif)


def animated() -> bytes:
    return encoded(ring(), "GIF", save_all=True, append_images=[ring().rotate(90)])


BAD = {
    "unreadable": lambda: picture("ring", 77)[:2000],
    "tiny": lambda: encoded(ring().resize((300, 31))),
    "blank": lambda: encoded(Image.new("RGB", (300, 300), "navy")),
    "too_large": lambda: picture("ring", 77) + bytes(20 * 1024 * 1024),
}
UNUSUAL = {
    "grey": lambda: encoded(ring().convert("L")),
    "CMYK": lambda: encoded(ring().convert("CMYK")),
    "16-bit": sixteen_bit,
    "EXIF-rotated": turned,
    "animated, first frame": animated,
}


@pytest.fixture
def shop(tmp_path) -> Path:
    return draw_labels(tmp_path / "shop", each=2)


def test_distinct_pictures_of_each_class_no_logo_last(shop):
    folder = read_folder(shop)
    assert folder.classes == ("bars", "ring", "no_logo")
    assert len(folder.pictures) == 6
    digests = [one.digest for one in folder.pictures]
    assert digests == sorted(digests)
    data = folder.training_set()
    assert data.counts() == {"bars": 2, "ring": 2, "no_logo": 2}
    assert len(set(data.groups)) == 6
    assert folder.load(digests[0]) == Path(folder.pictures[0].file.path).read_bytes()


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_file_is_counted_by_what_is_wrong_with_it(shop, reason):
    (shop / "ring" / "bad.jpg").write_bytes(BAD[reason]())
    folder = read_folder(shop)
    assert folder.unreadable == {reason: 1}
    assert len(folder.pictures) == 6


def test_what_is_no_file_is_counted(shop):
    (shop / "ring" / "nested").mkdir()
    (shop / "ring" / "gone.jpg").symlink_to(shop / "nowhere.jpg")
    os.mkfifo(shop / "ring" / "pipe.jpg")
    assert read_folder(shop).unreadable == {"not_a_file": 3}


@pytest.mark.parametrize("word", UNUSUAL)
def test_an_unusual_picture_is_used_and_counted(shop, word):
    (shop / "ring" / "unusual").write_bytes(UNUSUAL[word]())
    folder = read_folder(shop)
    assert len(folder.pictures) == 7
    assert folder.converted == {word: 1}
    assert not folder.unreadable


def test_copies_count_once_and_a_disputed_picture_not_at_all(shop):
    (shop / "ring" / "copy.jpg").write_bytes(picture("ring", 0))
    (shop / "bars" / "stray.jpg").write_bytes(picture("ring", 1))
    folder = read_folder(shop)
    assert folder.left_out == {"copy of another file": 1, "conflicting_label": 2}
    assert [one.label for one in folder.pictures].count("ring") == 1
    assert [one.label for one in folder.pictures].count("bars") == 2


def test_only_the_brands_named_and_no_logo(shop):
    assert read_folder(shop, ["ring"]).classes == ("ring", "no_logo")
    with pytest.raises(TrainingError, match=r"holds no readable picture .* among star"):
        read_folder(shop / "ring", ["star"])


def test_hidden_files_and_files_beside_the_classes_are_of_no_interest(shop):
    (shop / ".git").mkdir()
    (shop / "README.md").write_text("hello")
    (shop / "ring" / ".DS_Store").write_text("hello")
    folder = read_folder(shop)
    assert (len(folder.pictures), sum(folder.unreadable.values())) == (6, 0)


def test_a_folder_that_is_not_there_and_a_name_that_is_none(shop):
    with pytest.raises(TrainingError, match=r"nowhere cannot be listed \(No such file"):
        read_folder(shop / "nowhere")
    (shop / "two\nlines").mkdir()
    with pytest.raises(TrainingError, match="cannot name a class: rename the folder"):
        read_folder(shop)


def test_a_picture_changed_meanwhile_is_not_used(shop):
    folder = read_folder(shop)
    one = folder.pictures[0]
    file = Path(one.file.path)
    file.write_bytes(picture("ring", 9))
    with pytest.raises(TrainingError, match="was changed while it was used: start again"):
        folder.load(one.digest)
    file.unlink()
    with pytest.raises(TrainingError, match="cannot be read any more"):
        folder.load(one.digest)


def test_a_recompressed_copy_in_the_other_folder_is_a_near_duplicate(shop, tmp_path):
    other = draw_labels(tmp_path / "other", each=1, first=100)
    copy = Image.open(shop / "ring" / "0.jpg").resize((125, 150))
    copy.save(other / "ring" / "copy.webp", quality=60)
    folder = read_folder(shop)
    (digest,) = near_duplicates(folder, read_folder(other))
    (one,) = [one for one in folder.pictures if one.digest == digest]
    assert one.file.path == str(shop / "ring" / "0.jpg")
    apart = folder.without({digest}, "near-duplicate of a test picture")
    assert (len(apart.pictures), apart.left_out.total()) == (5, 1)
