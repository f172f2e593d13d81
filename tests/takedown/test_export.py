"""The export, read back; evidence from a real lake."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counterfeit_ml.datasets import LISTING_HISTORY, LISTINGS
from counterfeit_ml.errors import NoticeError
from counterfeit_ml.lake import Lake
from counterfeit_ml.takedown import Exported, export, open_notice
from tests.flags_made import flag, flagged_day
from tests.intrusions import FORMULA

# Days and names of this file's own: the lake is every test's.
DAY, BEFORE, SHOP, OTHER = date(2026, 3, 2), date(2026, 3, 1), "export-shop", "export-other"
TITLE = 'a "bag", <b>=1\n‮🎒'
FLAGS = (
    flag("L2", marketplace=SHOP, seller_id="s2", title="=HYPERLINK(1)", reasons='["x", "y; z"]'),
    flag("L1", marketplace=SHOP, seller_id="s1", seller_name="@ann", title=TITLE),
    flag("L3", marketplace=SHOP, seller_id="s1", title="+1", confidence=None),
    flag("L4", marketplace=SHOP, seller_id="s1"),
    flag("O1", marketplace=OTHER, seller_id=None),
)


@pytest.fixture
def settings(warehouse, own_warehouse, review, listing_row):
    warehouse.replace_day(DAY, flagged_day(*FLAGS, marketplaces=(SHOP, OTHER)))
    for one in ("L1", "L2", "L3"):
        review(one, "confirmed", marketplace=SHOP, note="sure")
    review("L4", "dismissed", marketplace=SHOP)
    review("O1", "confirmed", marketplace=OTHER)
    lake = Lake(own_warehouse.settings)
    history = [seen("L1", DAY, "e1"), seen("L2", BEFORE, "e2"), seen("L9", DAY, "e9")]
    # The last time that the shop was taken was the day before.
    where = {"ds": BEFORE.isoformat(), "marketplace": SHOP}
    lake.write(LISTING_HISTORY, pa.Table.from_pylist(history, LISTING_HISTORY.schema), **where)
    listed = pa.Table.from_pylist([listing_row("L1")], LISTINGS.schema)
    lake.write(LISTINGS, listed, **where)
    return own_warehouse.settings


def seen(listing_id: str, last_seen: date, evidence: str) -> dict[str, object]:
    return {
        "listing_id": listing_id,
        "first_seen": BEFORE,
        "last_seen": last_seen,
        "active": True,
        "price_changes": [],
        "image_sha256": "aa",
        "fingerprint": "f",
        "evidence_sha256": evidence,
        "evidence_ds": BEFORE,
    }


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_confirmed_flags_go_out_by_seller_with_their_evidence(settings, tmp_path):
    out = tmp_path / "confirmed.parquet"
    assert export(settings, out) == Exported(listings=4, sellers=3)
    rows = pq.read_table(out).to_pylist()
    places = [(one["marketplace"], one["seller_id"], one["listing_id"]) for one in rows]
    assert places == [
        (OTHER, None, "O1"), (SHOP, "s1", "L1"), (SHOP, "s1", "L3"), (SHOP, "s2", "L2"),
    ]  # fmt: skip
    evidence = [(one["last_seen"], one["evidence_sha256"], one["evidence_ds"]) for one in rows]
    assert evidence == [
        (None, None, None), (DAY, "e1", BEFORE), (None, None, None), (BEFORE, "e2", BEFORE),
    ]  # fmt: skip
    first, last = rows[1], rows[3]
    assert (first["title"], first["image_sha256"], first["review_note"]) == (TITLE, "aa", "sure")
    assert (first["flagged_ds"], first["first_flagged_ds"]) == (DAY, DAY)
    assert (first["reviewed_by"], first["rule_id"], first["model_version"]) == (
        "ann",
        "origin",
        "1",
    )
    assert abs(first["reviewed_at"] - datetime.now(UTC)).days == 0
    assert last["reasons"] == ["x", "y; z"]


def test_a_csv_has_the_same_rows_and_runs_nothing_in_a_spreadsheet(settings, tmp_path):
    out = tmp_path / "confirmed.csv"
    export(settings, out)
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    head, *rows = table(out)
    named = [dict(zip(head, row, strict=True)) for row in rows]
    assert [one["listing_id"] for one in named] == ["O1", "L1", "L3", "L2"]
    assert [one["title"] for one in named] == ["bag", TITLE, "'+1", "'=HYPERLINK(1)"]
    assert [one["seller_name"] for one in named] == ["", "'@ann", "", ""]
    assert (named[3]["reasons"], named[3]["evidence_ds"]) == ("x; y; z", "2026-03-01")
    assert (named[2]["confidence"], named[1]["price"]) == ("", "10")
    assert named[1]["reviewed_at"].startswith("20")


@pytest.mark.parametrize(
    "cell", ["=1", "+1", "-1", "@x", " =1", "\t=1", "\rx", "\nx", "＝1", "＠x"]
)
@FORMULA
def test_each_beginning_of_a_formula_is_disarmed(warehouse, own_warehouse, review, tmp_path, cell):
    warehouse.replace_day(DAY, flagged_day(flag("a", title=cell, url=cell, seller_name="a=b")))
    review("a", "confirmed", note=cell)
    export(own_warehouse.settings, tmp_path / "one.csv")
    head, row = table(tmp_path / "one.csv")
    found = dict(zip(head, row, strict=True))
    assert [found[name] for name in ("title", "url", "review_note")] == [f"'{cell}"] * 3
    assert found["seller_name"] == "a=b"


def test_one_seller_or_notice_alone(settings, tmp_path):
    assert export(settings, tmp_path / "a.csv", SHOP, "s1") == Exported(2, 1)
    open_notice(settings, SHOP, "s2", "ann")
    out = tmp_path / "b.parquet"
    assert export(settings, out, notice_id=1) == Exported(1, 1)
    (row,) = pq.read_table(out).to_pylist()
    assert (row["listing_id"], row["notice_id"], row["notice_status"]) == ("L2", 1, "drafted")


def test_nothing_confirmed_is_a_file_without_rows(warehouse, own_warehouse, tmp_path):
    for name in ("none.csv", "none.parquet"):
        assert export(own_warehouse.settings, tmp_path / name) == Exported(0, 0)
    assert len(table(tmp_path / "none.csv")) == 1
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0


def test_a_file_that_cannot_be_written_is_one_sentence(settings, tmp_path):
    with pytest.raises(NoticeError, match=r"neither \.csv nor \.parquet"):
        export(settings, tmp_path / "flags.xlsx")
    with pytest.raises(NoticeError, match="cannot be written: No such file or directory"):
        export(settings, tmp_path / "away" / "flags.csv")
    (tmp_path / "dir.csv").mkdir()
    with pytest.raises(NoticeError, match=r"dir\.csv cannot be written"):
        export(settings, tmp_path / "dir.csv")


def test_the_command(own_warehouse, settings, tmp_path):
    out = tmp_path / "confirmed.csv"
    uri = settings.warehouse_uri.get_secret_value()
    done = own_warehouse.counterfeit(
        "export", str(out), "--marketplace", SHOP, COUNTERFEIT_WAREHOUSE_URI=uri
    )
    assert done.returncode == 0, done.stderr
    assert f"{out}: 3 confirmed listings of 2 sellers." in done.stdout
    assert len(table(out)) == 4
