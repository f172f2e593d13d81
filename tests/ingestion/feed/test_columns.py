import pytest

from counterfeit_ml.errors import IngestionError
from ingestion.feed.reading import read_bytes


def record(folder, text: str, **keys):
    (entry,) = read_bytes(folder / "a.csv", text.encode(), **keys)
    return entry.record


def test_columns_constants_and_templates(tmp_path):
    made = record(
        tmp_path,
        "SKU,Name,Body (HTML),price,currency\n7,Bag,Text,10,\n",
        columns={
            "listing_id": "SKU",
            "title": "{Name} #{SKU}",
            "description": "Body (HTML)",
            "url": "https://shop.example/{SKU}?c={currency}",
        },
        constants={"currency": "EUR", "price": "1"},
    )
    assert made == {
        "listing_id": "7",
        "title": "Bag #7",
        "description": "Text",
        "price": "10",
        "currency": "EUR",
        "scraped_at": "2026-11-22T00:00:00Z",
    }


def test_mapping_works_for_jsonl(tmp_path):
    (entry,) = read_bytes(
        tmp_path / "a.jsonl",
        b'{"id": 7, "name": "Bag", "ok": true}\n',
        columns={"listing_id": "id", "title": "{name}/{id}", "brand": "{ok}"},
    )
    assert entry.record == {
        "listing_id": 7,
        "title": "Bag/7",
        "scraped_at": "2026-11-22T00:00:00Z",
    }


@pytest.mark.parametrize("given", ["Nmae", "{Nmae}"])
@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", b"Name\nBag\n"), ("a.jsonl", b'{"Name": 1}')]
)
def test_a_column_that_is_not_there_is_one_error(tmp_path, name, content, given):
    with pytest.raises(
        IngestionError, match=r"does not have the column 'Nmae' that columns\.title.*are Name;"
    ):
        read_bytes(tmp_path / name, content, columns={"title": given})


def test_a_column_that_is_there_twice_is_an_error(tmp_path):
    with pytest.raises(IngestionError, match="has 2 times the column 'title'"):
        record(tmp_path, "title,title\na,b\n")


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("url,title", "https://a.example,T", "38612c965a9c4c35"),
        ("image_url,title", "https://a.example,T", "38612c965a9c4c35"),
        ("title,url", "T,", "e632b7095b0bf32c"),
        ("title,listing_id", "T,", None),
    ],
)
def test_an_id_is_derived_where_the_file_has_none(tmp_path, header, row, expected):
    made = record(tmp_path, f"{header}\n{row}\n")
    assert made.get("listing_id") == expected


def test_no_id_is_derived_from_a_constant(tmp_path):
    one, two = read_bytes(
        tmp_path / "a.csv", b"title,brand\nA,x\nB,x\n", constants={"url": "https://a.example"}
    )
    assert one.record["listing_id"] != two.record["listing_id"]


@pytest.mark.parametrize(
    ("price", "currency", "expected"),
    [
        ("8841", "EUR", 88.41),
        (" 5 ", "eur", 0.05),
        ("8841", "JPY", 8841.0),
        ("8841", "KWD", 8.841),
        ("-1", "USD", -0.01),
    ],
)
def test_minor_units(tmp_path, price, currency, expected):
    made = record(
        tmp_path, f"title,price,currency\nT,{price},{currency}\n", price_in_minor_units=True
    )
    assert made["price"] == expected


@pytest.mark.parametrize("price", ["88.41", "€ 5", "1e5", "٣", "9" * 16])
def test_minor_units_are_whole(tmp_path, price):
    refusal = record(tmp_path, f"title,price\nT,{price}\n", price_in_minor_units=True)
    assert refusal.reason == "unparseable_price"


@pytest.mark.parametrize("price", [b"8841.5", b"[1]", b"true", b"1e300", b"[" * 900 + b"]" * 900])
def test_minor_units_of_json(tmp_path, price):
    content = b'{"price": 8841.0}\n{"price": %b}' % price
    good, bad = read_bytes(tmp_path / "a.jsonl", content, price_in_minor_units=True)
    assert good.record["price"] == 88.41
    assert bad.record.reason == "unparseable_price"


@pytest.mark.parametrize(
    ("image_url", "image_urls", "expected"),
    [
        ("", "https://a/1 https://a/2", ["https://a/1", "https://a/2"]),
        (
            "",
            "https://a/1,2;3, https://a/2;http://a/4",
            ["https://a/1,2;3", "https://a/2", "http://a/4"],
        ),
        ("https://a/2", "https://a/1|https://a/2", ["https://a/2", "https://a/1"]),
        ("https://a/2", "", ["https://a/2"]),
        ("", "", None),
    ],
)
def test_pictures_are_a_list_with_the_first_first(tmp_path, image_url, image_urls, expected):
    made = record(tmp_path, f'title,image_url,image_urls\nT,{image_url},"{image_urls}"\n')
    assert made.get("image_urls") == expected
    assert made.get("image_url") == (expected and expected[0])
