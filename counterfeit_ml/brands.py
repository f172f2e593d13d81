"""The catalogue of brands: names, price floors and the model's class for "no brand at all"."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, PositiveFloat

from counterfeit_ml.configuration import load_yaml

NO_LOGO = "no_logo"


class Brand(BaseModel):
    """One brand; below ``price_floor_usd`` (US dollars) it does not sell, new or used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    price_floor_usd: PositiveFloat


class BrandCatalogue(BaseModel):
    """``config/brands.yaml``: brands by the key that labels and scores use."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    brands: Mapping[str, Brand]

    @property
    def classes(self) -> tuple[str, ...]:
        """The model's classes: every brand key in order, then ``no_logo``."""
        return (*sorted(self.brands), NO_LOGO)


def load_brands(config_dir: Path) -> BrandCatalogue:
    """Read ``brands.yaml``; raises ``ConfigError``."""
    return load_yaml(config_dir / "brands.yaml", BrandCatalogue)
