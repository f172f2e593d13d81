"""Flagging: the rules over one day's scored listings, into the warehouse."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from counterfeit_ml.brands import load_brands
from counterfeit_ml.flagging.day import Rules, flagged_day
from counterfeit_ml.flagging.rules import load_rules, rules_version
from counterfeit_ml.flagging.trial import Trial, compare
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import ConfigSettings, Settings
from counterfeit_ml.warehouse import FlagChanges, FlaggedDay, Warehouse

__all__ = ["FlaggingResult", "flag", "read_rules", "try_rules"]


@dataclass(frozen=True)
class FlaggingResult:
    """What flagging a day came to: listings ``scored`` and ``flagged``, by verdict and by rule.

    Of the day's rows ``written`` are new or different, and ``deleted`` are flags no more.
    """

    ds: str
    rules_version: str
    scored: int
    flagged: int
    verdicts: dict[str, int]
    rules: dict[str, int]
    written: int
    deleted: int

    @classmethod
    def of(cls, ds: str, version: str, day: FlaggedDay, changes: FlagChanges) -> "FlaggingResult":
        """From what was written."""
        return cls(
            ds,
            version,
            sum(day.days["scored"].to_pylist()),
            changes.total,
            dict(Counter(day.flags["verdict"].to_pylist())),
            dict(Counter(day.flags["rule_id"].to_pylist())),
            changes.written,
            changes.deleted,
        )

    def __str__(self) -> str:
        counts = [f"{count:,} {name}" for name, count in (self.verdicts | self.rules).items()]
        return (
            f"{self.ds} under rules {self.rules_version}: {self.flagged:,} of {self.scored:,} "
            f"listings flagged ({', '.join(counts) or 'none'}); {self.written:,} rows written, "
            f"{self.deleted:,} deleted."
        )


def flag(settings: Settings, ds: str, run_id: str) -> FlaggingResult:
    """Make the flags of day ``ds`` what the rules say of its scored listings.

    Raises ``PartitionMissingError`` where the day was not scored, ``ConfigError`` for wrong
    rules, ``WarehouseError``, ``DiskError``.
    """
    rules, warehouse = read_rules(settings), Warehouse(settings)
    day = flagged_day(Lake(settings), warehouse, ds, rules, run_id)
    changes = warehouse.replace_day(date.fromisoformat(ds), day)
    return FlaggingResult.of(ds, rules.version, day, changes)


def try_rules(settings: Settings, ds: str, file: Path | None = None) -> Trial:
    """What flagging day ``ds`` by the rules in ``file`` would change in the warehouse.

    None means ``config/rules.yaml``. Nothing is written. Raises as ``flag``.
    """
    rules, warehouse = read_rules(settings, file), Warehouse(settings)
    day = flagged_day(Lake(settings), warehouse, ds, rules, "trial")
    return compare(ds, warehouse.flags_of(date.fromisoformat(ds)), day)


def read_rules(settings: ConfigSettings, file: Path | None = None) -> Rules:
    """The rules in ``file``, else in ``config/rules.yaml``; raises ``ConfigError``."""
    path = file or settings.config_dir / "rules.yaml"
    catalogue = load_brands(settings.config_dir)
    return Rules(load_rules(path, catalogue), catalogue, rules_version(path, settings.config_dir))
