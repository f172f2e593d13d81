"""Every fault at every stage: the run ends with what an undisturbed one leaves, or it is lost."""

import os

import pytest

from tests.faults import results
from tests.faults.faults import DISK_FULL, FAULTS
from tests.faults.stages import RETRAIN, STAGES
from tests.faults.table import LOST, OUTCOMES

# Only root may mount a disk small enough to be filled.
CHOSEN = [fault for fault in FAULTS if fault != DISK_FULL or os.geteuid() == 0]

pytestmark = pytest.mark.timeout(1800)


@pytest.mark.parametrize("fault", CHOSEN)
@pytest.mark.parametrize("stage", STAGES, ids=str)
def test_nothing_is_lost(ground, stage, fault, pytestconfig):
    retrains = stage.dag_id == RETRAIN
    expected = ground.undisturbed_champion if retrains else ground.undisturbed_day
    outcomes = pytestconfig.stash[OUTCOMES]
    outcomes[fault, stage.name] = LOST
    outcome = ground.disturbed(stage, FAULTS[fault])
    assert (ground.champion() if retrains else ground.day()) == expected
    outcomes[fault, stage.name] = outcome


def test_there_was_something_to_lose(ground):
    day = ground.undisturbed_day
    kinds = {key.split("/")[0] for key in day["objects"]}
    assert kinds == {prefix.strip("/") for prefix in results.PUBLISHED}
    assert all(day["rows"].values())
