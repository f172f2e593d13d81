import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.reasons import Refused
from ingestion.feed.reading import read_bytes

HEADER = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Variant Price,Image Src,Image Position"
)
EXPORT = f"""{HEADER}
red-bag,Red Bag,"<p>A bag,
red</p>",Maker,Bags,,49.90,https://cdn.example/2.jpg,2
red-bag,,,,,,59.90,https://cdn.example/1.jpg,1
red-bag,,,,,,,https://cdn.example/3.jpg,3
hat,Hat,,Maker,,Hats,9.5,,
hat,,,,,,9.50,,
"""


def entries(folder, text: str, **keys):
    return read_bytes(folder / "products.csv", text.encode(), **keys)


def test_an_export_works_out_of_the_box(tmp_path):
    bag, hat = entries(tmp_path, EXPORT)
    assert bag.record == {
        "listing_id": "red-bag",
        "title": "Red Bag",
        "description": "<p>A bag,\nred</p>",
        "brand": "Maker",
        "category": "Bags",
        "price": "49.90 - 59.90",
        "image_url": "https://cdn.example/1.jpg",
        "image_urls": [f"https://cdn.example/{number}.jpg" for number in (1, 2, 3)],
        "scraped_at": "2026-11-22T00:00:00Z",
    }
    assert (bag.source, bag.rows) == ("products.csv:2", 4)
    assert bag.text.splitlines() == EXPORT.splitlines()[1:5]
    assert (hat.record["price"], hat.record["category"], hat.rows) == ("9.5", "Hats", 2)


def test_what_the_export_does_not_say_is_configured(tmp_path):
    bag, _ = entries(
        tmp_path,
        EXPORT,
        columns={"url": "https://shop.example/products/{Handle}", "title": "{Vendor} {Title}"},
        constants={"currency": "EUR"},
    )
    assert bag.record["url"] == "https://shop.example/products/red-bag"
    assert (bag.record["title"], bag.record["currency"]) == ("Maker Red Bag", "EUR")


def test_format_csv_has_each_row_a_listing(tmp_path):
    found = entries(tmp_path, EXPORT, format="csv", columns={"listing_id": "Handle"})
    assert [entry.record["listing_id"] for entry in found] == ["red-bag"] * 3 + ["hat"] * 2


def test_a_bad_row_within_a_product_does_not_part_it(tmp_path):
    bad, bag, _ = entries(tmp_path, EXPORT.replace("red-bag,,", "red-bag,\nred-bag,,", 1))
    assert (bad.source, bad.record.reason) == ("products.csv:4", "bad_row")
    assert len(bag.record["image_urls"]) == 3
    assert bag.rows == 4


def test_a_product_without_end_is_one_refusal(tmp_path):
    row = f"red-bag,,{'x' * 1000},,,,1,,\n"
    bag, hat = entries(tmp_path, EXPORT.replace("hat,Hat", f"{row * 3000}hat,Hat"))
    assert (bag.record.reason, bag.rows) == ("bad_row", 3004)
    assert len(bag.text) < 1 << 21
    assert hat.record["title"] == "Hat"


@pytest.mark.parametrize(
    ("prices", "expected"),
    [(["1", "x"], "1"), (["", ""], None), (["NaN", "1"], "NaN"), (["-1", "2"], "-1 - 2")],
)
def test_prices_of_variants(tmp_path, prices, expected):
    rows = "".join(f"a,T,,,,,{price},,{'9' * 5000}\n" for price in prices)
    (entry,) = entries(tmp_path, f"{HEADER}\n{rows}")
    assert entry.record.get("price") == expected


def test_says_what_makes_it_no_export(tmp_path):
    with pytest.raises(IngestionError, match="lacks the columns Handle, Image Src, Variant Price"):
        entries(tmp_path, "Title\nT\n", format="shopify")


CELL = st.text(alphabet='ab",\r\n é', max_size=4)
LINE = st.one_of(
    st.binary(max_size=20),
    st.lists(CELL, min_size=3, max_size=3).map(lambda cells: ",".join(["a", *cells]).encode()),
)


@given(st.lists(LINE, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_line_is_accounted_for(tmp_path, lines):
    """Products, refused rows and blank lines are all there is below the header."""
    content = b"Handle,Title,Variant Price,Image Src\nlast,T,1,\n" + b"\n".join(lines)
    found = read_bytes(tmp_path / "a.csv", content)
    below = content.split(b"\n")[1:]
    blank = sum(1 for line in below if not line.decode("utf-8", errors="replace").strip())
    taken = sum(entry.rows for entry in found)
    assert len(below) - blank <= taken <= len(below)  # a quoted field may hold blank lines
    assert all(isinstance(entry.record, dict | Refused) for entry in found)
