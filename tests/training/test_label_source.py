from pathlib import Path

import pytest

from counterfeit_ml.errors import LakeError, TrainingError
from counterfeit_ml.training.inspection import RefusedLabelError
from counterfeit_ml.training.label_source import open_source, set_name


def table(folder: Path, text: str | bytes) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_csv_names_pictures_beside_it(lake, tmp_path):
    path = table(tmp_path, "image,label,seller_id,note\na/1.jpg,ring,s1,x\n2.jpg,bars,,\n")
    (tmp_path / "2.jpg").write_bytes(b"two")
    source = open_source(lake, path)
    assert source.classes == ("ring", "bars")
    assert [(one.where, one.path, one.seller_id) for one in source.files] == [
        ("labels.csv:2", "a/1.jpg", "s1"),
        ("labels.csv:3", "2.jpg", None),
    ]
    assert source.read("2.jpg") == b"two"
    with pytest.raises(RefusedLabelError, match=r"^a/1\.jpg does not exist"):
        source.read("a/1.jpg")


def test_a_spreadsheets_csv_is_read(lake, tmp_path):
    path = table(tmp_path, "\ufeffImage; Label\r\nsub\\1.jpg;ring\r\n\r\n".encode())
    assert [one.path for one in open_source(lake, path).files] == ["sub/1.jpg"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1.jpg", "bad_row"),
        ("1.jpg,ring,s,too,many", "bad_row"),
        (",ring,s", "bad_row"),
        ("1.jpg,,s", "bad_row"),
        ("/etc/hostname,ring,s", "bad_row"),
        ("../1.jpg,ring,s", "bad_row"),
        ("1.jpg,ri/ng,s", "unknown_label"),
    ],
)
def test_a_bad_row_is_refused_by_itself(lake, tmp_path, row, reason):
    path = table(tmp_path, f"image,label,seller_id\n{row}\n2.jpg,bars,\n")
    source = open_source(lake, path)
    assert [one.path for one in source.files] == ["2.jpg"]
    (refused,) = source.refused
    assert (refused.reason, refused.where) == (reason, "labels.csv:2")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", r"labels\.csv has no column image and no label: its first line must name image"),
        (b"image,brand\n1.jpg,ring\n", r"labels\.csv has no column label: its first line"),
        (b"image,label\n", r"labels\.csv has no usable row below its header\.$"),
        (b"image,label\n,ring\n", r"no usable row below its header \(labels\.csv:2: The row"),
        (b"image,label\n1.jpg,ring\n\xff,ring\n", r"^labels\.csv:3 is not UTF-8: export"),
        (b'image,label\n1.jpg,"ring\n', r"^labels\.csv:2 is not CSV: unexpected end of data"),
    ],
)
def test_a_file_that_is_no_table_of_labels_names_its_line(lake, tmp_path, text, sentence):
    with pytest.raises(TrainingError, match=sentence):
        open_source(lake, table(tmp_path, text))


def test_a_folder_is_looked_through(lake, tmp_path):
    for name in ("ring/1.jpg", "ring/.hidden", "bars/1.jpg", "readme.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "ring" / "more").mkdir()
    source = open_source(lake, tmp_path)
    assert [one.path for one in source.files] == ["bars/1.jpg", "ring/1.jpg", "ring/more"]
    assert [(one.reason, one.where) for one in source.refused] == [("in_no_class", "readme.txt")]
    with pytest.raises(RefusedLabelError, match=r"^ring/more is no file"):
        source.read("ring/more")


def test_a_folder_name_that_cannot_be_a_class_is_said(lake, tmp_path):
    (tmp_path / "ring[1]").mkdir()
    with pytest.raises(TrainingError, match=r"ring\[1\]' cannot name a class: up to 100 letters"):
        open_source(lake, tmp_path)


def test_folders_and_tables_lie_in_s3_as_well(lake):
    lake.put("incoming/shop/ring/1.jpg", b"one")
    lake.put("incoming/shop/bars/2.jpg", b"two")
    lake.put("incoming/shop/labels.csv", b"image,label\nring/1.jpg,ring\ngone.jpg,ring\n")
    address = f"s3://{lake.bucket}/incoming/shop"
    source = open_source(lake, f"{address}/")
    assert (source.name, source.classes) == ("folder shop", ("bars", "ring"))
    assert source.read("bars/2.jpg") == b"two"
    rows = open_source(lake, f"{address}/labels.csv")
    assert rows.read("ring/1.jpg") == b"one"
    with pytest.raises(RefusedLabelError, match=r"^gone\.jpg does not exist"):
        rows.read("gone.jpg")


def test_a_source_that_is_not_there(lake, tmp_path):
    with pytest.raises(TrainingError, match="nowhere is not a folder: give one that holds"):
        open_source(lake, tmp_path / "nowhere")
    with pytest.raises(TrainingError, match=r"nowhere\.csv cannot be read: No such file"):
        open_source(lake, tmp_path / "nowhere.csv")
    with pytest.raises(TrainingError, match="holds no folder of pictures: make one a class"):
        open_source(lake, f"s3://{lake.bucket}/nowhere")
    with pytest.raises(LakeError, match="listing s3://no-such-bucket/"):
        open_source(lake, "s3://no-such-bucket/folder")
    with pytest.raises(TrainingError, match=r"^No source of labels: give the path"):
        open_source(lake, "")


def test_a_set_is_named_after_its_source():
    assert set_name("s3://bucket/a/shop/") == "shop"
    assert set_name("s3://bucket/a/shop.csv") == "shop"
    assert set_name("pictures/v1.2") == "v1.2"
