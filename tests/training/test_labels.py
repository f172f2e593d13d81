import io
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pyarrow as pa
import pytest
from PIL import Image
from rich.console import Console

from counterfeit_ml.brands import BrandCatalogue
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import ConfigError, TrainingError
from counterfeit_ml.label_sets import ALL_BRANDS, OWN_CLASSES
from counterfeit_ml.lake import Lake
from counterfeit_ml.training.dataset import load_training_set
from counterfeit_ml.training.label_summary import ImportSummary, summary_tables
from counterfeit_ml.training.labels import import_labels
from tests.training.drawn import draw_labels, picture


def recompressed(data: bytes, quality: int = 50) -> bytes:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((225, 270)).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def lake(settings) -> Lake:
    """A bucket of its own: what other tests brought in decides no split here."""
    import boto3

    boto3.client(
        "s3",
        endpoint_url=settings.lake_endpoint,
        aws_access_key_id=settings.lake_access_key,
        aws_secret_access_key=settings.lake_secret_key.get_secret_value(),
        region_name="us-east-1",
    ).create_bucket(Bucket="labels-test")
    return Lake(settings).sibling("labels-test")


@pytest.fixture(autouse=True)
def no_labels(lake):
    """No label is in the lake when a test begins."""
    lake.delete(lake.keys("labels/"))


def rows(lake: Lake, label_set: str) -> dict[str, dict]:
    found = lake.read(LABELS, label_set=label_set).to_pylist()
    return {row["image_sha256"]: row for row in found}


def row_of(lake: Lake, label_set: str, data: bytes) -> dict:
    return rows(lake, label_set)[sha256(data).hexdigest()]


def test_other_makers_goods_are_hard_negatives_where_that_is_asked_for(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=2)
    (directory / "ring").rename(directory / "other maker")
    with pytest.raises(TrainingError, match="other maker is no class"):
        import_labels(lake, catalogue, directory, "negatives", brands=())
    summary = import_labels(lake, catalogue, directory, "negatives", hard_negatives=True)
    assert summary.pictures == {"bars": 2, "no_logo": 4}
    row = row_of(lake, "negatives", picture("ring", 1))
    assert (row["label"], row["labelled_by"]) == ("no_logo", "folder shop: other maker")
    assert lake.manifest(LABELS, label_set="negatives").summary == {OWN_CLASSES: False}


def test_hard_negatives_need_no_folder_of_their_own(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=2)
    (directory / "no_logo").rename(directory / "plain")
    only = {"brands": ("bars",), "hard_negatives": True}
    summary = import_labels(lake, catalogue, directory, "negatives", **only)
    assert summary.pictures == {"bars": 2, "no_logo": 4}


def test_pictures_and_rows_are_in_the_lake(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=2)
    summary = import_labels(lake, catalogue, directory, "rows", origin="synthetic")
    assert summary.pictures == {"bars": 2, "no_logo": 2, "ring": 2}
    ring = picture("ring", 1)
    row = row_of(lake, "rows", ring)
    assert {name: len(row.pop(name)) for name in ("phash", "dhash")} == {"phash": 16, "dhash": 16}
    assert row.pop("labelled_at").tzname() == "UTC"
    assert row == {
        "image_sha256": sha256(ring).hexdigest(),
        "label": "ring",
        "split_group": sha256(ring).hexdigest()[:16],
        "split": "train",
        "seller_id": None,
        "width": 250,
        "height": 300,
        "origin": "synthetic",
        "labelled_by": "folder shop",
        "label_set": "rows",
    }
    assert lake.get_image(row["image_sha256"]) == ring
    assert lake.manifest(LABELS, label_set="rows").summary == {OWN_CLASSES: False}


def test_importing_twice_changes_no_byte(lake, catalogue, tmp_path, monkeypatch):
    directory = draw_labels(tmp_path / "shop")
    import_labels(lake, catalogue, directory, "twice")
    first = lake.manifest(LABELS, label_set="twice")
    later = datetime(2099, 1, 1, tzinfo=UTC)
    monkeypatch.setattr("counterfeit_ml.training.labels.now", lambda: later)
    import_labels(lake, catalogue, directory, "twice")
    assert lake.manifest(LABELS, label_set="twice") == first
    (directory / "ring" / "more.jpg").write_bytes(picture("ring", 100))
    import_labels(lake, catalogue, directory, "twice")
    times = {row["labelled_at"] for row in rows(lake, "twice").values()}
    assert later in times
    assert len(times) == 2


def test_an_origin_that_is_none_is_refused(lake, catalogue, tmp_path):
    with pytest.raises(TrainingError, match="'rumour' is no origin of labels: give one of synth"):
        import_labels(lake, catalogue, tmp_path, "rumour", "rumour")


def test_a_set_name_that_cannot_be_one_stores_nothing(lake, catalogue, tmp_path):
    with pytest.raises(ConfigError, match="'a/b' cannot name a partition of labels"):
        import_labels(lake, catalogue, tmp_path, "a/b")


def test_what_cannot_be_learned_from_is_counted_and_named(lake, catalogue, tmp_path, caplog):
    directory = draw_labels(tmp_path / "shop", each=1)
    (directory / "ring" / "page.jpg").write_text("<html>gone</html>")
    (directory / "ring" / ".DS_Store").write_text("of no interest")
    (directory / "ring" / "folder").mkdir()
    Image.new("RGB", (100, 100), "red").save(directory / "ring" / "red.png")
    Image.open(io.BytesIO(picture("ring", 5))).resize((20, 20)).save(directory / "bars" / "s.png")
    (directory / "notes.txt").write_text("lies beside the classes")
    summary = import_labels(lake, catalogue, directory, "refused")
    assert summary.pictures == {"bars": 1, "no_logo": 1, "ring": 1}
    assert summary.refused == {
        "blank": 1,
        "in_no_class": 1,
        "not_a_file": 1,
        "tiny": 1,
        "unreadable": 1,
    }
    assert "ring/page.jpg: unreadable: 17 bytes are not a whole picture" in str(summary.refusals)
    assert "refused, tiny: bars/s.png: 20 x 20 pixels: no side may be under 32." in caplog.text
    assert str(summary) == ("3 pictures of 3 classes in 3 groups, 0 for evaluation, 5 refused")


def test_a_class_that_cannot_be_measured_is_said(lake, catalogue, tmp_path):
    summary = import_labels(lake, catalogue, draw_labels(tmp_path / "shop", each=1), "thin")
    assert summary.notes[0] == (
        "bars (pictures: 1, groups: 1) only trains, and nothing measures it until there are 3 "
        "groups."
    )


def test_a_copy_counts_once(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=1)
    (directory / "ring" / "copy.jpg").write_bytes(picture("ring", 0))
    summary = import_labels(lake, catalogue, directory, "copy")
    assert (summary.pictures["ring"], summary.copies, summary.refused) == (1, 1, {})


def test_one_picture_under_two_labels_is_refused_under_both(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=2)
    (directory / "bars" / "stray.jpg").write_bytes(picture("ring", 0))
    summary = import_labels(lake, catalogue, directory, "two-labels")
    assert summary.refused == {"conflicting_label": 2}
    assert summary.refusals[0] == (
        "bars/stray.jpg: conflicting_label: The same picture is bars here and ring at ring/0.jpg: "
        "keep the right one."
    )
    assert sha256(picture("ring", 0)).hexdigest() not in rows(lake, "two-labels")


def test_a_recompressed_picture_under_two_labels_is_refused_under_both(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=2)
    (directory / "bars" / "stray.jpg").write_bytes(recompressed(picture("ring", 0)))
    summary = import_labels(lake, catalogue, directory, "near-labels")
    assert summary.refused == {"conflicting_near_duplicate": 2}
    assert summary.pictures == {"bars": 2, "no_logo": 2, "ring": 1}


def test_a_folder_that_is_no_class_is_named(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=1)
    (directory / "adidas").mkdir()
    (directory / "adidas" / "1.jpg").write_bytes(picture("ring", 9))
    with pytest.raises(TrainingError, match=r"shop/adidas is no class: add the brand to brands"):
        import_labels(lake, catalogue, directory, "unknown")
    assert not lake.exists(LABELS, label_set="unknown")


def test_classes_may_be_chosen(lake, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=1)
    nothing = BrandCatalogue(brands={})
    whole = import_labels(lake, nothing, directory, "whole", brands=ALL_BRANDS)
    assert list(whole.pictures) == ["bars", "no_logo", "ring"]
    assert lake.manifest(LABELS, label_set="whole").summary == {OWN_CLASSES: True}
    some = import_labels(lake, nothing, directory, "some", brands=["ring"])
    assert (list(some.pictures), some.refused) == (["no_logo", "ring"], {"not_chosen": 1})
    with pytest.raises(TrainingError, match="The folder shop has no wheel: it has bars, no_logo,"):
        import_labels(lake, nothing, directory, "none", brands=["ring", "wheel"])


@pytest.mark.parametrize("content", [None, b"", b"not a picture"])
def test_a_class_without_a_usable_picture_is_named(lake, catalogue, tmp_path, content):
    directory = draw_labels(tmp_path / "shop", each=1)
    (directory / "ring" / "0.jpg").unlink()
    if content is not None:
        (directory / "ring" / "0.jpg").write_bytes(content)
    with pytest.raises(TrainingError, match=r"shop/ring is empty: add|no usable picture of ring"):
        import_labels(lake, catalogue, directory, "empty")


def csv_of(folder, *lines: str):
    path = folder / "labels.csv"
    path.write_text("\n".join(["image,label,seller_id", *lines]))
    return path


def test_a_csv_labels_pictures_and_names_sellers(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=3)
    path = csv_of(
        directory,
        "ring/0.jpg,ring,s1",
        "ring/1.jpg,ring,s1",
        "ring/2.jpg,adidas,",
        "bars/0.jpg,bars,",
        "bars/9.jpg,bars,",
    )
    summary = import_labels(lake, catalogue, path, "csv")
    assert summary.pictures == {"bars": 1, "ring": 2}
    assert summary.refused == {"not_a_file": 1, "unknown_label": 1}
    assert "labels.csv:4: unknown_label: adidas is none of the classes" in summary.refusals[1]
    one, two = (row_of(lake, "csv", picture("ring", number)) for number in (0, 1))
    assert one["seller_id"] == two["seller_id"] == "s1"
    assert one["split_group"] == two["split_group"]
    assert one["labelled_by"] == "file labels.csv"


def test_a_split_stays_when_more_pictures_come(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=5)
    first = import_labels(lake, catalogue, directory, "grows")
    assert first.evaluation == {"bars": 1, "no_logo": 1, "ring": 1}
    before = rows(lake, "grows")
    for number in range(5, 15):
        (directory / "ring" / f"{number}.jpg").write_bytes(picture("ring", number))
    second = import_labels(lake, catalogue, directory, "grows")
    assert second.evaluation == {"bars": 1, "no_logo": 1, "ring": 3}
    after = rows(lake, "grows")
    assert before == {digest: after[digest] for digest in before}


def test_a_near_duplicate_in_another_set_is_on_the_same_side(lake, catalogue, tmp_path):
    import_labels(lake, catalogue, draw_labels(tmp_path / "shop", each=5), "first")
    directory = draw_labels(tmp_path / "other", each=0)
    for label in ("bars", "ring", "no_logo"):
        for number in range(5):
            data = recompressed(picture(label, number))
            (directory / label / f"{number}.jpg").write_bytes(data)
    import_labels(lake, catalogue, directory, "second")
    for label in ("bars", "ring", "no_logo"):
        for number in range(5):
            data = picture(label, number)
            one, two = row_of(lake, "first", data), row_of(lake, "second", recompressed(data))
            assert (one["split_group"], one["split"]) == (two["split_group"], two["split"])


def test_a_picture_that_ties_both_splits_is_refused(lake, catalogue, tmp_path):
    directory = draw_labels(tmp_path / "shop", each=5)
    import_labels(lake, catalogue, directory, "first")
    stored = [row_of(lake, "first", picture("ring", number)) for number in range(5)]
    measuring = [row["split"] for row in stored].index("evaluation")
    lines = [f"ring/{number}.jpg,ring,s{number == measuring}" for number in range(5)]
    import_labels(lake, catalogue, csv_of(directory, *lines), "second")
    bridge = recompressed(picture("ring", measuring))
    (directory / "bridge.jpg").write_bytes(bridge)
    path = csv_of(directory, "bridge.jpg,ring,sFalse", "ring/0.jpg,ring,")
    summary = import_labels(lake, catalogue, path, "third")
    assert summary.refused == {"bridges_splits": 1}
    assert sha256(bridge).hexdigest() not in rows(lake, "third")


def test_a_leak_that_two_imports_at_once_made_is_mended_by_importing_again(
    lake, catalogue, tmp_path
):
    directory = draw_labels(tmp_path / "shop", each=5)
    import_labels(lake, catalogue, directory, "one")
    table = lake.read(LABELS, label_set="one")
    split = ["train" if side == "evaluation" else side for side in table["split"].to_pylist()]
    place = table.schema.get_field_index("split")
    other = table.set_column(place, "split", pa.array(split)).select(LABELS.schema.names)
    digests = pa.array([f"{number:064x}" for number in range(15)])
    lake.write(LABELS, other.set_column(0, "image_sha256", digests), label_set="two")
    summary = import_labels(lake, catalogue, directory, "one")
    assert summary.refused == {"bridges_splits": 3}


def test_a_set_of_before_there_were_splits_is_decided_by_importing_it_again(
    lake, catalogue, tmp_path
):
    directory = draw_labels(tmp_path / "shop", each=5)
    old = ("image_sha256", "label", "split_group", "origin", "labelled_by")
    schema = pa.schema([LABELS.schema.field(name) for name in old])
    row = dict.fromkeys(old, "seed")
    table = pa.Table.from_pylist([row], schema)
    lake.write(replace(LABELS, schema=schema), table, label_set="old")
    with pytest.raises(TrainingError, match=r"^old: imported before pictures had a split; import"):
        load_training_set(lake, catalogue, ["old"])
    import_labels(lake, catalogue, directory, "old")
    assert len(load_training_set(lake, catalogue, ["old"]).part("evaluation").digests) == 3


def test_the_summary_is_shown_as_tables_and_told_as_figures():
    summary = ImportSummary(
        label_set="shop",
        pictures={"[bold]": 12},
        evaluation={"[bold]": 2},
        groups=11,
        copies=1,
        converted={"CMYK": 3},
        refused={"tiny": 21},
        refusals=("a/1.jpg: tiny: 3 x 3 pixels.",),
        notes=("A note.",),
    )
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(summary_tables(summary))
    shown = console.export_text()
    for text in ("[bold]", "refused: tiny", "converted: CMYK", "a/1.jpg: tiny", "and 20 more: see"):
        assert text in shown
    assert summary.figures() == {
        "accepted": 12,
        "for evaluation": 2,
        "groups": 11,
        "copies": 1,
        "refused": 21,
        "refused: tiny": 21,
        "converted: CMYK": 3,
        "class [bold]": 12,
    }
