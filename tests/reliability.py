"""A plugin of pytest that writes a table of docs/reliability.md from the outcomes of a run (`--table NAME`).

A test says what it does by the marks `fault` and `reader`; what it tried is told by the fixture `tally`. A test that
fails makes its run write nothing; rows of tests that were not run (`-k`) stay as they were.
"""

import os
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
            rows = kept(page, self.table) | {name: LINES[self.table](name, row) for name, row in self.rows.items()}
            lines = [HEADS[self.table], *(rows[name] for name in sorted(rows)), *SUMS[self.table](rows), ""]
            PAGE.write_text(replaced(page, self.table, "\n".join(lines)), encoding="utf-8")


def kept(page: str, table: str) -> dict[str, str]:
    """Return the rows of a table by the test that they tell of."""
    lines = page.partition(_start(table))[2].partition(_end(table))[0].splitlines()
    found = ((re.search(r"`(test_\w+)` \|$", line), line) for line in lines)
    return {name[1]: line for name, line in found if name}


def _start(table: str) -> str:
    return f"<!-- {table}: written by a command -->\n"


def _end(table: str) -> str:
    return f"<!-- end of {table} -->"


def replaced(page: str, table: str, text: str) -> str:
    """Return the page with another table between its two comments."""
    place = re.compile(f"{re.escape(_start(table))}.*?{re.escape(_end(table))}", re.DOTALL)
    found, count = place.subn(lambda _: f"{_start(table)}\n{text}\n{_end(table)}", page)
    assert count == 1, f"the page has {count} places for the table {table}"
    return found


KINDS = ("read", "refused")
HEADS = {
    "faults": "| fault | what is told | outcome | test |\n| --- | --- | --- | --- |",
    "fuzz": "| what is read | inputs | read | refused | test |\n| --- | --: | --: | --: | --- |",
}


def _fault(name: str, row: dict[str, Any]) -> str:
    outcome = ", ".join(f"{count} {outcome}" for outcome, count in row["outcomes"].items())
    return f"| {row['told'][0]} | {row['told'][1]} | {outcome} | `{name}` |"


def _reader(name: str, row: dict[str, Any]) -> str:
    counts = " | ".join(f"{row['tried'][kind]:,}" for kind in KINDS)
    return f"| {row['told'][0]} | {row['tried'].total():,} | {counts} | `{name}` |"


def _sums(rows: dict[str, str]) -> list[str]:
    numbers = [[int(cell.replace(",", "")) for cell in row.split(" | ")[1:4]] for row in rows.values()]
    sums = " | ".join(f"{sum(column):,}" for column in zip(*numbers, strict=True))
    return [f"| all | {sums} | last run: FUZZ_EXAMPLES={os.environ.get('FUZZ_EXAMPLES', 'not set')} |"]


LINES = {"faults": _fault, "fuzz": _reader}
SUMS = {"faults": lambda _rows: [], "fuzz": _sums}
