import json
from pathlib import Path

import pytest

from counterfeit_ml.validation.site import complete_site
from tests.intrusions import SCRIPT

RESULT = {
    "success": False,
    "statistics": {"evaluated_expectations": 3, "unsuccessful_expectations": 1},
}


def rewritten(folder: Path, body: str) -> str:
    page = folder / "site" / "validations" / "listings" / "day" / "page.html"
    page.parent.mkdir(parents=True)
    head = '<head><title>t</title><script src="https://cdn/x.js"></script></head>'
    page.write_text(f"<html>{head}<body>{body}</body></html>", "utf-8")
    (folder / "results").mkdir()
    complete_site(folder / "site", folder / "results")
    return page.read_text("utf-8")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<td><img src=x onerror=alert(1)></td>", "&lt;img src=&quot;x&quot;"),
        ("<p><svg onload=alert(1)></svg></p>", "&lt;svg onload="),
        ("<p><iframe src=//evil></iframe></p>", "&lt;iframe src="),
        ("<p><svg>\x00\x01\x7f</svg></p>", "&lt;svg&gt;\ufffd\ufffd\ufffd"),
        ("<p><marquee>new</marquee></p>", "&lt;marquee&gt;new"),
    ],
)
@SCRIPT
def test_markup_out_of_a_listing_is_shown_as_text(tmp_path, body, shown):
    assert shown.replace("&quot;", '"') in rewritten(tmp_path, body)


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<scr<script>ipt>alert(1)</script>",
        '<p onclick="alert(1)">x</p>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="//evil/x">x</a>',
        '<p style="position:fixed">x</p>',
        '<meta http-equiv="refresh" content="0;url=//evil">',
        "<style>* {display: none}</style>",
        "<!-- <script> -->",
    ],
)
@SCRIPT
def test_nothing_of_it_runs_or_leads_away(tmp_path, body):
    html = rewritten(tmp_path, body)
    for word in ("<script", "onclick", "javascript:", "//evil", "style=", "http-equiv", "<style"):
        assert word not in html


def test_what_the_page_needs_stays(tmp_path):
    html = rewritten(
        tmp_path, '<a class="x" href="../index.html#top">Home</a><table id="t"></table>'
    )
    assert '<a class="x" href="../index.html#top">Home</a>' in html
    assert 'href="../../../static/data_docs.css"' in html


def test_the_index_lists_results_as_text(tmp_path):
    result = tmp_path / "results" / "listings" / "<b>day" / "time" / "batch.json"
    result.parent.mkdir(parents=True)
    result.write_text(json.dumps(RESULT))
    (tmp_path / "site").mkdir()
    complete_site(tmp_path / "site", tmp_path / "results")
    index = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert "&lt;b&gt;day" in index
    assert "✘ failed" in index
    assert 'href="validations/listings/%3Cb%3Eday/time/batch.html"' in index
