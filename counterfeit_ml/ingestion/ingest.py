"""Ingests one marketplace's day: sound listings, their pictures, their evidence, the quarantine."""

import logging
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.crawl import Limits
from counterfeit_ml.ingestion.marketplaces import inactive_after_days, source_of
from counterfeit_ml.ingestion.memory import Memory
from counterfeit_ml.ingestion.source import open_source
from counterfeit_ml.ingestion.summary import IngestSummary
from counterfeit_ml.settings import Settings

log = logging.getLogger(__name__)


def ingest(
    settings: Settings,
    day: date | str,
    marketplace: str,
    source: str | None = None,
    *,
    max_pages: int | None = None,
    max_bytes: int | None = None,
    force: bool = False,
) -> IngestSummary:
    """Ingest ``marketplace`` for ``day`` from its configured source, or from ``source``.

    ``source`` is the URL of a shop, or the path or URL of a feed. ``max_pages`` and ``max_bytes``
    stand in for the shop's own budget; ``force`` fetches again what is known to be unchanged. The
    day's partitions are replaced whole; the same input gives the same bytes. A run cut short is
    gone on with by the next one for the same day.

    Raises ``IngestionError`` where the source cannot be had or is empty, ``ConfigError``,
    ``LakeError``.
    """
    ds = _day(day)
    chosen = source_of(settings, marketplace, source)
    limits = Limits(max_pages, max_bytes)
    with (
        TemporaryDirectory(prefix="counterfeit-ingest-") as name,
        closing(Memory.create(Path(name) / "memory.sqlite")) as memory,
        open_source(chosen, ds, settings, limits, memory, Path(name) / "spider") as found,
    ):
        # These take their time to load, as does the spider that has just been started.
        from counterfeit_ml.ingestion.day import Day
        from counterfeit_ml.lake import Lake

        unseen = inactive_after_days(settings, marketplace)
        day_of = Day(Lake(settings), ds, marketplace, Path(name), memory, unseen)
        summary = day_of.ingest(found, force)
    log.info("%s", summary)
    return summary


def _day(day: date | str) -> date:
    try:
        return date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError as error:
        raise IngestionError(f"{day!r} is no day: write it as YYYY-MM-DD.") from error
