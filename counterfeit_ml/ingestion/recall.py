"""Fills a run's memory from the lake: what earlier runs have fetched and kept."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from counterfeit_ml.datasets import FETCHES, LISTING_HISTORY
from counterfeit_ml.ingestion.memory import KnownPage, KnownPicture, Memory
from counterfeit_ml.ingestion.published import download, fetches_until, history_before
from counterfeit_ml.lake import Lake

Row = dict[str, Any]


def recall(lake: Lake, memory: Memory, ds: str, marketplace: str, folder: Path) -> None:
    """Remember the fetches known by the end of ``ds``, and the evidence known before it."""
    if day := fetches_until(lake, ds, marketplace):
        remember_fetches(memory, download(lake, FETCHES, day, marketplace, folder))
    if day := history_before(lake, ds, marketplace):
        found = download(lake, LISTING_HISTORY, day, marketplace, folder)
        memory.remember_evidence(_evidence(found))


def remember_fetches(memory: Memory, paths: list[Path], done: bool = False) -> None:
    """Remember the rows of ``FETCHES`` in Parquet files; ``done`` by this very run."""
    memory.remember_pages(_page(row, done) for row in _rows(paths) if row["kind"] == "page")
    memory.remember_pictures(_picture(row) for row in _rows(paths) if row["kind"] == "picture")


def _rows(paths: list[Path], columns: list[str] | None = None) -> Iterator[Row]:
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(1_000, columns=columns):
                yield from batch.to_pylist()


def _page(row: Row, done: bool) -> KnownPage:
    return KnownPage(
        url=row["url"],
        source=row["source"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        asked=row["asked"],
        links=tuple(row["links"] or ()),
        record=json.loads(row["record"]) if row["record"] else None,
        evidence_sha256=row["sha256"],
        evidence_ds=row["evidence_ds"],
        done=done,
    )


def _picture(row: Row) -> KnownPicture:
    return KnownPicture(
        url=row["url"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        asked=row["asked"],
        sha256=row["sha256"],
        media_type=row["image_type"],
        phash=row["image_phash"],
    )


def _evidence(paths: list[Path]) -> Iterator[tuple[str, str, date]]:
    columns = ["listing_id", "evidence_sha256", "evidence_ds"]
    for row in _rows(paths, columns):
        if row["evidence_sha256"] and row["evidence_ds"]:
            yield row["listing_id"], row["evidence_sha256"], row["evidence_ds"]
