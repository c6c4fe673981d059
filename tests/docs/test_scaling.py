"""The page on scaling is what its script writes from the benchmarks and the counts."""

import json
import re

import yaml

from case_saliency import params
from docs import scaling, scaling_memory, scaling_planning, scaling_rules


def test_the_page_is_that_of_the_benchmarks_and_counts():
    measured = json.loads((scaling.DOCS.parent / "benchmarks/results.json").read_text())
    counted = (scaling.DOCS / "experiments.md").read_text()
    content = yaml.safe_load((scaling.DOCS.parent / "params.yaml").read_text())
    assert scaling.PAGE.read_text() == scaling.page(measured, counted, content)


def test_the_page_on_clusters_tells_the_most_shards_and_the_jobs_that_they_are():
    most = params.MOST_SHARDS
    said = f"{most:,} shards in all, or {scaling_planning.JOBS * most:,} jobs,"
    assert said in " ".join((scaling.DOCS / "clusters.md").read_text().split())
    counts = [params.automatic_shards(n, 10, 4) for n in (20, 500, 1000, 10_000, 50_000, 1_000_000)]
    assert f"| shards | {' | '.join(map(str, counts))} |" in (scaling.DOCS / "clusters.md").read_text()


def test_what_attempts_are_given_is_that_of_the_rules():
    assert scaling_rules.given("score-similarity", "mem_mb") == [2000, 4000, 6000]
    assert scaling_rules.given("test-similarity", "mem_mb", 1000) == [1005, 2010, 3015]
    assert scaling_rules.given("score-curves", "mem_mb")[0] == 4000
    assert scaling_rules.given("test-similarity", "runtime")[0] == 30
    assert scaling_rules.given("plot", "mem_mb")[0] == 1000


def test_samples_of_the_shell_alone_are_not_shown():
    row = {"network": "select-images", "what": "max_rss", "remark": "4, 96, 112 MB for 50, 150, 450 images"}
    assert scaling_memory.cells([row]) == {
        "select-images": {("max_rss", 50): "", ("max_rss", 150): "96", ("max_rss", 450): "112"}
    }


def test_a_line_through_two_runs_is_continued():
    assert scaling.continued([(50, 0, 0.0, 2.0), (150, 0, 0.0, 4.0)], 450) == 10.0


def test_what_the_default_run_needs_is_what_the_pages_say():
    measured = json.loads((scaling.DOCS.parent / "benchmarks/results.json").read_text())["workflow"]
    peaks = [int(peak) for row in measured["rows"] for peak in re.findall(r" jobs, .*, peak (\d+) MB$", row["remark"])]
    [needed] = set(re.findall(r"any CPU; (\d+) GB of memory", (scaling.DOCS / "experiments.md").read_text()))
    assert 1000 * (int(needed) - 1) < max(peaks) < 1000 * int(needed)
    assert measured["figures"]["default_cpu_over_compute"] <= 1.5
