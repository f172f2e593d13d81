from collections.abc import Callable
from functools import partial

import pytest

from counterfeit_ml.lake import Lake
from tests.monitoring import drawn


@pytest.fixture(scope="session")
def shared_lake(services) -> Lake:
    return Lake(services.settings)


@pytest.fixture
def lake(shared_lake) -> Lake:
    """The lake, in which no day was compared or scored yet."""
    for dataset in ("drift", "scored_listings", "listing_history"):
        shared_lake.delete(shared_lake.keys(f"{dataset}/"))
    return shared_lake


@pytest.fixture
def put_day(lake) -> Callable[..., None]:
    """Publishes a day's scores and history."""
    return partial(drawn.put_day, lake)
