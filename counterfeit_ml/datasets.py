"""The lake's datasets: name, partition keys, row key and Arrow schema of each.

Partition keys stand in the object's path (Hive style) and not in the file;
:meth:`counterfeit_ml.lake.Lake.read` adds them back as columns.
"""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Dataset:
    """One dataset: ``partition_keys`` make its path, ``key`` is unique within a partition.

    ``written_by`` is what a person runs to have it.
    """

    name: str
    partition_keys: tuple[str, ...]
    key: tuple[str, ...]
    schema: pa.Schema
    written_by: str


def _schema(*fields: tuple[str, pa.DataType, str]) -> pa.Schema:
    """A schema whose ``!``-suffixed names are required and whose fields carry a description."""
    return pa.schema(
        pa.field(
            name.removesuffix("!"),
            kind,
            nullable=not name.endswith("!"),
            metadata={"description": description},
        )
        for name, kind, description in fields
    )


UTC_SECONDS = pa.timestamp("s", tz="UTC")

LISTINGS = Dataset(
    "listings",
    ("ds", "marketplace"),
    ("listing_id",),
    _schema(
        ("listing_id!", pa.string(), "the marketplace's own id of the listing"),
        ("url!", pa.string(), "page of the listing"),
        ("title!", pa.string(), "plain text, no markup, no control characters"),
        ("description", pa.string(), "plain text"),
        ("brand_claimed", pa.string(), "brand as the seller writes it"),
        ("category", pa.string(), "category as the marketplace names it"),
        ("price_text!", pa.string(), "price as written on the page"),
        ("price!", pa.float64(), "in `currency`; the low end of a range"),
        ("price_high", pa.float64(), "high end of a range, else null"),
        ("currency!", pa.string(), "ISO 4217"),
        ("price_usd!", pa.float64(), "`price` in US dollars at `rate_date`"),
        ("rate_date!", pa.date32(), "day of the ECB reference rate used"),
        ("seller_id", pa.string(), "the marketplace's own id of the seller"),
        ("seller_name", pa.string(), "seller as shown"),
        ("condition", pa.string(), "new or used, where stated"),
        ("image_url!", pa.string(), "where the picture came from"),
        ("image_sha256!", pa.string(), "key of the picture in images/"),
        ("scraped_at!", UTC_SECONDS, "when the listing was seen"),
    ),
    written_by="the DAG ingest_listings or `counterfeit ingest`",
)

QUARANTINE = Dataset(
    "quarantine",
    ("ds", "marketplace"),
    ("source",),
    _schema(
        ("source!", pa.string(), "where the record stood: file and line, or page"),
        ("listing_id", pa.string(), "where it could be read"),
        ("reason!", pa.string(), "a word of counterfeit_ml.ingestion.reasons"),
        ("detail!", pa.string(), "the sentence behind the reason"),
        ("record!", pa.string(), "the raw record, as it came"),
    ),
    written_by="the DAG ingest_listings or `counterfeit ingest`",
)

LABELS = Dataset(
    "labels",
    ("label_set",),
    ("image_sha256",),
    _schema(
        ("image_sha256!", pa.string(), "key of the picture in images/"),
        ("label!", pa.string(), "a brand of config/brands.yaml, or no_logo"),
        ("split_group!", pa.string(), "near-duplicates share it and stay in one split"),
        ("origin!", pa.string(), "seed, review or synthetic"),
        ("labelled_by!", pa.string(), "who or what said so"),
    ),
    written_by="`counterfeit labels`",
)

PROBABILITIES = pa.map_(pa.string(), pa.float32())

IMAGE_SCORES = Dataset(
    "image_scores",
    ("model",),
    ("image_sha256",),
    _schema(
        ("image_sha256!", pa.string(), "key of the picture in images/"),
        ("probabilities", PROBABILITIES, "class to probability; null where unreadable"),
        ("error", pa.string(), "why the picture could not be scored, else null"),
    ),
    written_by="the DAG score_listings or `counterfeit score`",
)

SCORED_LISTINGS = Dataset(
    "scored_listings",
    ("ds",),
    ("marketplace", "listing_id"),
    _schema(
        ("marketplace!", pa.string(), "as in listings"),
        ("listing_id!", pa.string(), "as in listings"),
        ("url!", pa.string(), "as in listings"),
        ("title!", pa.string(), "as in listings"),
        ("category", pa.string(), "as in listings"),
        ("price!", pa.float64(), "as in listings"),
        ("currency!", pa.string(), "as in listings"),
        ("price_usd!", pa.float64(), "as in listings"),
        ("seller_id", pa.string(), "as in listings"),
        ("condition", pa.string(), "as in listings"),
        ("image_sha256!", pa.string(), "as in listings"),
        ("brand", pa.string(), "most probable class, no_logo among them"),
        ("confidence", pa.float32(), "probability of `brand`, 0 to 1"),
        ("probabilities", PROBABILITIES, "class to probability"),
        ("error", pa.string(), "why the picture could not be scored, else null"),
        ("model_version!", pa.string(), "version of logo-classifier in MLflow"),
    ),
    written_by="the DAG score_listings or `counterfeit score`",
)
