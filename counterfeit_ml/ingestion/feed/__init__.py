"""Feeds: files that a marketplace's own people supply, read as raw records.

``config`` is the YAML; ``files``, ``download``, ``bucket`` and ``gunzip`` bring the bytes;
``json_lines``, ``delimited``, ``shopify`` and ``parquet`` make rows of them; ``columns`` makes raw
records of rows. Nothing here grows with the file. Importing this loads none of the libraries that
reading needs, because Airflow loads the configuration whenever it parses the DAGs.
"""

from counterfeit_ml.ingestion.feed.config import Feed
from counterfeit_ml.ingestion.feed.entry import Entry
from counterfeit_ml.ingestion.feed.opening import OpenedFeed, open_feed

__all__ = ["Entry", "Feed", "OpenedFeed", "open_feed"]
