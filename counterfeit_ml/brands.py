"""The catalogue of brands: names, price floors and the model's class for "no brand at all"."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator

from counterfeit_ml.configuration import Document

NO_LOGO = "no_logo"

FloorSource = Literal["absolute", "retail_share", "learnt"]
Usd = Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Words = Annotated[
    tuple[Annotated[StrictStr, Field(min_length=1, max_length=100, pattern=r"\S")], ...],
    Field(min_length=1, max_length=200),
]


class PriceFloor(BaseModel):
    """Below which price a genuine article does not sell, new or used, in one of three ways.

    ``price_floor_usd`` says it (US dollars), ``floor_share_of_retail`` as a share of
    ``retail_usd``, or it is learnt from what each marketplace asks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    price_floor_usd: Usd | None = None
    floor_share_of_retail: Annotated[float, Field(gt=0, le=1, strict=True)] | None = None
    price_floor: Literal["learnt"] | None = None
    retail_usd: Usd | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "PriceFloor":
        ways = (self.price_floor_usd, self.floor_share_of_retail, self.price_floor)
        if sum(way is not None for way in ways) != 1:
            raise ValueError(
                "give one of price_floor_usd, floor_share_of_retail (with retail_usd) and "
                "`price_floor: learnt`"
            )
        if self.floor_share_of_retail is not None and self.retail_usd is None:
            raise ValueError("floor_share_of_retail is a share of retail_usd: give that as well")
        return self

    @property
    def source(self) -> FloorSource:
        """As the warehouse has it."""
        if self.price_floor is not None:
            return "learnt"
        return "absolute" if self.price_floor_usd is not None else "retail_share"

    @property
    def floor_usd(self) -> float | None:
        """US dollars; None where it is learnt."""
        if self.floor_share_of_retail is not None and self.retail_usd is not None:
            return self.floor_share_of_retail * self.retail_usd
        return self.price_floor_usd


class Brand(PriceFloor):
    """One brand; a category with a price floor of its own goes by that."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    categories: Mapping[str, PriceFloor] = {}


class Learning(BaseModel):
    """How a price floor is learnt from what confident listings cost on the days before.

    It is ``spreads_below_median`` robust standard deviations of the logarithm of the price below
    the median, and none where there are fewer than ``at_least_listings``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: Annotated[int, Field(ge=1, le=90)] = 28
    at_least_listings: Annotated[int, Field(ge=10)] = 200
    spreads_below_median: Annotated[float, Field(gt=0, le=10)] = 2.0


class BrandCatalogue(BaseModel):
    """``config/brands.yaml``: brands by the key that labels and scores use.

    ``categories`` are recognised by words in a listing's category or title, the first in order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    brands: Mapping[str, Brand]
    categories: Mapping[Key, Words] = {}
    learnt_floors: Learning = Learning()

    @property
    def classes(self) -> tuple[str, ...]:
        """The model's classes: every brand key in order, then ``no_logo``."""
        return (*sorted(self.brands), NO_LOGO)

    @property
    def floors(self) -> dict[tuple[str, str | None], PriceFloor]:
        """By brand and category; the category None is for all that have no floor of their own."""
        found: dict[tuple[str, str | None], PriceFloor] = {}
        for key, brand in sorted(self.brands.items()):
            found[key, None] = brand
            found |= {(key, name): floor for name, floor in sorted(brand.categories.items())}
        return found


def load_brands(config_dir: Path) -> BrandCatalogue:
    """Read ``brands.yaml``; raises ``ConfigError``."""
    document = Document.read(config_dir / "brands.yaml")
    catalogue = document.as_model(BrandCatalogue)
    for key, brand in catalogue.brands.items():
        for name in brand.categories:
            if name not in catalogue.categories:
                known = ", ".join(catalogue.categories) or "there are none yet"
                place = ("brands", key, "categories", name)
                raise document.error(place, f"give this category's words in `categories` ({known})")
    return catalogue
