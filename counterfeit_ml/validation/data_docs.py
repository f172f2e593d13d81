"""Great Expectations' site in the lake: ``data_docs/site`` and the results it is built from."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import great_expectations as gx
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.data_context.types.base import DataContextConfig, ProgressBarsConfig

from counterfeit_ml.lake import Lake
from counterfeit_ml.validation.site import SITE, complete_site

# Else it fills a task's log with notes on its own documentation.
logging.getLogger("great_expectations").setLevel(logging.WARNING)

RESULTS = "data_docs/results"
# The index lists this many results of each suite; older pages stay where they are.
INDEXED_RESULTS = 60


@contextmanager
def data_docs(lake: Lake) -> Iterator[AbstractDataContext]:
    """A context whose results become pages of the site in the lake on leaving it."""
    with TemporaryDirectory(prefix="data-docs-") as name:
        folder = Path(name)
        _fetch_results(lake, folder / "results")
        before = _outcomes(folder / "results")
        context = gx.get_context(mode="ephemeral", project_config=_config(folder))
        yield context
        if _outcomes(folder / "results") == before:
            return
        context.build_data_docs(build_index=False)
        complete_site(folder / "site", folder / "results")
        _upload(lake, folder / "results", RESULTS)
        _upload(lake, folder / "site", SITE)


def _config(folder: Path) -> DataContextConfig:
    def files(name: str) -> dict[str, object]:
        backend = "TupleFilesystemStoreBackend"
        return {"class_name": backend, "base_directory": str(folder / name)}

    memory = {"class_name": "InMemoryStoreBackend"}
    return DataContextConfig(
        config_version=4.0,
        stores={
            "expectations_store": {"class_name": "ExpectationsStore", "store_backend": memory},
            "checkpoint_store": {"class_name": "CheckpointStore", "store_backend": memory},
            "validation_definition_store": {
                "class_name": "ValidationDefinitionStore",
                "store_backend": memory,
            },
            "validation_results_store": {
                "class_name": "ValidationResultsStore",
                "store_backend": files("results"),
            },
        },
        expectations_store_name="expectations_store",
        checkpoint_store_name="checkpoint_store",
        validation_results_store_name="validation_results_store",
        data_docs_sites={
            "lake": {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": files("site"),
            }
        },
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
    )


def _fetch_results(lake: Lake, folder: Path) -> None:
    """The newest results of each suite, so that the index lists them beside the new one."""
    by_suite: dict[str, list[str]] = {}
    for key in lake.keys(f"{RESULTS}/"):
        by_suite.setdefault(key.removeprefix(f"{RESULTS}/").split("/")[0], []).append(key)
    for keys in by_suite.values():
        for key in keys[-INDEXED_RESULTS:]:
            path = folder / key.removeprefix(f"{RESULTS}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(lake.get(key))


def _outcomes(folder: Path) -> dict[Path, Any]:
    """What the stored results say, without the ids and times that differ between equal runs."""
    return {path: _outcome(json.loads(path.read_bytes())) for path in folder.rglob("*.json")}


def _outcome(document: Any) -> Any:
    if isinstance(document, dict):
        return {
            key: _outcome(value) for key, value in document.items() if key not in {"id", "meta"}
        }
    if isinstance(document, list):
        return [_outcome(value) for value in document]
    return document


def _upload(lake: Lake, folder: Path, prefix: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            lake.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())
