"""The stages of a real run, and at which request of a stage a fault strikes."""

from dataclasses import dataclass

CHAIN = ("ingest_listings", "validate_listings", "score_listings", "flag_listings")
"""Each DAG starts the next one by an asset."""
RETRAIN = "retrain_logo_model"
LAKE, WAREHOUSE, MLFLOW = "lake", "warehouse", "mlflow"


@dataclass(frozen=True)
class Stage:
    """A task of ``dag_id``; ``words`` stand in the request to ``service`` that is amid its work."""

    name: str
    dag_id: str
    words: bytes
    service: str = LAKE

    def __str__(self) -> str:
        return self.name

    @property
    def dag_ids(self) -> tuple[str, ...]:
        """The DAGs that run: that of the stage, and those behind it."""
        return (RETRAIN,) if self.dag_id == RETRAIN else CHAIN[CHAIN.index(self.dag_id) :]


def _writes(prefix: str) -> bytes:
    return b"PUT /counterfeit/" + prefix.encode()


STAGES = (
    # The history is written by then, and the listings are not.
    Stage("ingest", CHAIN[0], _writes("quarantine/")),
    Stage("validate", CHAIN[1], _writes("data_docs/")),
    Stage("plan", CHAIN[2], _writes("_staging/shards/")),
    Stage("score shard", CHAIN[2], _writes("_staging/image_scores/")),
    # The scores are published by then, and the listings are not.
    Stage("publish", CHAIN[2], _writes("scored_listings/")),
    # In the middle of the transaction.
    Stage("flag", CHAIN[3], b"touched_listings", WAREHOUSE),
    Stage("train", RETRAIN, b"GET /counterfeit/images/"),
    # Its tags say so by then, and the alias is not moved.
    Stage("promote", RETRAIN, b'"alias": "champion"', MLFLOW),
)
