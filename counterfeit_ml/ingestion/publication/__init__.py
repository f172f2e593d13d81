"""Makes a finished draft the day's partitions, set-wise and on disk.

:class:`Publication` says what is written and in which order; each step is an SQL file beside it,
run by :class:`Queries` on Parquet files, which leaves a Parquet file.
"""

from counterfeit_ml.ingestion.publication.publication import Publication

__all__ = ["Publication"]
