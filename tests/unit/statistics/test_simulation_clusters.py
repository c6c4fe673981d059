"""Coverage and size of the page on clusters, networks and one-sided tests, with fewer runs."""

import importlib.util
import math
from pathlib import Path

import pytest

from case_saliency.statistics.clusters import MIN_CLUSTERS

ROOT = Path(__file__).resolve().parents[3]
RUNS = 300


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


study = _load(ROOT / "docs/simulation_clusters.py")


def within(rate, expected, runs=RUNS):
    """Whether a rate is within four standard errors of the expected one."""
    return abs(rate - expected) <= 4 * math.sqrt(expected * (1 - expected) / runs)


@pytest.mark.parametrize(("n_pairs", "size"), [pair for pair in study.PAIRS if pair[0] >= MIN_CLUSTERS])
@pytest.mark.parametrize("likeness", study.LIKENESS)
def test_the_interval_over_pairs_covers_the_median_where_it_is_given(n_pairs, size, likeness):
    found = study.over_pairs(n_pairs, size, likeness, RUNS)
    assert found["pairs"] >= 0.92 - 4 * math.sqrt(0.92 * 0.08 / RUNS)
    assert (found["exact"] > 0.9) == (likeness == 0 or size <= 2)


def test_few_pairs_would_cover_too_rarely():
    three, ten = (study.over_pairs(n, 6, 0.0, RUNS)["pairs"] for n in (3, 10))
    assert within(three, 0.75)
    assert three < 0.85 < ten


@pytest.mark.parametrize("effects", study.EFFECTS)
@pytest.mark.parametrize("n_images", [18, 200])
def test_the_interval_for_other_images_and_networks_covers_the_mean_of_all(effects, n_images):
    found = study.over_units(3, n_images, effects, RUNS)
    assert found["both"] >= 0.92 - 4 * math.sqrt(0.92 * 0.08 / RUNS)
    assert within(found["images"], 0.95) == (effects[0] == 0 or (effects[0] == 5 and n_images == 18))


@pytest.mark.parametrize("name", study.DIFFERENCES)
def test_the_one_sided_tests_keep_their_level_with_many_images(name):
    found = study.one_sided(name, 200, 1000)
    assert found["non-inferior"] == found["superior"]  # the shift by the margin cancels
    assert within(found["superior"], study.ALPHA, 1000) or found["superior"] < study.ALPHA + 0.03
    assert found["power"] > 0.8


def test_the_page_is_what_the_script_writes():
    page = study.PAGE.read_text(encoding="utf-8")
    for name in study.DIFFERENCES:
        assert page.count(f"| {name} | ") == 3
    found = study.one_sided("normal", 18, study.RUNS)
    assert study.row("normal", 18, *map(float, found.values())) in page
    assert len([line for line in page.splitlines() if line.startswith("| ")]) == 14 + 20 + 12 + 3 + 3
