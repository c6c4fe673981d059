"""docs/methods.md says what the code does."""

import re
from pathlib import Path

import pytest

from case_saliency.attribution.entries import ENTRIES

PAGE = (Path(__file__).parents[3] / "docs/methods.md").read_text(encoding="utf-8")
ROWS = {match[1]: match[0] for match in re.finditer(r"^\| `(\w+)`.*\|$", PAGE, re.MULTILINE)}
SAME_AS_CASE = {"case_unpooled", "case_heldout", "case_both_in", "case_matched", "case_span"}


def spelt(value):
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}".replace("e-0", "e-") if isinstance(value, float) else value


@pytest.mark.parametrize("name", ENTRIES)
def test_every_method_has_a_line_with_its_parameters_and_source(name):
    entry, row = ENTRIES[name], ROWS[name]
    for parameter, default in entry.parameters.items():
        if name in SAME_AS_CASE:
            continue
        assert f"`{parameter}`" in row, parameter
        if parameter != "relu" or default is False:
            value = spelt(default)
            assert name == "case_random_direction" or f"`{parameter}` ({value}" in row, (parameter, value)
    if entry.citation != "control":
        assert f"| {entry.citation} |" in PAGE
