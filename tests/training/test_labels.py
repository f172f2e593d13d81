import io
from hashlib import sha256

import pytest
from PIL import Image

from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import TrainingError
from counterfeit_ml.pictures import open_rgb
from counterfeit_ml.training.labels import (
    difference_hash,
    import_labels,
    near_duplicate_groups,
)
from tests.training.drawn import draw_labels, picture


def test_pictures_and_rows_are_in_the_lake(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=2)
    summary = import_labels(lake, catalogue, directory, "rows-test", origin="synthetic")
    assert summary.pictures == {"bars": 2, "no_logo": 2, "ring": 2}
    rows = lake.read(LABELS, label_set="rows-test").to_pylist()
    ring = picture("ring", 1)
    (row,) = [row for row in rows if row["image_sha256"] == sha256(ring).hexdigest()]
    assert row == {
        "image_sha256": sha256(ring).hexdigest(),
        "label": "ring",
        "split_group": sha256(ring).hexdigest()[:16],
        "origin": "synthetic",
        "labelled_by": "folder shop",
        "label_set": "rows-test",
    }
    assert lake.get_image(row["image_sha256"]) == ring


def test_importing_twice_changes_no_byte(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=2)
    import_labels(lake, catalogue, directory, "twice-test")
    first = lake.manifest(LABELS, label_set="twice-test")
    import_labels(lake, catalogue, directory, "twice-test")
    assert lake.manifest(LABELS, label_set="twice-test") == first


def test_an_unreadable_file_is_skipped_and_named(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=1)
    (directory / "ring" / "page.jpg").write_text("<html>gone</html>")
    (directory / "ring" / ".DS_Store").write_text("of no interest")
    summary = import_labels(lake, catalogue, directory, "unreadable-test")
    assert summary.pictures["ring"] == 1
    (unreadable,) = summary.unreadable
    assert unreadable.startswith(f"{directory / 'ring' / 'page.jpg'}: 17 bytes are not a whole")


def test_a_copy_counts_once(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=1)
    (directory / "ring" / "copy.jpg").write_bytes(picture("ring", 0))
    assert import_labels(lake, catalogue, directory, "copy-test").pictures["ring"] == 1


def test_one_picture_under_two_labels_is_refused(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=1)
    (directory / "bars" / "stray.jpg").write_bytes(picture("ring", 0))
    with pytest.raises(TrainingError) as error:
        import_labels(lake, catalogue, directory, "two-labels-test")
    assert str(error.value) == (
        f"{directory / 'bars' / 'stray.jpg'} and {directory / 'ring' / '0.jpg'} are the same "
        "picture under two labels: delete the wrong one."
    )
    assert not lake.exists(LABELS, label_set="two-labels-test")


def test_a_folder_that_is_no_class_is_named(lake, catalogue, tmp_path):
    (draw_labels(tmp_path / "shop", each=1) / "adidas").mkdir()
    with pytest.raises(TrainingError, match=r"shop/adidas is no class: add the brand to brands"):
        import_labels(lake, catalogue, tmp_path / "shop", "unknown-test")


@pytest.mark.parametrize("content", [None, b"", b"not a picture"])
def test_a_class_without_a_readable_picture_is_named(lake, catalogue, tmp_path, content):
    directory = draw_labels(tmp_path / "shop", each=1)
    (directory / "ring" / "0.jpg").unlink()
    if content is not None:
        (directory / "ring" / "0.jpg").write_bytes(content)
    with pytest.raises(TrainingError, match=r"shop/ring (is empty|holds no readable picture): add"):
        import_labels(lake, catalogue, directory, "empty-test")


def test_a_directory_that_is_not_there(lake, catalogue, tmp_path):
    with pytest.raises(TrainingError, match=r"nowhere is not a folder: give one"):
        import_labels(lake, catalogue, tmp_path / "nowhere", "absent-test")


def test_a_resized_and_recompressed_copy_has_nearly_the_same_hash():
    original = open_rgb(picture("ring", 0))
    buffer = io.BytesIO()
    original.resize((125, 150)).save(buffer, "JPEG", quality=50)
    copy, other = Image.open(buffer), open_rgb(picture("ring", 1))
    assert (difference_hash(original) ^ difference_hash(copy)).bit_count() <= 3
    assert (difference_hash(original) ^ difference_hash(other)).bit_count() > 12


def test_near_duplicates_are_joined_through_each_other():
    chain = [0, 0b111111, 0b111111 << 6, (1 << 40) - 1, 0b111111 << 58]
    assert near_duplicate_groups(chain) == [0, 0, 0, 3, 0]
    assert near_duplicate_groups([]) == []
