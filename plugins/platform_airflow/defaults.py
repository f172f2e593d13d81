"""What every DAG says of itself in the same words."""

from enum import StrEnum


class Tag(StrEnum):
    """The tags by which the DAG list is filtered."""

    INGESTION = "ingestion"
    VALIDATION = "validation"
    TRAINING = "training"
    SCORING = "scoring"
    FLAGGING = "flagging"
    MONITORING = "monitoring"
    NIGHTLY = "nightly"


class Owner(StrEnum):
    """Who is asked when a DAG fails."""

    DATA = "data-engineering"
    ML = "ml-engineering"
