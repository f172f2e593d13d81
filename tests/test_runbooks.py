"""A page for each DAG, each failure caused by a test, and no link that leads nowhere."""

import re
from pathlib import Path

import pytest

from counterfeit_ml.settings import ROOT

FOLDER = ROOT / "docs" / "runbooks"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
HOW_TOS = {"adding_a_marketplace", "filling_in_days", "refused_records"}
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#:]*)(#[^)]*)?\)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def test_every_dag_has_its_page():
    assert {file.stem for file in (ROOT / "dags").glob("*.py")} <= {page.stem for page in PAGES}


def test_the_index_names_every_page():
    named = {link for link, _ in LINK.findall((FOLDER / "README.md").read_text("utf-8"))}
    assert named == {page.name for page in PAGES}


@pytest.mark.parametrize("page", [one for one in PAGES if one.stem not in HOW_TOS], ids=str)
def test_every_failure_is_caused_by_a_test_that_there_is(page):
    text = page.read_text("utf-8")
    assert "## Cause it" in text
    named = TEST.findall(text)
    assert named
    for file, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text("utf-8"), re.M), (file, name)


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(document):
    for link, anchor in LINK.findall(document.read_text("utf-8")):
        target = (document.parent / link).resolve() if link else document
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor[1:] in anchors(target), f"{link}{anchor}"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("drift", "1902-01-01"), "scored_listings/ds=1902-01-01 was never published"),
        (("validate", "1902-01-01"), "1902-01-01"),
        (("retrain", "--set", "no-such-set"), "no-such-set"),
    ],
)
def test_a_command_that_causes_a_failure_says_its_sentence(services, arguments, sentence):
    done = services.counterfeit(*arguments)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_reviews_cannot_be_imported_while_the_warehouse_is_away(services, unused_port):
    away = f"postgresql://nobody@127.0.0.1:{unused_port}/none"
    done = services.counterfeit("reviews", COUNTERFEIT_WAREHOUSE_URI=away)
    assert done.returncode == 1
    assert "is PostgreSQL up" in done.stderr
