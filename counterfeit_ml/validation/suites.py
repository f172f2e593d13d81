"""Runs one Great Expectations suite over one table and says what failed in plain words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.exceptions.exceptions import GreatExpectationsError

from counterfeit_ml.errors import ConfigError

# The page of a run is named by its time too; a fixed one makes a rerun replace its page.
RUN_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SuiteRun:
    """One suite over one table: sentences for what failed, critical ones apart from warnings."""

    suite: str
    run_name: str
    rows: int
    expectations: int
    failures: tuple[str, ...]
    warnings: tuple[str, ...]


def load_suite(expectations_dir: Path, name: str) -> gx.ExpectationSuite:
    """Read ``expectations/<name>.json``; ``ConfigError`` where it is not a suite."""
    path = expectations_dir / f"{name}.json"
    try:
        document = json.loads(path.read_text("utf-8"))
        return gx.ExpectationSuite(**document)
    except (OSError, ValueError, TypeError, GreatExpectationsError) as error:
        raise ConfigError(f"{path} is not an expectation suite: {error}") from error


def run_suite(
    context: AbstractDataContext,
    suite: gx.ExpectationSuite,
    frame: pd.DataFrame,
    run_name: str,
    parameters: Mapping[str, Any],
) -> SuiteRun:
    """Run ``suite`` over ``frame`` in ``context``, which keeps the result for Data Docs."""
    source = context.data_sources.add_pandas("lake")
    batch = source.add_dataframe_asset(suite.name).add_batch_definition_whole_dataframe(run_name)
    definition = gx.ValidationDefinition(
        name=suite.name, data=batch, suite=context.suites.add(suite)
    )
    result = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": frame},
        expectation_parameters=dict(parameters),
        run_id=RunIdentifier(run_name=run_name, run_time=RUN_TIME),
    )
    return _summarise(suite.name, run_name, len(frame), result)


def _summarise(
    suite: str, run_name: str, rows: int, result: ExpectationSuiteValidationResult
) -> SuiteRun:
    failed = [one for one in result.results if not one.success]
    critical = [one for one in failed if _severity(one) == "critical"]
    warnings = [one for one in failed if one not in critical]
    return SuiteRun(
        suite,
        run_name,
        rows,
        len(result.results),
        tuple(map(_sentence, critical)),
        tuple(map(_sentence, warnings)),
    )


def _severity(result: ExpectationValidationResult) -> str:
    config = result.expectation_config
    return str(config.severity.value if config and config.severity else "critical")


def _sentence(result: ExpectationValidationResult) -> str:
    """What was expected, and what was seen instead."""
    config = result.expectation_config
    expected = (config.description if config else None) or (config.type if config else "?")
    if problem := _exception(result):
        return f"{expected} (could not be checked: {problem})"
    seen = result.result
    if "unexpected_count" in seen:
        examples = ", ".join(repr(one) for one in seen.get("partial_unexpected_list", [])[:3])
        return f"{expected} ({seen['unexpected_count']} rows differ: {examples})"
    observed = seen.get("observed_value")
    return expected if observed is None else f"{expected} (seen: {observed})"


def _exception(result: ExpectationValidationResult) -> str | None:
    info = result.exception_info or {}
    if info.get("raised_exception"):
        return str(info.get("exception_message"))
    nested = [one for one in info.values() if isinstance(one, dict)]
    return next(
        (str(one.get("exception_message")) for one in nested if one.get("raised_exception")), None
    )
