"""SQL and script in every text field, from the feed to what a reviewer says."""

import json
import shutil
from dataclasses import replace
from datetime import date

import psycopg
import pytest

from counterfeit_ml.datasets import LISTINGS
from counterfeit_ml.flagging import flag
from counterfeit_ml.ingestion.ingest import ingest
from counterfeit_ml.lake import Lake
from counterfeit_ml.scoring import plan, publish, score_shard
from counterfeit_ml.settings import ROOT
from counterfeit_ml.warehouse import Warehouse
from counterfeit_ml.warehouse.reviews import Filters, Reviews, Subject
from tests.intrusions import SCRIPT, SQL_OF_REVIEWERS
from tests.scoring.colours import draw, register_colours

DAY, MARKETPLACE = "1999-07-01", "hostile_text"
SQL = (
    "'; DROP TABLE warehouse.flagged_listings; --",
    '"; DROP SCHEMA warehouse CASCADE; --',
    "') OR 1=1; COPY (SELECT 1) TO PROGRAM 'id'; --",
    "$$; SELECT pg_sleep(99); $$ %(ds)s %s {0} $1 ?",
    "\\'; ATTACH '/etc/passwd'; INSTALL httpfs; --",
)
FIELDS = ("listing_id", "title", "description", "brand", "category", "seller_id", "seller_name")
COLUMNS = ("title", "description", "brand_claimed", "category", "seller_id", "seller_name")
RULES = """
rules:
  - id: hostile
    verdict: review
    when:
      title: {has_any: [TEXT, drop, pg_sleep, attach, copy], has_none: [TEXT2]}
      seller: {listed_in: tried}
  - id: rest
    verdict: counterfeit
    when: {logo_confidence: {above: 0.5}, brand: {in: [gucci]}}
seller_lists:
  tried: [TEXT3]
"""


def record(number: int, text: str) -> str:
    """A listing that says ``text`` in each field that holds text."""
    return json.dumps(
        {
            **dict.fromkeys(FIELDS, text),
            "listing_id": f"{number} {text}",
            "url": f"https://shop.example/{number}?q={number}';--",
            "price": "10",
            "currency": "USD",
            "condition": text,
            "image": "1.jpg",
            "scraped_at": "1999-07-01T00:00:00Z",
        }
    )


@pytest.fixture(scope="module")
def hostile(services, tmp_path_factory):
    """The settings of a day that went the whole way, by rules that are as hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "1.jpg").write_bytes(draw(250, 0, 0))
    feed = folder / "feed.jsonl"
    feed.write_text("".join(f"{record(*one)}\n" for one in enumerate(SQL)), "utf-8")
    config = shutil.copytree(ROOT / "config", folder / "config")
    rules = RULES
    seller = f"hostile_text/{SQL[2]}"
    for name, text in (("TEXT3", seller), ("TEXT2", SQL[0]), ("TEXT", SQL[1])):
        rules = rules.replace(name, json.dumps(text))
    (config / "rules.yaml").write_text(rules, "utf-8")
    settings = services.settings.model_copy(update={"config_dir": config})
    ingest(settings, DAY, MARKETPLACE, str(feed))
    version = register_colours(settings, folder)
    staged = [score_shard(settings, version, shard) for shard in plan(settings, DAY, version)]
    publish(settings, DAY, version, staged)
    flag(settings, DAY, SQL[0])
    yield settings
    lake = Lake(settings)
    lake.delete([key for key in lake.keys("") if MARKETPLACE in key or f"ds={DAY}" in key])


def flags(settings) -> list[dict]:
    query = "SELECT * FROM warehouse.flagged_listings WHERE marketplace = %s ORDER BY listing_id"
    return Warehouse(settings).query(query, MARKETPLACE)


@pytest.mark.intrusion("SQL in every text field of a listing", "kept as text to the last character")
def test_a_listing_is_only_text(hostile):
    rows = Lake(hostile).read(LISTINGS, ds=DAY, marketplace=MARKETPLACE).to_pylist()
    assert len(rows) == len(SQL)
    for row, text in zip(sorted(rows, key=lambda row: row["listing_id"]), SQL, strict=True):
        assert {row[name] for name in COLUMNS} == {text}
        assert row["listing_id"].endswith(text)


@pytest.mark.intrusion("SQL in rules, lists and run ids of flagging", "bound as parameters")
def test_a_rule_is_only_text(hostile):
    found = flags(hostile)
    assert [one["title"] for one in found] == list(SQL)
    assert [one["seller_id"] for one in found] == list(SQL)
    assert {one["run_id"] for one in found} == {SQL[0]}
    assert [one["title"] for one in found if one["rule_id"] == "hostile"] == [SQL[2]]


@SQL_OF_REVIEWERS
@pytest.mark.parametrize("text", SQL)
def test_a_review_is_only_text(hostile, text):
    reviews = Reviews(hostile)
    (flagged,) = [one for one in flags(hostile) if one["title"] == text]
    subject = Subject(date.fromisoformat(DAY), MARKETPLACE, flagged["listing_id"], None)
    (said,) = reviews.decide([subject], "dismissed", text, text, "no_logo")
    told = reviews.flag(subject.ds, MARKETPLACE, subject.listing_id)["reviews"]
    assert [(one["reviewed_by"], one["note"]) for one in told] == [(text, text)]
    everything = Filters()
    for name in ("marketplace", "brand", "rule_id"):
        assert reviews.page(replace(everything, **{name: text})) == []
    assert said["review_id"]


@SCRIPT
def test_markup_does_not_get_past_the_door(services, tmp_path):
    (tmp_path / "1.jpg").write_bytes(draw(250, 0, 0))
    feed = tmp_path / "feed.jsonl"
    feed.write_text(record(0, "<script>alert(1)</script>&lt;img src=x onerror=alert(1)&gt; bag"))
    ingest(services.settings, DAY, f"{MARKETPLACE}_2", str(feed))
    lake = Lake(services.settings)
    (row,) = lake.read(LISTINGS, ds=DAY, marketplace=f"{MARKETPLACE}_2").to_pylist()
    assert row["title"] == "bag"
    assert not {"<", ">"} & set("".join(row[name] for name in (*COLUMNS, "listing_id")))
    lake.delete([key for key in lake.keys("") if f"{MARKETPLACE}_2" in key])


def test_every_table_is_still_there(hostile, services):
    with psycopg.connect(services.stack.bi_reader_uri) as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'warehouse'"
        (count,) = connection.execute(tables).fetchone() or (0,)
    assert count >= 8
