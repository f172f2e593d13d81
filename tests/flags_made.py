"""Days of flags for the warehouse, row by row."""

from typing import Any

import pyarrow as pa

from counterfeit_ml.warehouse import DAYS, FLAGS, FLOORS, SAMPLE, SELLERS, FlaggedDay

FLAG: dict[str, Any] = {
    "marketplace": "shop",
    "verdict": "counterfeit",
    "rule_id": "origin",
    "reasons": '["cheap"]',
    "brand": "gucci",
    "confidence": 0.95,
    "runners_up": '[{"brand": "chanel", "probability": 0.03}]',
    "price": 10.0,
    "currency": "USD",
    "price_usd": 10.0,
    "price_floor_usd": 100.0,
    "floor_source": "absolute",
    "price_ratio": 0.1,
    "seller_id": "s1",
    "seller_listings": 4,
    "title": "bag",
    "url": "http://shop/1",
    "image_sha256": "aa",
    "image_phash": "f0",
    "picture_group": "aa",
    "other_sellers": 0,
    "risk": 0.5,
    "model_version": "1",
    "rules_version": "r1",
}
SAMPLED: dict[str, Any] = {
    "marketplace": "shop",
    "brand": "no_logo",
    "confidence": 0.6,
    "runners_up": "[]",
    "price": 10.0,
    "currency": "USD",
    "price_usd": 10.0,
    "title": "bag",
    "url": "http://shop/1",
    "image_sha256": "aa",
    "model_version": "1",
}


def flag(listing_id: str, **changes: Any) -> dict[str, Any]:
    """A sound row of FLAGS, with the changes given."""
    return {**FLAG, "listing_id": listing_id, **changes}


def flagged_day(
    *flags: dict[str, Any],
    marketplaces: tuple[str, ...] = ("shop",),
    floors: tuple[dict[str, Any], ...] = (),
    sample: tuple[str, ...] = (),
    run_id: str = "run",
) -> FlaggedDay:
    """A day with these flags, on which ``marketplaces`` were scored, ten listings each."""
    counts = {name: sum(one["marketplace"] == name for one in flags) for name in marketplaces}
    days = [
        {
            "marketplace": name,
            "scored": 10,
            "flagged": count,
            "rules_version": "r1",
            "model_version": "1",
        }
        for name, count in counts.items()
    ]
    sellers = {(one["marketplace"], one["seller_id"]) for one in flags if one["seller_id"]}
    return FlaggedDay(
        flags=pa.Table.from_pylist(list(flags), FLAGS),
        floors=pa.Table.from_pylist(list(floors), FLOORS),
        sample=pa.Table.from_pylist([{**SAMPLED, "listing_id": one} for one in sample], SAMPLE),
        days=pa.Table.from_pylist(days, DAYS),
        sellers=pa.Table.from_pylist(
            [{"marketplace": name, "seller_id": one} for name, one in sorted(sellers)], SELLERS
        ),
        run_id=run_id,
    )
