"""Makes Great Expectations' pages stand on their own: an index, one style sheet, no script.

As built they fetch scripts and styles from the internet, and their index is empty without them;
they also quote listings from hostile pages, so a page that runs nothing is the safer one.
"""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment

# Where the site stands in the lake.
SITE = "data_docs/site"
INDEX = "index.html"
STYLES = "static/data_docs.css"
SCRIPTS = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)
LINKED = re.compile(r"<(?:link|img)\b[^>]*\bhttps?://[^>]*>", re.IGNORECASE)


def complete_site(site: Path, results: Path) -> None:
    """Rewrite the pages of ``site`` in place, and write its index from ``results``."""
    for page in site.rglob("*.html"):
        depth = len(page.relative_to(site).parents) - 1
        page.write_text(_self_contained(page.read_text("utf-8"), "../" * depth), "utf-8")
    (site / "static").mkdir(exist_ok=True)
    (site / STYLES).write_text(_packaged("data_docs.css"), "utf-8")
    (site / INDEX).write_text(_index(results), "utf-8")


def _self_contained(html: str, root: str) -> str:
    bare = LINKED.sub("", SCRIPTS.sub("", html))
    return bare.replace("</head>", f'<link rel="stylesheet" href="{root}{STYLES}"></head>', 1)


def _index(results: Path) -> str:
    """The results, newest day first, as a table that links to each page."""
    pages = [
        _row(path.relative_to(results), json.loads(path.read_bytes()))
        for path in results.rglob("*.json")
    ]
    pages.sort(key=lambda page: (page["run_name"], page["suite"]), reverse=True)
    template = Environment(autoescape=True).from_string(_packaged("data_docs_index.html"))
    return template.render(pages=pages)


def _row(path: Path, result: dict[str, Any]) -> dict[str, Any]:
    statistics = result["statistics"]
    return {
        "suite": path.parts[0],
        "run_name": path.parts[1],
        "href": quote(f"validations/{path.with_suffix('.html').as_posix()}"),
        "success": result["success"],
        "evaluated": statistics["evaluated_expectations"],
        "unsuccessful": statistics["unsuccessful_expectations"],
    }


def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
