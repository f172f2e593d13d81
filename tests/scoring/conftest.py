from collections.abc import Callable

import pytest

from counterfeit_ml.lake import Lake
from tests.scoring.colours import CLASSES, draw, register_colours


@pytest.fixture
def lake(services) -> Lake:
    return Lake(services.settings)


@pytest.fixture(scope="session")
def register(services, tmp_path_factory) -> Callable[..., str]:
    """Registers a colour model with the classes given, else those of the catalogue."""

    def register_one(classes: object = CLASSES) -> str:
        return register_colours(services.settings, tmp_path_factory.mktemp("colours"), classes)

    return register_one


@pytest.fixture(scope="session")
def colour_model(register) -> str:
    """Version of a registered model that knows the catalogue."""
    return register()


@pytest.fixture
def picture() -> Callable[..., bytes]:
    return draw
