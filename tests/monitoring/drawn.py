"""Days of scored listings and new pictures, drawn by a seeded hand."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO

import numpy as np
import pyarrow as pa
from PIL import Image

from counterfeit_ml.datasets import LISTING_HISTORY, SCORED_LISTINGS
from counterfeit_ml.lake import Lake

SHARES = {"no_logo": 0.5, "gucci": 0.2, "prada": 0.2, "nike": 0.1}


def png(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def pictures(seed: int, count: int = 150, light: int = 0, kind: str = "PNG") -> list[bytes]:
    """Noisy pictures of differing brightness and size; ``light`` is added to each pixel."""
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(count):
        shape = (*random.integers(40, 90, 2), 3)
        values = random.normal(random.normal(110, 20) + light, random.uniform(5, 30), shape)
        drawn.append(png(np.clip(values, 0, 255).astype(np.uint8), kind))
    return drawn


def put_day(
    lake: Lake,
    ds: str,
    seed: int,
    shares: dict[str, float] | None = None,
    count: int = 2_000,
    version: str = "1",
    new: Sequence[bytes] = (),
) -> None:
    """Publish a day's scores and history, as ingestion and scoring do."""
    random = np.random.default_rng(seed)
    chances = shares or SHARES
    brands = random.choice(list(chances), count, p=list(chances.values())).tolist()
    confidence = random.beta(6, 1.2, count).tolist()
    summary = {"model_version": version}
    lake.write(SCORED_LISTINGS, _scored(brands, confidence, version), summary, ds=ds)
    history = [_seen(str(number), ds, lake.put_image(one)) for number, one in enumerate(new)]
    table = pa.Table.from_pylist(history, LISTING_HISTORY.schema)
    lake.write(LISTING_HISTORY, table, ds=ds, marketplace="drift_test")


def _scored(brands: list[str], confidence: list[float], version: str) -> pa.Table:
    rows = [
        {
            "marketplace": "drift_test",
            "listing_id": str(number),
            "url": "http://shop/1",
            "title": "bag",
            "price": 1.0,
            "currency": "USD",
            "price_usd": 1.0,
            "image_sha256": "a" * 64,
            "brand": brand or None,
            "confidence": sure if brand else None,
            "error": None if brand else "no picture",
            "model_version": version,
        }
        for number, (brand, sure) in enumerate(zip(brands, confidence, strict=True))
    ]
    return pa.Table.from_pylist(rows, SCORED_LISTINGS.schema)


def _seen(listing_id: str, ds: str, digest: str) -> dict[str, object]:
    return {
        "listing_id": listing_id,
        "first_seen": date.fromisoformat(ds),
        "last_seen": date.fromisoformat(ds),
        "active": True,
        "price_changes": [],
        "image_sha256": digest,
        "fingerprint": "f",
    }
