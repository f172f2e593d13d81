"""The days of the dataset ``drift``, read."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from counterfeit_ml.datasets import DRIFT
from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring.features import Histogram


@dataclass(frozen=True)
class DayDrift:
    """What a day's comparison came to; the features of each severity by name.

    ``proposed`` are those severe features that were not severe the day before: the ones for which
    a person is asked.
    """

    ds: str
    model_version: str
    listings: int
    pictures: int
    reference_days: int
    severe: tuple[str, ...]
    moderate: tuple[str, ...]
    proposed: tuple[str, ...]

    @classmethod
    def of(cls, summary: dict[str, Any]) -> Self:
        """From the summary of its manifest."""
        names = {name: tuple(summary[name]) for name in ("severe", "moderate", "proposed")}
        return cls(**{**summary, **names})

    @property
    def figures(self) -> dict[str, Any]:
        """For the tab *Results*, which shows words and numbers."""
        return {name: _words(value) for name, value in self.summary.items()}

    @property
    def summary(self) -> dict[str, Any]:
        """For its manifest."""
        return asdict(self)


def earlier(lake: Lake, ds: str, at_most: int) -> list[str]:
    """The last days before ``ds`` that have been compared, the oldest first."""
    return [one for one in _days(lake) if one < ds][-at_most:]


def day_drift(lake: Lake, ds: str) -> DayDrift:
    """One day's outcome; raises ``PartitionMissingError``."""
    return DayDrift.of(lake.manifest(DRIFT, ds=ds).summary)


def drift_days(lake: Lake, at_most: int) -> Iterator[DayDrift]:
    """The last days that have been compared, the newest first."""
    return (day_drift(lake, ds) for ds in reversed(_days(lake)[-at_most:]))


def drift_of(lake: Lake, ds: str) -> list[dict[str, Any]]:
    """The rows of one day, a feature each; raises ``PartitionMissingError``."""
    rows: list[dict[str, Any]] = lake.read(DRIFT, ds=ds).to_pylist()
    return rows


def histograms(lake: Lake, ds: str) -> dict[str, tuple[Histogram, str | None]]:
    """What day ``ds`` left behind, by feature, with the model's version where it is of scores."""
    return {
        row["feature"]: (Histogram(tuple(row["bins"]), tuple(row["counts"])), row["model_version"])
        for row in drift_of(lake, ds)
    }


def _days(lake: Lake) -> list[str]:
    return [partition["ds"] for partition in lake.partitions(DRIFT)]


def _words(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, tuple) else value
