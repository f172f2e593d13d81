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
from lxml import html

# Where the site stands in the lake.
SITE = "data_docs/site"
INDEX = "index.html"
STYLES = "static/data_docs.css"
# What Great Expectations' pages need to be read. Their own scripts, styles, logos and forms go;
# whatever else stands there came out of a listing, and is shown as the text that it is.
KEPT_TAGS = frozenset(
    "html head title body div span p a ul ol li table thead tbody tr th td h1 h2 h3 h4 h5 h6 "
    "strong b i em code pre br hr small nav section header footer".split()
)
DROPPED_TAGS = frozenset("script style link meta button input label noscript".split())
KEPT_ATTRIBUTES = frozenset(("class", "id", "href", "colspan", "rowspan"))
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
OWN_LINK = re.compile(r"^(?!//)[\w./#?=&%+-]*$")


def complete_site(site: Path, results: Path) -> None:
    """Rewrite the pages of ``site`` in place, and write its index from ``results``."""
    for page in site.rglob("*.html"):
        depth = len(page.relative_to(site).parents) - 1
        page.write_text(_self_contained(page.read_text("utf-8"), "../" * depth), "utf-8")
    (site / "static").mkdir(exist_ok=True)
    (site / STYLES).write_text(_packaged("data_docs.css"), "utf-8")
    (site / INDEX).write_text(_index(results), "utf-8")


def _self_contained(text: str, root: str) -> str:
    page = html.document_fromstring(CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text))
    for element in list(page.iter()):
        if not isinstance(element.tag, str) or element.tag in DROPPED_TAGS or _is_logo(element):
            element.drop_tree()
        elif element.tag not in KEPT_TAGS:
            _show_as_text(element)
        else:
            _keep_own_attributes(element)
    page.head.append(page.makeelement("link", {"rel": "stylesheet", "href": f"{root}{STYLES}"}))
    page.head.insert(0, page.makeelement("meta", {"charset": "utf-8"}))
    return "<!doctype html>\n" + str(html.tostring(page, encoding="unicode"))


def _is_logo(element: html.HtmlElement) -> bool:
    return element.tag == "img" and any(
        "navbar" in above.get("class", "") for above in element.iterancestors()
    )


def _show_as_text(element: html.HtmlElement) -> None:
    """Put the source of ``element`` in its place."""
    source = str(html.tostring(element, encoding="unicode", with_tail=False))
    shown = element.makeelement("span")
    shown.text, shown.tail = source, element.tail
    element.getparent().replace(element, shown)


def _keep_own_attributes(element: html.HtmlElement) -> None:
    for name, value in list(element.attrib.items()):
        if name not in KEPT_ATTRIBUTES or (name == "href" and not OWN_LINK.match(value)):
            del element.attrib[name]


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
