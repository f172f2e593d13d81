"""The price floors of one day: as ``brands.yaml`` says them, or learnt from the days before."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from math import exp
from pathlib import Path
from typing import Any

import pyarrow as pa

from counterfeit_ml.brands import BrandCatalogue, Learning, PriceFloor
from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.flagging.categories import category_sql
from counterfeit_ml.flagging.query import Parameters, statement
from counterfeit_ml.flagging.scored import create_view
from counterfeit_ml.lake import Lake
from counterfeit_ml.scratch import database
from counterfeit_ml.warehouse import FLOORS

CONFIDENT = 0.89
"""Logo confidence above which a listing's price counts as one of the brand: the origin's bound."""
NORMAL = 1.4826
"""Median absolute deviation times this is a normal distribution's standard deviation."""
LEAST_SPREAD = 0.1
"""Of the logarithm of the price: were all prices alike, one a cent lower is no counterfeit."""
WEEK = 7

Slot = tuple[str, str, str | None]
"""Marketplace, brand and category."""
Figures = dict[Slot, dict[str, Any]]
"""``listings``, ``median_usd`` and ``spread`` of what there was to learn from."""


def floor_table(
    catalogue: BrandCatalogue, marketplaces: Iterable[str], figures: Figures
) -> pa.Table:
    """Each floor on each marketplace, with the figures behind those learnt; as ``FLOORS``.

    ``price_floor_usd`` is null where there were too few listings to learn it from.
    """
    rows = [
        _row((marketplace, *slot), floor, figures, catalogue.learnt_floors)
        for marketplace in sorted(marketplaces)
        for slot, floor in catalogue.floors.items()
    ]
    return pa.Table.from_pylist(rows, FLOORS)


def own_floors(catalogue: BrandCatalogue) -> list[str]:
    """``brand/category`` of each floor that is for one category."""
    return [f"{brand}/{category}" for brand, category in catalogue.floors if category]


def _row(slot: Slot, floor: PriceFloor, learnt: Figures, learning: Learning) -> dict[str, Any]:
    figures = learnt.get(slot, {}) if floor.source == "learnt" else {}
    usd = _learnt_usd(figures, learning) if floor.source == "learnt" else floor.floor_usd
    return {
        "listings": 0,
        **figures,
        **dict(zip(("marketplace", "brand", "category"), slot, strict=True)),
        "price_floor_usd": usd,
        "source": floor.source,
        "retail_usd": floor.retail_usd,
    }


def _learnt_usd(figures: dict[str, Any], learning: Learning) -> float | None:
    if figures.get("listings", 0) < learning.at_least_listings:
        return None
    spread = max(figures["spread"], LEAST_SPREAD)
    return float(figures["median_usd"] * exp(-learning.spreads_below_median * spread))


def learn(lake: Lake, ds: str, catalogue: BrandCatalogue, folder: Path) -> Figures:
    """What confident listings cost on days before ``ds``; read only where a floor is learnt."""
    brands = sorted({key for (key, _), one in catalogue.floors.items() if one.source == "learnt"})
    days = list(_days(lake, ds, catalogue.learnt_floors.days)) if brands else []
    if not days:
        return {}
    query = Parameters(
        confidence=CONFIDENT, normal=NORMAL, brands=brands, own_floors=own_floors(catalogue)
    )
    sql = statement("learnt_floors", category=category_sql(catalogue, query))
    paths = [path for day in days for path in _download(lake, day, folder)]
    with database(folder, {}) as connection:
        create_view(connection, "earlier", paths, folder)
        rows = connection.sql(sql, params=query.values).to_arrow_table().to_pylist()
    return {(row["marketplace"], row["brand"], row["category"]): row for row in rows}


def _days(lake: Lake, ds: str, days: int) -> Iterator[str]:
    """The last scored day of each week before ``ds``: each day lists all that is on offer."""
    for first in range(1, days + 1, WEEK):
        for back in range(first, min(first + WEEK, days + 1)):
            day = (date.fromisoformat(ds) - timedelta(days=back)).isoformat()
            if lake.exists(SCORED_LISTINGS, ds=day):
                yield day
                break


def _download(lake: Lake, day: str, folder: Path) -> list[Path]:
    return lake.download(SCORED_LISTINGS, folder / f"ds={day}", ds=day)
