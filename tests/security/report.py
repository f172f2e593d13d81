"""Prints what the tests marked ``intrusion`` tried, as the table of ``docs/threat_model.md``."""

from collections import Counter

import pytest
from _pytest.terminal import TerminalReporter

MARK = "intrusion"
Row = tuple[str, str]
rows: dict[str, Row] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note of each test which intrusion it tries, and how that is refused."""
    for item in items:
        if mark := item.get_closest_marker(MARK):
            rows[item.nodeid] = mark.args


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """The table; below it how many ports a stranger may use."""
    passed = _tried(terminalreporter, "passed")
    failed = _tried(terminalreporter, "failed") + _tried(terminalreporter, "error")
    write = terminalreporter.write_line
    write("\n| intrusion | tries | refused by |\n| --- | --- | --- |")
    for row in dict.fromkeys(rows.values()):
        told = row[1] if not failed[row] else f"**not refused: {failed[row]}**"
        write(f"| {row[0]} | {passed[row] + failed[row]} | {told} |")
    doors = {row for row in rows.values() if row[0].startswith("port")}
    write(f"\nports open without credentials: {sum(failed[row] > 0 for row in doors)}")


def _tried(terminalreporter: TerminalReporter, outcome: str) -> Counter[Row]:
    reports = terminalreporter.stats.get(outcome, [])
    found = (rows[one.nodeid] for one in reports if one.nodeid in rows)
    return Counter(found)
