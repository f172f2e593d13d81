from datetime import UTC, datetime

import pyarrow as pa
import pytest

from counterfeit_ml.datasets import LISTINGS, SCORED_LISTINGS
from counterfeit_ml.errors import LateError
from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring.freshness import LastDays, age_hours, check_freshness
from counterfeit_ml.monitoring.metrics import Figure, exposition, figures
from counterfeit_ml.warehouse import Warehouse
from tests.stacks import run_sql

DAY = "2999-01-02"
FLAGGED = """
INSERT INTO warehouse.flagged_days
    (ds, marketplace, scored, flagged, rules_version, model_version, run_id)
VALUES ('2999-01-02', 'shop', 10, 3, 'r1', '1', 'run')
"""
INGESTED = {
    **dict.fromkeys(("listed", "new"), 10),
    **dict.fromkeys(("changed", "unchanged", "repeated", "inactive"), 0),
    "quarantined": 2,
    "reasons": {"missing_price": 2},
    "pictures": 9,
}


@pytest.fixture
def settings(own_warehouse):
    """A warehouse without any day, and the lake of all tests."""
    Warehouse(own_warehouse.settings).migrate()
    yield own_warehouse.settings
    lake = Lake(own_warehouse.settings)
    for name in ("listings", "scored_listings"):
        lake.delete(lake.keys(f"{name}/ds={DAY}/"))


def publish(settings, dataset, summary, **partition) -> None:
    empty = pa.table({one.name: pa.array([], one.type) for one in dataset.schema})
    Lake(settings).write(dataset, empty, summary, ds=DAY, **partition)


def test_a_day_that_has_not_got_far_is_late(settings):
    with pytest.raises(LateError, match=f"^{DAY} is not ingested yet"):
        check_freshness(settings, DAY)
    publish(settings, LISTINGS, INGESTED, marketplace="shop")
    with pytest.raises(LateError, match="is not scored yet"):
        check_freshness(settings, DAY)
    publish(settings, SCORED_LISTINGS, {"listings": 10, "failed": 1})
    with pytest.raises(LateError, match="is not flagged yet"):
        check_freshness(settings, DAY)
    assert LastDays.of(settings).flagged is None
    run_sql(settings, FLAGGED)
    assert check_freshness(settings, DAY) == {"ingested": 1, "scored": 1, "flagged": 1}
    assert LastDays.of(settings) == LastDays(DAY, DAY, DAY)


def test_the_figures_are_those_of_the_last_day(settings):
    publish(settings, LISTINGS, INGESTED, marketplace="shop")
    publish(settings, SCORED_LISTINGS, {"listings": 10, "failed": 1})
    run_sql(settings, FLAGGED)
    shop = {"marketplace": "shop"}
    found = [one for one in figures(settings) if one.name != "day_age_hours"]
    assert Figure("records", 10, {**shop, "outcome": "listed"}) in found
    assert Figure("refused_records", 2, {**shop, "reason": "missing_price"}) in found
    assert Figure("scored_listings", 10, {}) in found
    assert Figure("failed_pictures", 1, {}) in found
    assert Figure("flags", 3, shop) in found
    text = exposition(settings)
    assert 'counterfeit_flags{marketplace="shop"} 3.0' in text.splitlines()
    assert "# TYPE counterfeit_failed_pictures gauge" in text


def test_an_age_is_counted_from_the_day_s_begin():
    assert age_hours("2026-11-22", datetime(2026, 11, 23, 8, 30, tzinfo=UTC)) == 32.5
