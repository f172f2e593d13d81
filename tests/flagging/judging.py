"""A day of a few literal listings, and the rules put over it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.flagging.day import Earlier, Rules, evaluate
from counterfeit_ml.flagging.rules import load_rules
from counterfeit_ml.warehouse import FlaggedDay

DAY = "2026-01-01"
BRANDS = """
categories:
  shoes: [shoes, sneakers]
  bag: [bag]
brands:
  gucci:
    name: Gucci
    price_floor_usd: 100
    retail_usd: 1000
    categories:
      shoes: {retail_usd: 500, floor_share_of_retail: 0.3}
  nike: {name: Nike, price_floor: learnt}
  louis_vuitton: {name: Louis Vuitton, price_floor_usd: 200}
"""
LISTING: dict[str, Any] = {
    "marketplace": "shop",
    "listing_id": "1",
    "url": "http://shop/1",
    "title": "leather thing",
    "price": 40.0,
    "currency": "EUR",
    "price_usd": 50.0,
    "seller_id": "s",
    "condition": "new",
    "image_sha256": "a" * 64,
    "brand": "gucci",
    "confidence": 0.95,
    "probabilities": [("gucci", 0.95), ("nike", 0.03), ("no_logo", 0.015), ("versace", 0.005)],
    "model_version": "7",
}
ORIGIN = """
  - id: origin
    verdict: counterfeit
    when: {logo_confidence: {above: 0.89}, price_ratio: {below: 1}}
"""


def row(**changes: Any) -> dict[str, Any]:
    """A scored listing with these changes."""
    return {**LISTING, **changes}


@dataclass(frozen=True)
class Judge:
    """Puts rules over rows; ``folder`` takes the files."""

    folder: Path

    def rules(self, text: str, brands: str = BRANDS) -> Rules:
        """From the text of rules.yaml and brands.yaml."""
        (self.folder / "rules.yaml").write_text(text, "utf-8")
        (self.folder / "brands.yaml").write_text(brands, "utf-8")
        catalogue = load_brands(self.folder)
        return Rules(load_rules(self.folder / "rules.yaml", catalogue), catalogue, "v1")

    def day(
        self, text: str, rows: Sequence[dict[str, Any]], brands: str = BRANDS, **earlier: Any
    ) -> FlaggedDay:
        """All that comes of a day with these rows."""
        path = self.folder / "scored.parquet"
        pq.write_table(pa.Table.from_pylist(list(rows), SCORED_LISTINGS.schema), path)
        rules = self.rules(text, brands)
        return evaluate([path], DAY, rules, Earlier(**earlier), self.folder, "run")

    def flags(self, text: str, *rows: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """The flags alone, their JSON read."""
        found = self.day(text, rows, **more).flags.to_pylist()
        read: Callable[[str], Any] = json.loads
        return [
            {**one, "reasons": read(one["reasons"]), "runners_up": read(one["runners_up"])}
            for one in found
        ]

    def reasons(self, when: str, *rows: dict[str, Any], **more: Any) -> list[list[str]]:
        """Of each listing that a single rule with the condition ``when`` flags."""
        text = f"rules: [{{id: one, verdict: review, when: {{{when}}}}}]"
        return [flag["reasons"] for flag in self.flags(text, *rows, **more)]
