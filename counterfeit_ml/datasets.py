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

PRICE_CHANGES = pa.list_(
    pa.struct(
        [
            pa.field("ds", pa.date32()),
            pa.field("price", pa.float64()),
            pa.field("currency", pa.string()),
            pa.field("price_usd", pa.float64()),
        ]
    )
)

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
        ("image_urls", pa.list_(pa.string()), "all pictures of the listing, `image_url` first"),
        ("image_type", pa.string(), "the picture's true media type"),
        ("image_phash", pa.string(), "perceptual hash: near-duplicates differ in few of 64 bits"),
        ("scraped_at!", UTC_SECONDS, "when the listing was seen"),
        ("evidence_sha256", pa.string(), "key of the raw record or page in evidence"),
        ("evidence_ds", pa.date32(), "partition of evidence that holds it"),
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

LISTING_HISTORY = Dataset(
    "listing_history",
    ("ds", "marketplace"),
    ("listing_id",),
    _schema(
        ("listing_id!", pa.string(), "as in listings"),
        ("first_seen!", pa.date32(), "first day it was listed"),
        ("last_seen!", pa.date32(), "last day it was listed: the partition of its newest row"),
        ("active!", pa.bool_(), "seen within `inactive_after_days` of its marketplace"),
        ("price_changes!", PRICE_CHANGES, "its first price, and each one that differs after it"),
        ("seller_id", pa.string(), "as last seen"),
        ("image_sha256!", pa.string(), "as last seen"),
        ("image_phash", pa.string(), "as last seen"),
        ("fingerprint!", pa.string(), "md5 of what the listing says, to tell a changed one"),
        ("evidence_sha256", pa.string(), "as last seen"),
        ("evidence_ds", pa.date32(), "as last seen"),
    ),
    written_by="the DAG ingest_listings or `counterfeit ingest`",
)

EVIDENCE = Dataset(
    "evidence",
    ("ds", "marketplace"),
    ("sha256",),
    _schema(
        ("sha256!", pa.string(), "of `raw`"),
        ("source!", pa.string(), "where it stood: page, or file and line"),
        ("media_type!", pa.string(), "as the server or the feed has it"),
        ("taken_at!", UTC_SECONDS, "when it was fetched or read"),
        ("raw!", pa.large_binary(), "the page or record, byte for byte"),
    ),
    written_by="the DAG ingest_listings or `counterfeit ingest`",
)

FETCHES = Dataset(
    "fetches",
    ("ds", "marketplace"),
    ("url",),
    _schema(
        ("url!", pa.string(), "as it was asked for"),
        ("kind!", pa.string(), "page or picture"),
        ("source", pa.string(), "of a page: its own address"),
        ("etag", pa.string(), "as the server sent it"),
        ("last_modified", pa.string(), "as the server sent it"),
        ("asked!", pa.date32(), "last day the server sent it, or said it had not changed"),
        ("links", pa.list_(pa.string()), "of a page: where it leads"),
        ("record", pa.string(), "of a page: the raw record it held, as JSON"),
        ("sha256", pa.string(), "of a page's evidence, or of the picture"),
        ("evidence_ds", pa.date32(), "of a page: partition of its evidence"),
        ("image_type", pa.string(), "as in listings"),
        ("image_phash", pa.string(), "as in listings"),
    ),
    written_by="the DAG ingest_listings or `counterfeit ingest`",
)

LABELS = Dataset(
    "labels",
    ("label_set",),
    ("image_sha256",),
    _schema(
        ("image_sha256!", pa.string(), "key of the picture in images/"),
        ("label!", pa.string(), "a brand of config/brands.yaml or of the set's own, or no_logo"),
        ("split_group!", pa.string(), "near-duplicates and pictures of one seller share it"),
        ("split!", pa.string(), "train or evaluation; never changes once decided"),
        ("seller_id", pa.string(), "who offered what the picture shows, where known"),
        ("width!", pa.int32(), "pixels, as stored"),
        ("height!", pa.int32(), "pixels, as stored"),
        ("phash!", pa.string(), "perceptual hash: near-duplicates differ in few of 64 bits"),
        ("dhash!", pa.string(), "another, of brightness gradients: both must be near"),
        ("origin!", pa.string(), "seed, review or synthetic"),
        ("labelled_by!", pa.string(), "who or what said so"),
        ("labelled_at!", UTC_SECONDS, "when the picture first came in with this label"),
    ),
    written_by="`counterfeit labels` or the DAG import_labels",
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
        ("price_high", pa.float64(), "as in listings"),
        ("price_usd!", pa.float64(), "as in listings"),
        ("seller_id", pa.string(), "as in listings"),
        ("seller_name", pa.string(), "as in listings"),
        ("condition", pa.string(), "as in listings"),
        ("image_sha256", pa.string(), "as in listings; null or no digest where it has no picture"),
        ("image_phash", pa.string(), "as in listings"),
        ("brand", pa.string(), "most probable class, no_logo among them"),
        ("confidence", pa.float32(), "probability of `brand`, 0 to 1"),
        ("probabilities", PROBABILITIES, "class to probability"),
        ("error", pa.string(), "why the picture could not be scored, else null"),
        ("model_version!", pa.string(), "version of logo-classifier in MLflow"),
    ),
    written_by="the DAG score_listings or `counterfeit score`",
)

DRIFT = Dataset(
    "drift",
    ("ds",),
    ("feature",),
    _schema(
        ("feature!", pa.string(), "what is compared, a word of counterfeit_ml.monitoring.features"),
        ("model_version", pa.string(), "of a feature of the scores: comparable under one version"),
        ("severity!", pa.string(), "stable, moderate, severe; or no reference, too few"),
        ("psi", pa.float64(), "population stability index against the reference; 0 is the same"),
        ("psi_by_chance", pa.float64(), "what `psi` is on average where nothing has changed"),
        ("js_distance", pa.float64(), "Jensen-Shannon distance to the reference, 0 to 1"),
        ("moved", pa.string(), "the bin whose share has changed most"),
        ("rows!", pa.int64(), "listings, or new pictures in the sample, of the day"),
        ("reference_rows!", pa.int64(), "the same of the reference"),
        ("reference_days!", pa.list_(pa.date32()), "days before, whose counts are the reference"),
        ("bins!", pa.list_(pa.string()), "of the histograms; a number's in order"),
        ("counts!", pa.list_(pa.int64()), "rows of the day in each bin"),
        ("reference_counts!", pa.list_(pa.int64()), "rows of the reference in each bin"),
    ),
    written_by="the DAG monitor_drift or `counterfeit drift`",
)
