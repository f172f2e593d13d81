from pathlib import Path

import pytest

from counterfeit_ml.brands import BrandCatalogue, load_brands
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings
from tests.training.drawn import CATALOGUE


@pytest.fixture(scope="session")
def settings(services, tmp_path_factory) -> Settings:
    """The services' settings, with a catalogue of two drawn brands."""
    config = tmp_path_factory.mktemp("config")
    (config / "brands.yaml").write_text(CATALOGUE)
    return services.settings.model_copy(update={"config_dir": config})


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory) -> Path:
    """Of what needs no services: the weights are fetched into it once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def lake(settings) -> Lake:
    return Lake(settings)


@pytest.fixture(scope="session")
def catalogue(settings) -> BrandCatalogue:
    return load_brands(settings.config_dir)
