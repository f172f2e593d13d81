"""The lake on a real S3 server."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counterfeit_ml.datasets import IMAGE_SCORES, LABELS
from counterfeit_ml.errors import ConfigError, LakeError, PartitionMissingError
from counterfeit_ml.lake import STAGING, Lake

# As a program that reads, is told something is wrong, and ends at once; many times over.
READ_AND_END = """
import os, sys
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings
settings = Settings.load()
for _ in range(20):
    if not os.fork():
        Lake(settings).read(LABELS, label_set=sys.argv[1])
        sys.exit(7)
print({os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(20)})
"""


@pytest.fixture
def lake(services) -> Lake:
    return Lake(services.settings)


@pytest.fixture
def name() -> str:
    """A partition no other test uses."""
    return uuid4().hex


@pytest.fixture
def labels(label_row) -> Callable[..., pa.Table]:
    """Rows of these digests."""

    def table(*digests: str) -> pa.Table:
        rows = [label_row(digest, "nike") for digest in digests]
        return pa.Table.from_pylist(rows, LABELS.schema)

    return table


def scores(*digests: str) -> pa.Table:
    rows = [
        {"image_sha256": digest, "probabilities": [("nike", 1.0)], "error": None}
        for digest in digests
    ]
    return pa.Table.from_pylist(rows, IMAGE_SCORES.schema)


def stored(lake: Lake, prefix: str) -> dict[str, bytes]:
    return {key: lake.get(key) for key in lake.keys(prefix)}


def test_a_partition_is_read_back_sorted_with_its_key(lake, name, labels):
    lake.write(LABELS, labels("b", "a"), {"who": "me"}, label_set=name)
    table = lake.read(LABELS, ["image_sha256", "label_set"], label_set=name)
    assert table.to_pylist() == [
        {"image_sha256": "a", "label_set": name},
        {"image_sha256": "b", "label_set": name},
    ]
    assert lake.manifest(LABELS, label_set=name).summary == {"who": "me"}


def test_a_program_that_ends_while_pyarrow_clears_up_is_not_aborted(services, lake, name, labels):
    lake.write(LABELS, labels("a", "b"), label_set=name)
    command = [sys.executable, "-c", READ_AND_END, name]
    done = subprocess.run(command, env=services.env, capture_output=True, text=True, check=False)
    assert done.stdout == "{7}\n", done.stderr


def test_writing_the_same_rows_again_changes_no_byte(lake, name, labels):
    lake.write(LABELS, labels("a", "b"), label_set=name)
    before = stored(lake, f"labels/label_set={name}/")
    lake.write(LABELS, labels("b", "a"), label_set=name)
    assert stored(lake, f"labels/label_set={name}/") == before


def test_writing_other_rows_leaves_none_of_the_old(lake, name, labels):
    lake.write(LABELS, labels("a", "b"), label_set=name)
    lake.write(LABELS, labels("c"), label_set=name)
    assert lake.read(LABELS, label_set=name)["image_sha256"].to_pylist() == ["c"]
    assert len(lake.keys(f"labels/label_set={name}/")) == 2


def test_parts_are_copied_in_order_and_a_missing_one_is_named(lake, name, labels, tmp_path):
    for one in "dbcaef":
        batches = labels(one).to_batches()
        manifest = lake.write_batches(LABELS, batches, append=True, label_set=name)
    files = [path.name for path in lake.download(LABELS, tmp_path, label_set=name)]
    assert files == list(manifest.files)
    assert "".join(pq.read_table(tmp_path / one)["image_sha256"][0].as_py() for one in files) == (
        "dbcaef"
    )
    gone = files.pop()
    lake.delete([f"labels/label_set={name}/{gone}"])
    # What is there already is not fetched again.
    assert len(lake.download(LABELS, tmp_path, label_set=name)) == 6
    (tmp_path / gone).unlink()
    with pytest.raises(PartitionMissingError, match=gone):
        lake.download(LABELS, tmp_path, label_set=name)


def test_a_file_that_no_manifest_lists_is_not_read(lake, name, labels):
    lake.write(LABELS, labels("a"), label_set=name)
    lake.put(f"labels/label_set={name}/part-00009-left-behind.parquet", b"half a file")
    assert lake.read(LABELS, label_set=name).num_rows == 1


def test_staged_parts_show_only_when_they_are_appended(lake, name):
    staged = [lake.stage(IMAGE_SCORES, scores(digest), name, n) for n, digest in enumerate("ab")]
    assert lake.staged(IMAGE_SCORES, name) == staged
    assert not lake.exists(IMAGE_SCORES, model=name)
    assert lake.append(IMAGE_SCORES, staged, model=name).rows == 2
    assert lake.read(IMAGE_SCORES, model=name)["image_sha256"].to_pylist() == ["a", "b"]


def test_appending_keeps_what_was_there_and_adds_a_part_once(lake, name):
    first = lake.stage(IMAGE_SCORES, scores("a"), name, 0)
    lake.append(IMAGE_SCORES, [first], model=name)
    second = lake.stage(IMAGE_SCORES, scores("b"), name, 0)
    for _ in range(2):
        assert lake.append(IMAGE_SCORES, [second, first], model=name).rows == 2
    lake.delete([first, second])
    assert lake.append(IMAGE_SCORES, [first], model=name).rows == 2
    assert sorted(lake.read(IMAGE_SCORES, model=name)["image_sha256"].to_pylist()) == ["a", "b"]


def test_a_part_that_was_never_staged_is_not_appended(lake, name):
    with pytest.raises(PartitionMissingError):
        lake.append(
            IMAGE_SCORES, [f"{STAGING}/image_scores/{name}/part-00000-x.parquet"], model=name
        )
    assert not lake.exists(IMAGE_SCORES, model=name)


def test_many_who_append_at_once_lose_no_part(services, name):
    def append(number: int) -> None:
        lake = Lake(services.settings)
        for step in range(4):
            part = lake.stage(IMAGE_SCORES, scores(f"{number} {step}"), name, number)
            lake.append(IMAGE_SCORES, [part], model=name)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(append, range(8)))
    lake = Lake(services.settings)
    assert lake.manifest(IMAGE_SCORES, model=name).rows == 32
    assert len(set(lake.read(IMAGE_SCORES, model=name)["image_sha256"].to_pylist())) == 32


def test_a_picture_is_stored_under_its_hash(lake):
    digest = lake.put_image(b"picture")
    assert digest == sha256(b"picture").hexdigest()
    assert lake.get_image(digest) == b"picture"
    assert lake.keys(f"images/{digest[:2]}/{digest}") == [f"images/{digest[:2]}/{digest}"]


def test_a_partition_whose_name_begins_another_is_read_alone(lake, name, labels):
    lake.write(LABELS, labels("a"), label_set=name)
    lake.write(LABELS, labels("b"), label_set=f"{name}0")
    assert lake.partitions(LABELS, label_set=name) == [{"label_set": name}]
    assert lake.read(LABELS, label_set=name)["image_sha256"].to_pylist() == ["a"]


def test_what_was_never_published_says_so(lake, name):
    with pytest.raises(PartitionMissingError, match="never published: run `counterfeit labels`"):
        lake.read(LABELS, label_set=name)
    with pytest.raises(PartitionMissingError, match="never published: run `counterfeit labels`"):
        lake.manifest(LABELS, label_set=name)


@pytest.mark.parametrize("value", ["", "a/b", "ds=1", "../x"])
def test_a_partition_value_cannot_leave_its_folder(lake, value, labels):
    with pytest.raises(ConfigError, match="cannot name a partition of labels: give a name"):
        lake.write(LABELS, labels("a"), label_set=value)


def test_rows_that_break_the_schema_are_refused(lake, name, labels):
    with pytest.raises((pa.ArrowInvalid, KeyError, ValueError)):
        lake.write(LABELS, labels("a").drop_columns(["label"]), label_set=name)
    assert not lake.exists(LABELS, label_set=name)


def test_a_lake_that_is_down_is_one_sentence(services, unused_port):
    address = f"http://127.0.0.1:{unused_port}"
    away = Lake(services.settings.model_copy(update={"lake_endpoint": address}))
    with pytest.raises(LakeError) as caught:
        away.get("anything")
    assert address in str(caught.value)
    assert "counterfeit status" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_keys_are_refused_and_not_shown(services):
    wrong = {"lake_secret_key": services.settings.lake_secret_key.__class__("not-the-secret")}
    lake = Lake(services.settings.model_copy(update=wrong))
    with pytest.raises(LakeError) as caught:
        lake.put("anything", b"")
    assert "not-the-secret" not in str(caught.value)


def test_an_object_can_be_read_up_to_a_size(lake, name):
    lake.put(f"{name}/object", b"0123456789")
    assert lake.get(f"{name}/object", at_most=10) == b"0123456789"
    assert lake.get(f"{name}/object", at_most=4) == b"01234"


def test_another_bucket_has_the_same_login(lake, name):
    lake.put(f"{name}/object", b"here")
    assert lake.sibling(lake.bucket).get(f"{name}/object") == b"here"
    with pytest.raises(LakeError):
        lake.sibling("no-such-bucket").keys("")
