"""What a demo runs on: the sample marketplace we own, or a folder of real photos and a feed."""

import json
from dataclasses import dataclass
from pathlib import Path

from counterfeit_ml.errors import ConfigError


@dataclass(frozen=True)
class DemoInput:
    """Labelled pictures to train on, a source of listings, and the truth to measure against."""

    label_set: str
    labels: Path
    marketplace: str
    source: str | None
    truth: Path
    fine_tune: bool
    """Photos need it; of drawn marks the frozen network sees enough, and minutes sooner."""


def sample_input(directory: Path) -> DemoInput:
    """The sample marketplace, drawn into ``directory`` unless it is there."""
    from counterfeit_ml.sample_marketplace import generate

    sample = generate(directory)
    return DemoInput("sample", sample.labels_dir, "sample", None, sample.truth_file, False)


def real_input(data: Path) -> DemoInput:
    """``data`` holds ``ten_brands/<class>/``, ``marketplace/listings.jsonl`` and its truth.

    Raises ``ConfigError`` naming what is not there.
    """
    labels, feed = data / "ten_brands", data / "marketplace" / "listings.jsonl"
    truth = data / "marketplace" / "truth.jsonl"
    for path in (labels, feed, truth):
        if not path.exists():
            raise ConfigError(f"{path} does not exist: DATA needs labels, a feed and its truth.")
    return DemoInput("ten_brands", labels, "marketplace", str(feed.resolve()), truth, True)


@dataclass(frozen=True)
class Truth:
    """What the listings really are: counterfeit or not, or why they must be refused."""

    counterfeit: frozenset[str]
    sound: frozenset[str]
    refused: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "Truth":
        """Read a ``truth.jsonl``."""
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        judged = {one["listing_id"]: one["counterfeit"] for one in lines if "counterfeit" in one}
        return cls(
            frozenset(key for key, counterfeit in judged.items() if counterfeit),
            frozenset(judged),
            {one["listing_id"]: one["reject"] for one in lines if "reject" in one},
        )
