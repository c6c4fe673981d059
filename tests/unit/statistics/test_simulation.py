"""Size and power of the tests on data of known median, with fewer runs than the page of the documentation."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).resolve().parents[3]
RUNS = 200
RARELY = 1e-4  # how often a test of exactly its level would fail here, were the seed not fixed


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


study = _load(ROOT / "docs/simulation.py")
SHAPES = {
    shape.name + suffix: shape for suffix, part in (("", study.NULL), (", H1", study.ALTERNATIVE)) for shape in part
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_the_stated_share_below_the_threshold(name):
    shape, n = SHAPES[name], 40_000
    values = shape.draw(np.random.default_rng(1), n)
    assert ((values >= 0) & (values <= 100)).all()
    assert abs((values < 50).mean() - shape.below) < 4 * math.sqrt(0.25 / n)
    assert (shape in study.NULL) == (shape.below <= 0.5)
    if " to " not in shape.median:
        assert np.median(values) == pytest.approx(float(shape.median), abs=0.4)


@pytest.mark.parametrize("n", study.SIZES)
@pytest.mark.parametrize("shape", study.NULL, ids=lambda shape: shape.name)
def test_sign_test_and_verdict_keep_their_level_where_the_null_hypothesis_holds(shape, n):
    found = study.simulate(shape, n, RUNS)
    assert found["sign"] * RUNS <= stats.binom.isf(RARELY, RUNS, study.ALPHA)
    assert found["class-sensitive"] * RUNS <= stats.binom.isf(RARELY, RUNS, study.ALPHA / 2)
    assert sum(found[verdict] for verdict in study.VERDICTS) == pytest.approx(1)


@pytest.mark.parametrize("shape", study.ALTERNATIVE, ids=lambda shape: shape.name)
def test_power_of_the_sign_test_is_the_exact_one(shape):
    [small, _] = study.study((shape,), RUNS).to_dict("records")
    exact = small["exact"]
    assert exact == pytest.approx(0.7175, abs=5e-5)
    assert abs(small["sign"] - exact) < 4 * math.sqrt(exact * (1 - exact) / RUNS)
    assert small["insensitive"] == 0


def test_wilcoxons_test_always_rejects_a_true_median_above_the_threshold():
    [shape] = [shape for shape in study.NULL if shape.median == "50.6"]
    found = study.simulate(shape, 200, RUNS)
    assert found["wilcoxon"] == found["wilcoxon, pratt"] == 1
    assert found["sign"] <= study.ALPHA
    assert found["class-sensitive"] == 0


def test_a_row_marks_a_rate_above_the_limit():
    result = {"shape": "s", "median": "50", "below": 0.5, "n": 18, "wilcoxon": 0.08, "wilcoxon, pratt": 0.07}
    result |= {"sign": 0.05, "exact": 0.0481, "class-sensitive": 0.02, "undecided": 0.97, "insensitive": 0.01}
    assert (
        study.row(result, 0.07) == "| s | 50 | 0.5 | 18 | **0.080** | 0.070 | 0.050 | 0.048 | 0.020 | 0.970 | 0.010 |"
    )
    assert study.tolerance(2000) == pytest.approx(0.05 + 4 * math.sqrt(0.05 * 0.95 / 2000))


def test_the_page_is_what_the_script_writes():
    page = study.PAGE.read_text(encoding="utf-8")
    for part in (study.NULL, study.ALTERNATIVE):
        for shape in part:
            assert page.count(f"| {shape.name} | {shape.median} | {shape.below:g} | ") >= len(study.SIZES)
    result = {"shape": study.NULL[0].name, "median": "50", "below": 0.5, "n": 18, "exact": 0.0481}
    result |= study.simulate(study.NULL[0], 18, study.RUNS)
    assert study.row(result, study.tolerance(study.RUNS)) in page
