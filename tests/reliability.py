"""A plugin of pytest that writes a table of docs/reliability.md from the outcomes of a run (`--table NAME`).

A test says what it does by the marks `fault` and `reader`; what it tried is told by the fixture `tally`. A run that
fails, or that does not run every test with the mark, writes nothing.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs/reliability.md"
MARKS = {"fuzz": "reader", "faults": "fault"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the table that is written."""
    parser.addoption("--table", choices=sorted(MARKS), help="table of docs/reliability.md to write")


def pytest_configure(config: pytest.Config) -> None:
    """Collect outcomes in the process that hears of all of them."""
    if config.getoption("--table") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Writer(config.getoption("--table")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each test's reports carry its marks."""
    for item in items:
        for mark in MARKS.values():
            if found := item.get_closest_marker(mark):
                item.user_properties.append((mark, list(found.args)))


class Writer:
    """Gathers what tests report, and writes the table at the end."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.rows: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what one phase of a test tells."""
        told = dict(report.user_properties)
        if MARKS[self.table] not in told:
            return
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        row = self.rows.setdefault(name, {"told": told[MARKS[self.table]], "outcomes": Counter(), "tried": Counter()})
        if report.when == "call" or report.outcome != "passed":
            outcome = report.outcome
            if report.outcome == "skipped":
                outcome = f"skipped ({report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr})"
            row["outcomes"][outcome] += 1
        if report.when == "teardown":
            row["tried"].update(told.get("tried", {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the table, if every test passed or was skipped with its reason."""
        if exitstatus == 0:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(replaced(page, self.table, TABLES[self.table](self.rows)), encoding="utf-8")


def replaced(page: str, table: str, text: str) -> str:
    """Return the page with another table between its two comments."""
    start, end = f"<!-- {table}: written by a command -->\n", f"<!-- end of {table} -->"
    found, count = re.subn(
        f"{re.escape(start)}.*?{re.escape(end)}", lambda _: f"{start}\n{text}\n{end}", page, flags=re.S
    )
    assert count == 1, f"the page has {count} places for the table {table}"
    return found


def _faults(rows: dict[str, dict[str, Any]]) -> str:
    lines = ["| fault | what is told | outcome | test |", "| --- | --- | --- | --- |"]
    for name, row in sorted(rows.items()):
        outcome = ", ".join(f"{count} {outcome}" for outcome, count in row["outcomes"].items())
        lines.append(f"| {row['told'][0]} | {row['told'][1]} | {outcome} | `{name}` |")
    return "\n".join([*lines, ""])


def _fuzz(rows: dict[str, dict[str, Any]]) -> str:
    lines = ["| what is read | inputs | read | refused | unexplained | test |", "| --- | --: | --: | --: | --: | --- |"]
    kinds, total = ("read", "refused", "unexplained"), Counter[str]()
    for name, row in sorted(rows.items()):
        total.update(row["tried"])
        counts = " | ".join(f"{row['tried'][kind]:,}" for kind in kinds)
        lines.append(f"| {row['told'][0]} | {row['tried'].total():,} | {counts} | `{name}` |")
    counts = " | ".join(f"{total[kind]:,}" for kind in kinds)
    return "\n".join([*lines, f"| all | {total.total():,} | {counts} | |", ""])


TABLES = {"fuzz": _fuzz, "faults": _faults}
