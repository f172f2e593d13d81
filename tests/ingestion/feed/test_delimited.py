import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed.entry import MAX_RECORD_BYTES
from counterfeit_ml.ingestion.feed.escapes import is_escaped, unescaped
from counterfeit_ml.ingestion.reasons import Refused
from ingestion.feed.reading import found, read_bytes

HEADER = b"listing_id,title,scraped_at\n"
GOOD = {"listing_id": "A", "title": "Bag", "scraped_at": "x"}


def entries(folder, content: bytes, **keys):
    return read_bytes(folder / "listings.csv", content, **keys)


def test_a_quoted_field_may_span_lines(tmp_path):
    content = b'\xef\xbb\xbflisting_id,title\r\n\r\nA,"Bag,\r\n\r\nblack"\r\nB,"a ""b"" c"\r\n'
    first, second = entries(tmp_path, content)
    assert (first.source, first.text, first.rows) == (
        "listings.csv:3",
        'A,"Bag,\r\n\r\nblack"',
        3,
    )
    assert first.record["title"] == "Bag,\r\n\r\nblack"
    assert (second.source, second.record["title"]) == ("listings.csv:6", 'a "b" c')


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_shows_the_delimiter(tmp_path, delimiter):
    content = delimiter.join(["listing_id", "title", "price"]) + "\n"
    content += delimiter.join(["A", '"1,5; 2|\t3"', "10"])
    (entry,) = entries(tmp_path, content.encode())
    assert entry.record["title"] == "1,5; 2|\t3"


@pytest.mark.parametrize(
    "line",
    [
        b"A,Bag",
        b"A,Bag,x,y",
        b'A,"Bag" black,x',
        b'A,"Bag,x',
        b"A,B\x00ag,x",
        b"A,B\xe8g,x",
        b"A,B\rg,x",
        b"A," + b"x" * 140_000 + b",x",
        b"A," + b"x" * (2 * MAX_RECORD_BYTES) + b",x",
        b'A,"' + b"x," * MAX_RECORD_BYTES + b'",x',
    ],
)
def test_a_bad_line_is_an_entry_and_the_rest_goes_on(tmp_path, line):
    bad, *rest = entries(tmp_path, HEADER + line + b"\nA,Bag,x\n" * 3)
    assert (bad.source, bad.rows, bad.record.reason) == ("listings.csv:2", 1, "bad_row")
    assert len(bad.text) <= MAX_RECORD_BYTES + 1
    assert found(rest) == [GOOD, GOOD, GOOD]


def test_a_stray_quote_takes_one_line_and_not_the_file(tmp_path):
    lines = b"A,Bag,x\n" * (2 * MAX_RECORD_BYTES // 8)
    bad, *rest = entries(tmp_path, HEADER + b'A,"Bag,x\n' + lines)
    assert bad.record.reason == "bad_row"
    assert len(rest) == lines.count(b"\n")
    assert rest[-1].source == f"listings.csv:{len(rest) + 2}"
    assert all(entry.record == GOOD for entry in rest)


@pytest.mark.parametrize("content", [b"", b"\n \n", HEADER, HEADER + b"\r\n  \n"])
def test_a_header_alone_is_empty(tmp_path, content):
    with pytest.raises(IngestionError, match=r"listings\.csv is empty.*nothing was changed"):
        entries(tmp_path, content)


@pytest.mark.parametrize("header", ["titlé\n".encode("latin-1"), "title\nT".encode("utf-16"), b'"'])
def test_a_header_that_is_no_csv_is_an_error(tmp_path, header):
    with pytest.raises(IngestionError, match=r"header of the feed .*as CSV in UTF-8"):
        entries(tmp_path, header)


def test_escapes_are_read_where_a_whole_column_has_them(tmp_path):
    rows = b"listing_id,title\nA,Women\\u2019s \\ud83d\\ude00\nB,two\\n lines\nC,half \\ud83d\n"
    assert [entry.record["title"] for entry in entries(tmp_path, rows)] == [
        "Women’s 😀",
        "two\n lines",
        "half \\ud83d",
    ]
    as_it_is = entries(tmp_path, rows + b"D,a\\x\n")
    assert as_it_is[0].record["title"] == "Women\\u2019s \\ud83d\\ude00"


@pytest.mark.parametrize(
    "values", [[], ["C:\\new"], ["\\u2019", "é"], ["\\u2019", "C:\\dir"], ["\\u20"]]
)
def test_a_backslash_alone_is_no_escape(values):
    assert not is_escaped(values)


@given(st.text(max_size=20))
def test_an_escaped_text_is_read_back(text):
    escaped = "".join(
        char if char.isascii() and char != "\\" else "\\\\" if char == "\\" else _escape(char)
        for char in text
    )
    assert unescaped(escaped) == text


def _escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


CELLS = st.text(alphabet='ab",;\t|\r\n \\é', max_size=8)
LINES = st.lists(st.binary(max_size=30) | CELLS.map(str.encode), max_size=12)


@given(LINES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_line_is_accounted_for(tmp_path, lines):
    """Whatever the file holds, its lines are the header, blank, or an entry's."""
    below = b"\n".join(lines)
    entries_found = _entries_or_empty(tmp_path, b"title,price\n" + below)
    accounted = {
        number
        for entry in entries_found
        for number in range(_line(entry), _line(entry) + entry.rows)
    }
    assert len(accounted) == sum(entry.rows for entry in entries_found)
    unread = [line for number, line in enumerate(below.split(b"\n"), 2) if number not in accounted]
    assert not any(_text(line) for line in unread)
    assert all(isinstance(entry.record, dict | Refused) for entry in entries_found)


def _entries_or_empty(folder, content: bytes):
    try:
        return entries(folder, content)
    except IngestionError as error:
        if "is empty" not in str(error):
            raise
        return []


def _line(entry) -> int:
    return int(entry.source.rpartition(":")[2])


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").strip()


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_reads_back_what_the_csv_module_writes(tmp_path, rows):
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["listing_id", "title", "brand"])
    writer.writerows(rows)
    fields = ("listing_id", "title", "brand")
    read = entries(tmp_path, file.getvalue().encode())
    assert [tuple(e.record.get(field, "") for field in fields) for e in read] == rows
