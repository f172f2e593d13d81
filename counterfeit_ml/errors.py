"""The project's own errors. Each message says what was wrong, where, and what to do."""

from typing import Any


class CounterfeitError(Exception):
    """Base of every error a person may see; its text is one readable sentence."""


class ConfigError(CounterfeitError):
    """A configuration file or setting is wrong; the text names the file and the key."""


class LakeError(CounterfeitError):
    """The lake (S3) cannot be read or written."""


class PartitionMissingError(LakeError):
    """A partition that a step needs was never published."""


class DiskError(CounterfeitError):
    """The local disk cannot hold what a step keeps there for a while."""


class WarehouseError(CounterfeitError):
    """The warehouse (PostgreSQL) cannot be read or written."""


class NotFlaggedError(CounterfeitError):
    """A listing was to be reviewed whose flag, or place in the sample, is gone."""


class DecidedMeanwhileError(CounterfeitError):
    """Somebody else has decided in the meantime.

    ``others`` has a row for each such listing: marketplace, listing_id and the ``review`` itself.
    """

    def __init__(self, others: list[dict[str, Any]]) -> None:
        review = others[0]["review"]
        more = f" and {len(others) - 1} more were decided" if len(others) > 1 else ""
        super().__init__(
            f"{others[0]['marketplace']} {others[0]['listing_id']} was {review['decision']} by "
            f"{review['reviewed_by']} meanwhile{more}: nothing was recorded. Decide again if you "
            "still want to."
        )
        self.others = others


class RegistryError(CounterfeitError):
    """MLflow cannot be reached, or holds no usable model."""


class RegistryAwayError(RegistryError):
    """MLflow, or the S3 behind it, does not answer; it may in a moment."""


class BrokenModelError(RegistryError):
    """A version whose file must never score: damaged, unrunnable, or blind to what it sees."""


class PictureError(CounterfeitError):
    """Bytes that are not a whole picture, or one too large to decode safely."""


class NoChampionError(RegistryError):
    """No version of the model is champion yet."""


class IngestionError(CounterfeitError):
    """A whole source cannot be ingested: unreachable, empty or not what it says it is."""


class ValidationError(CounterfeitError):
    """A dataset failed its expectation suite; the text names the expectations."""


class TrainingError(CounterfeitError):
    """The labels cannot train a model, or the weights cannot be had."""


class ScoringError(CounterfeitError):
    """A day cannot be scored."""


class NoticeError(CounterfeitError):
    """A takedown notice cannot be opened or changed, or an export not be written."""


class StackError(CounterfeitError):
    """A service of the embedded stack does not start, answer or stop."""


class BackupError(CounterfeitError):
    """A backup cannot be made, is not whole, or may not be restored where it was told to."""


class LateError(CounterfeitError):
    """A day is not published by its hour."""
