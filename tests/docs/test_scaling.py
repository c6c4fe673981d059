"""The page on scaling is what its script writes from the benchmarks and the counts."""

import json

import yaml

from docs import scaling, scaling_planning, scaling_rules


def test_the_page_is_that_of_the_benchmarks_and_counts():
    measured = json.loads((scaling.DOCS.parent / "benchmarks/results.json").read_text())
    counted = (scaling.DOCS / "experiments.md").read_text()
    params = yaml.safe_load((scaling.DOCS.parent / "params.yaml").read_text())
    assert scaling.PAGE.read_text() == scaling.page(measured, counted, params)


def test_many_networks_are_told_on_the_page_on_clusters_too():
    figures = json.loads((scaling.DOCS.parent / "benchmarks/results.json").read_text())["planning"]["figures"]
    told = scaling_planning.many_networks(figures["planned_jobs_seconds"] / figures["planned_jobs"])
    jobs = int(told.partition(" are ")[2].partition(" jobs")[0].replace(",", ""))
    said = f"{told.partition(', and')[0]}, and a plan of them takes {jobs / 10_000:.1f} times as long."
    assert said in " ".join((scaling.DOCS / "clusters.md").read_text().split())


def test_what_attempts_are_given_is_that_of_the_rules():
    assert scaling_rules.given("score-similarity", "mem_mb") == [2000, 4000, 6000]
    assert scaling_rules.given("score-curves", "mem_mb")[0] == 4000
    assert scaling_rules.given("test-similarity", "runtime")[0] == 30
    assert scaling_rules.given("plot", "mem_mb")[0] == 1000


def test_samples_of_the_shell_alone_are_not_shown():
    page = scaling.PAGE.read_text()
    assert "| `select-images` |  |  |  | 115" in page
