"""Which days of a marketplace are in the lake."""

from datetime import date, timedelta
from pathlib import Path

from counterfeit_ml.datasets import FETCHES, LISTING_HISTORY, Dataset
from counterfeit_ml.lake import Lake


def days(lake: Lake, dataset: Dataset, marketplace: str) -> list[str]:
    """The published days of a marketplace, in order."""
    found = lake.partitions(dataset)
    return [one["ds"] for one in found if one["marketplace"] == marketplace]


def fetches_until(lake: Lake, ds: str, marketplace: str) -> str | None:
    """The day whose fetches are those known by the end of ``ds``."""
    return _newest(lake, FETCHES, marketplace, ds)


def history_before(lake: Lake, ds: str, marketplace: str) -> str | None:
    """The day whose history is that at the beginning of ``ds``."""
    yesterday = date.fromisoformat(ds) - timedelta(days=1)
    return _newest(lake, LISTING_HISTORY, marketplace, yesterday.isoformat())


def download(lake: Lake, dataset: Dataset, ds: str, marketplace: str, folder: Path) -> list[Path]:
    """The files of a day; what ``folder`` has of them already is not fetched again."""
    return lake.download(dataset, folder / dataset.name, ds=ds, marketplace=marketplace)


def _newest(lake: Lake, dataset: Dataset, marketplace: str, until: str) -> str | None:
    return max((ds for ds in days(lake, dataset, marketplace) if ds <= until), default=None)
