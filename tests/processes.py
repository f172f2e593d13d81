"""How the tests are divided among processes, and in which order they run."""

from xdist.scheduler import LoadScopeScheduling

AIRFLOW = (
    "tests/dags/test_drift_runs.py",
    "tests/dags/test_retraining_runs.py",
    "tests/test_bad_input.py",
    "tests/test_end_to_end.py",
    "tests/dags/test_night_shift.py",
    "tests/dags/test_ingestion_runs.py",  # its backfill lets the scheduler take up today as well
    "tests/plugins/test_review_page.py",  # what it decides are labels
    "tests/stack/test_running_stack.py",  # kills services
)
"""One process runs these, on the only stack with Airflow, which takes long to start."""
TRAINING = "tests/training/"
"""One process runs these too: a label set is split by what the lake was told before."""
LONG = (
    "tests/stack/test_workers.py",
    "tests/stack/test_lifecycle.py",
    "tests/ingestion/test_ingest.py",
    "tests/ingestion/test_crawl.py",
)
"""Begun last, they would be waited for."""
ORDER = (*AIRFLOW, TRAINING, *LONG)


def place(nodeid: str) -> int:
    """By which tests are sorted; all others come last, in the order of their names."""
    return next((place for place, one in enumerate(ORDER) if nodeid.startswith(one)), len(ORDER))


class FileScheduling(LoadScopeScheduling):
    """Gives a process a file at a time, so that its fixtures are made once."""

    def _split_scope(self, nodeid: str) -> str:
        found = place(nodeid)
        if found <= len(AIRFLOW):
            return "airflow" if found < len(AIRFLOW) else TRAINING
        return nodeid.split("::")[0]
