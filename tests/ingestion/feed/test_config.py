import subprocess
import sys
from datetime import date

import pytest
from pydantic import ValidationError

from counterfeit_ml.ingestion.feed import Feed
from counterfeit_ml.ingestion.feed.config import format_of


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.jsonl", "jsonl"),
        ("a.ndjson.gz", "jsonl"),
        ("/data/A.CSV", "csv"),
        ("a.tsv", "csv"),
        ("s3://bucket/a.parquet.gz", "parquet"),
        ("https://shop.example/a.csv.gz?key=1.parquet", "csv"),
        ("https://shop.example/", None),
        ("listings", None),
    ],
)
def test_the_extension_says_the_format(path, expected):
    assert format_of(path) == expected


def test_the_day_is_in_the_path():
    feed = Feed(path="s3://partner/{ds}/export.csv")
    assert feed.address(date(2026, 11, 22)) == "s3://partner/2026-11-22/export.csv"


def test_a_locale_and_numbers_are_read_as_people_write_them():
    feed = Feed(path="a.csv", locale="de-de", constants={"seller_id": 17})
    assert (feed.locale, feed.constants) == ("de_DE", {"seller_id": "17"})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"path": "a.txt"}, "give `format`, one of jsonl, csv, parquet, shopify"),
        ({"path": "{day}.csv"}, r"only \{ds\}, the day, can be filled in, not \{day\}"),
        ({"path": "ftp://shop.example/a.csv"}, "neither a path nor an s3://"),
        ({"path": "s3://a.csv"}, "write s3://bucket/key"),
        ({"path": "https://user:secret@shop.example/a.csv"}, "user name or password"),
        ({"path": "https://shop.example/a b.csv"}, "blanks"),
        ({"path": ""}, "is no path"),
        ({"path": "a\0.csv"}, "is no path"),
        ({"path": "a.csv", "columns": {"titel": "Name"}}, "columns.titel"),
        ({"path": "a.csv", "columns": {"title": ""}}, "columns.title"),
        ({"path": "a.csv", "constants": {"euro": "EUR"}}, "constants.euro"),
        ({"path": "a.csv", "locale": "klingon"}, "'klingon' is no locale"),
        ({"path": "a.csv", "delimiter": ";"}, "delimiter"),
    ],
)
def test_says_what_is_wrong(keys, message):
    with pytest.raises(ValidationError, match=message) as fault:
        Feed(**keys)
    assert "secret@" not in str(fault.value.errors()[0]["msg"])


def test_reading_libraries_wait_for_a_feed_to_be_read():
    heavy = ["pyarrow", "obstore", "aiohttp", "pandas"]
    program = (
        "import sys, types\n"
        "import counterfeit_ml\n"
        "room = types.ModuleType('counterfeit_ml.ingestion')\n"  # the room imports the rest
        "room.__path__ = [counterfeit_ml.__path__[0] + '/ingestion']\n"
        "sys.modules[room.__name__] = room\n"
        "import counterfeit_ml.ingestion.feed\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
