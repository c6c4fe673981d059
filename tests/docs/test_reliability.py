"""The tables of docs/reliability.md tell of the tests that there are, and of no others."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import reliability  # noqa: E402 (tests are no package)

PAGE = reliability.PAGE.read_text(encoding="utf-8")


def marked(mark):
    """Test -> what its mark says, of every test with the mark, read from the source."""
    found = {}
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for call in node.decorator_list:
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == f"pytest.mark.{mark}":
                        assert node.name not in found, f"two tests are called {node.name}"
                        found[node.name] = [ast.literal_eval(argument) for argument in call.args]
    return found


def rows(table):
    start, end = f"<!-- {table}: written by a command -->", f"<!-- end of {table} -->"
    lines = PAGE.partition(start)[2].partition(end)[0].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize(("table", "said"), [("faults", 2), ("fuzz", 1)])
def test_the_table_lists_exactly_the_tests_that_exist(table, said):
    listed = {row[-1].strip("`"): row[:said] for row in rows(table) if row[-1].startswith("`")}
    assert listed == marked(reliability.MARKS[table])


def test_the_sums_of_the_fuzz_table_are_right():
    *tests, total = [[int(cell.replace(",", "")) for cell in row[1:4]] for row in rows("fuzz")]
    assert total == [sum(column) for column in zip(*tests, strict=True)]
    assert all(row[0] == sum(row[1:]) for row in tests)


def test_every_fault_of_the_table_was_injected_and_stood():
    assert all(re.fullmatch(r"[1-9]\d* passed", row[2]) for row in rows("faults"))


def test_a_table_is_put_in_its_place_and_nothing_else_changes():
    page = "a\n<!-- fuzz: written by a command -->\nold\n<!-- end of fuzz -->\nb\n"
    changed = reliability.replaced(page, "fuzz", "new")
    assert changed == "a\n<!-- fuzz: written by a command -->\n\nnew\n<!-- end of fuzz -->\nb\n"
