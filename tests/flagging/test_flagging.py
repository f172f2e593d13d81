"""A scored day into the warehouse, and the trial of other rules, by the command line too."""

from datetime import date

import pyarrow as pa
import pytest

from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.flagging import flag, try_rules
from counterfeit_ml.lake import Lake
from counterfeit_ml.warehouse import Warehouse
from tests.flagging.judging import row

FIRST, SECOND = "1987-03-01", "1987-03-02"
HOSTILE = "'; DROP TABLE warehouse.flagged_listings; -- [red]\u202e<script>\x1b[2J"
NEW_RULES = """
rules:
  - id: cheap
    verdict: review
    when: {logo_confidence: {above: 0.89}, price_ratio: {below: 0.5}}
  - id: relisted
    verdict: counterfeit
    when: {relisted: true}
  - id: offender
    verdict: review
    when: {seller_flags_before: {at_least: 1}, brand: {is: no_logo}}
"""


@pytest.fixture
def settings(services):
    lake, warehouse = Lake(services.settings), Warehouse(services.settings)
    warehouse.migrate()
    days = {
        FIRST: [
            row(listing_id="a", image_phash="0" * 16, seller_id=HOSTILE, title=HOSTILE),
            row(listing_id="b", price_usd=140.0, seller_id="t"),
        ],
        SECOND: [
            row(listing_id="b", price_usd=140.0, seller_id="t", image_sha256="b" * 64),
            row(listing_id="c", price_usd=400.0, image_phash="0" * 15 + "1"),
            row(listing_id="d", price_usd=10.0, seller_id="t", image_sha256="d" * 64),
            row(listing_id="e", brand="no_logo", seller_id=HOSTILE, image_sha256="e" * 64),
        ],
    }
    for ds, rows in days.items():
        rows = [{**one, "marketplace": "flagging_test"} for one in rows]
        lake.write(SCORED_LISTINGS, pa.Table.from_pylist(rows, SCORED_LISTINGS.schema), ds=ds)
        flag(services.settings, ds, "run")
    return services.settings


def standing(settings, ds):
    sql = "SELECT * FROM warehouse.flagged_listings WHERE ds = %s ORDER BY listing_id"
    return Warehouse(settings).query(sql, date.fromisoformat(ds))


def test_a_day_is_flagged_and_again_changes_nothing(settings):
    before = standing(settings, SECOND)
    assert [(one["listing_id"], one["rule_id"]) for one in before] == [
        ("b", "logo_and_price_below_floor"),
        ("d", "logo_and_price_below_floor"),
    ]
    result = flag(settings, SECOND, "another run")
    assert (result.scored, result.flagged, result.written, result.deleted) == (4, 2, 0, 0)
    assert result.verdicts == {"counterfeit": 2}
    assert result.rules == {"logo_and_price_below_floor": 2}
    assert standing(settings, SECOND) == before
    assert str(result).startswith("1987-03-02 under rules ")
    (first, _) = standing(settings, FIRST)
    assert (first["seller_id"], first["title"]) == (HOSTILE, HOSTILE)


def test_a_trial_tells_new_cleared_and_changed_and_writes_nothing(settings, tmp_path):
    file = tmp_path / "new.yaml"
    file.write_text(NEW_RULES, "utf-8")
    before = standing(settings, SECOND)
    trial = try_rules(settings, SECOND, file)
    assert (trial.scored, trial.before, trial.after, trial.flagged_before) == (4, 2, 3, True)
    origin = "logo_and_price_below_floor"
    assert trial.by_rule == {
        ("new", None, "offender"): 1,
        ("new", None, "relisted"): 1,
        ("cleared", origin, None): 1,
        ("changed", origin, "cheap"): 1,
    }
    assert trial.by_brand == {
        ("gucci", "new"): 1,
        ("gucci", "cleared"): 1,
        ("gucci", "changed"): 1,
        ("no_logo", "new"): 1,
    }
    found = {one.listing.split("/")[1]: one for one in trial.examples}
    assert found["c"].reasons == ("the picture was flagged before, in listing flagging_test/a",)
    assert (found["d"].verdict_before, found["d"].verdict) == ("counterfeit", "review")
    assert standing(settings, SECOND) == before


def test_a_trial_of_a_day_that_was_never_flagged_says_so(settings, services):
    ds = "1987-03-09"
    table = pa.Table.from_pylist([row(title=HOSTILE)], SCORED_LISTINGS.schema)
    Lake(settings).write(SCORED_LISTINGS, table, ds=ds)
    done = services.counterfeit("flag", "--dry-run", "--day", ds)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "The day was never flagged: every flag is new." in said
    assert "\x1b[2J" not in done.stdout
    assert "\u202e" not in done.stdout
    assert "[red]" in done.stdout
    assert standing(settings, ds) == []


def test_the_command_line_shows_a_trial(settings, services, tmp_path):
    file = tmp_path / "new.yaml"
    file.write_text(NEW_RULES, "utf-8")
    done = services.counterfeit("flag", "--dry-run", "--rules", str(file), SECOND)
    assert done.returncode == 0, done.stderr
    assert "4 listings scored; 2 flags stand, 3 would. Nothing is written." in done.stdout
    for words in ("By rule", "By brand", "Examples", "offender", "counterfeit → review"):
        assert words in done.stdout
    same = services.counterfeit("flag", "--dry-run", SECOND)
    assert "No flag would be made, cleared or changed." in same.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rules", "x.yaml", SECOND], "give --rules with --dry-run"),
        ([], "give one day such as"),
        (["--day", SECOND, SECOND], "give one day such as"),
    ],
)
def test_the_command_line_says_what_belongs_together(services, arguments, words):
    done = services.counterfeit("flag", *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


def test_a_wrong_rule_is_one_sentence_with_its_line(settings, services, tmp_path):
    file = tmp_path / "new.yaml"
    file.write_text(NEW_RULES.replace("0.5}", "0.5, abve: 1}"), "utf-8")
    done = services.counterfeit("flag", "--dry-run", "--rules", str(file), SECOND)
    assert done.returncode == 1
    assert f"{file}:5: rules.0.when.price_ratio.abve: there is no such key here" in done.stderr
