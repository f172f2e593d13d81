"""The warehouse (PostgreSQL): the only place that knows SQL tables."""

from counterfeit_ml.warehouse.database import Database, statement
from counterfeit_ml.warehouse.flagged_day import (
    DAYS,
    FLAGS,
    FLOORS,
    SAMPLE,
    SELLERS,
    FlagChanges,
    FlaggedDay,
)
from counterfeit_ml.warehouse.notices import Notices
from counterfeit_ml.warehouse.warehouse import Warehouse

__all__ = [
    "DAYS",
    "FLAGS",
    "FLOORS",
    "SAMPLE",
    "SELLERS",
    "Database",
    "FlagChanges",
    "FlaggedDay",
    "Notices",
    "Warehouse",
    "statement",
]
