"""The pools that Airflow needs; as a program it prints them for ``airflow pools import``.

Its argument is the number of Celery workers.
"""

import json
import sys

from counterfeit_ml.ingestion.pools import Pool, ingestion_pools
from counterfeit_ml.settings import ConfigSettings

SCORING = Pool("scoring", 2, "Shards scored at once: one a core, each loads the model.")


def pools(settings: ConfigSettings, workers: int = 0) -> list[Pool]:
    """All of them; raises ``ConfigError`` where ``marketplaces.yaml`` is wrong."""
    scoring = SCORING._replace(slots=workers) if workers else SCORING
    return [scoring, *ingestion_pools(settings)]


def main(workers: str = "0") -> None:
    """Print them as JSON, by name."""
    wanted = {one.name: one._asdict() for one in pools(ConfigSettings.load(), int(workers))}
    json.dump(wanted, sys.stdout, indent=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
