"""The page on scaling is what its script writes from the benchmarks and the counts."""

import json

import yaml

from docs import scaling


def test_the_page_is_that_of_the_benchmarks_and_counts():
    measured = json.loads((scaling.DOCS.parent / "benchmarks/results.json").read_text())
    counted = (scaling.DOCS / "experiments.md").read_text()
    params = yaml.safe_load((scaling.DOCS.parent / "params.yaml").read_text())
    assert scaling.PAGE.read_text() == scaling.page(measured, counted, params)
