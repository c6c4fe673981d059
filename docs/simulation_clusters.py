"""Simulate the intervals over clusters, networks and seeds and the one-sided tests, and write the page about them.

    python docs/simulation_clusters.py

Draws scores whose true mean and median are known and counts how often an interval holds them, or a test rejects.
Seeded: another run writes the same `docs/simulation-clusters.md`. `tests/unit/statistics/test_simulation_clusters.py`
repeats it with fewer runs.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from case_saliency.statistics.clusters import MIN_CLUSTERS, cluster_median_interval
from case_saliency.statistics.crossed import crossed
from case_saliency.statistics.intervals import median_interval
from case_saliency.statistics.paired import paired_greater
from case_saliency.storage import write_text

PAGE = Path(__file__).with_name("simulation-clusters.md")
SEED, RUNS, RESAMPLES = 0, 2000, 999
LEVEL, ALPHA, MARGIN, TRUTH = 0.95, 0.05, 0.02, 50.0

Values = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Values]

PAIRS = ((3, 6), (5, 6), (10, 2), (10, 10), (18, 1), (20, 5), (50, 4))
"""Numbers of pairs of classes, and of images of each pair on average."""
LIKENESS = (0.0, 0.5)
"""Share of the variance that the images of a pair have in common."""
UNITS = ((2, 18), (3, 18), (3, 200), (5, 18), (5, 200))
"""Numbers of networks (or seeds), and of images."""
EFFECTS = ((0.0, 20.0, 15.0), (5.0, 20.0, 15.0), (15.0, 20.0, 15.0), (15.0, 0.0, 10.0))
"""Standard deviations of networks, of images, and of what is left."""
DIFFERENCES: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(0, 0.1, n),
    "a third exactly 0": lambda rng, n: rng.normal(0, 0.1, n) * (rng.random(n) < 2 / 3),
    "skewed, tail above: exponential": lambda rng, n: rng.exponential(0.1, n) - 0.1,
    "skewed, tail below: exponential": lambda rng, n: 0.1 - rng.exponential(0.1, n),
}
"""Differences of confidence drops with mean 0, before they are shifted."""


def over_pairs(n_pairs: int, mean_size: int, likeness: float, runs: int) -> dict[str, float]:
    """Return how often the exact interval of the median and the one over pairs hold the true median.

    The sizes of the pairs differ: each has one image, and the others fall where they fall.
    """
    rng = np.random.default_rng([SEED, n_pairs, mean_size, round(100 * likeness)])
    hits = np.zeros(2)
    for run in range(runs):
        extra = rng.integers(n_pairs, size=n_pairs * (mean_size - 1))
        pairs = np.concatenate([np.arange(n_pairs), extra])
        shared, own = rng.normal(size=n_pairs)[pairs], rng.normal(size=pairs.size)
        values = TRUTH + 15 * (math.sqrt(likeness) * shared + math.sqrt(1 - likeness) * own)
        exact = median_interval(values, LEVEL)
        over = cluster_median_interval(values, pairs, LEVEL, run, n_resamples=RESAMPLES, least=1)
        hits += [interval.low <= TRUTH <= interval.high for interval in (exact, over)]
    return dict(zip(("exact", "pairs"), hits / runs, strict=True))


def over_units(n_units: int, n_images: int, effects: tuple[float, float, float], runs: int) -> dict[str, float]:
    """Return how often the intervals of the pooled mean hold the mean over all networks and all images."""
    rng = np.random.default_rng([SEED, n_units, n_images, *(round(effect) for effect in effects)])
    of_units, of_images, rest = effects
    hits = np.zeros(3)
    for _ in range(runs):
        values = TRUTH + rng.normal(0, of_units, (n_units, 1)) + rng.normal(0, of_images, n_images)
        found = crossed(values + rng.normal(0, rest, (n_units, n_images)), LEVEL)
        hits += [interval.low <= TRUTH <= interval.high for interval in (found.images, found.units, found.both)]
    return dict(zip(("images", "units", "both"), hits / runs, strict=True))


def one_sided(name: str, n: int, runs: int) -> dict[str, float]:
    """Return how often the one-sided tests reject at the edge of their null hypotheses, and non-inferiority at 0."""
    rng = np.random.default_rng([SEED, n, *name.encode()])
    counts = np.zeros(3)
    for _ in range(runs):
        difference, none = DIFFERENCES[name](rng, n), np.zeros(n)
        p_values = (
            paired_greater(difference - MARGIN, none, MARGIN),
            paired_greater(difference, none),
            paired_greater(difference, none, MARGIN),
        )
        counts += [p < ALPHA for p in p_values]
    return dict(zip(("non-inferior", "superior", "power"), counts / runs, strict=True))


def row(*cells: object) -> str:
    """Write a row of a table; a rate has three digits."""
    return f"| {' | '.join(f'{cell:.3f}' if isinstance(cell, float) else str(cell) for cell in cells)} |"


def _pairs_table(runs: int) -> str:
    lines = ["| pairs | images of a pair | variance in common | exact interval | over pairs |", "| --: " * 5 + "|"]
    for likeness in LIKENESS:
        for n_pairs, size in PAIRS:
            found = over_pairs(n_pairs, size, likeness, runs)
            lines.append(row(n_pairs, size, f"{likeness:.0%}", float(found["exact"]), float(found["pairs"])))
    return "\n".join(lines)


def _units_table(runs: int) -> str:
    lines = [
        "| networks | images | sd networks | sd images | sd rest | other images | other networks | both |",
        "| --: " * 8 + "|",
    ]
    for n_units, n_images in UNITS:
        for effects in EFFECTS:
            found = over_units(n_units, n_images, effects, runs)
            lines.append(row(n_units, n_images, *(f"{sd:g}" for sd in effects), *map(float, found.values())))
    return "\n".join(lines)


def _tests_table(runs: int) -> str:
    lines = [
        "| differences | n | size of `p_noninferior` | size of `p_superior` | power of `p_noninferior` |",
        "| --- " + "| --: " * 4 + "|",
    ]
    lines += [
        row(name, n, *map(float, one_sided(name, n, runs).values())) for name in DIFFERENCES for n in (18, 200, 1000)
    ]
    return "\n".join(lines)


def render(runs: int) -> str:
    """Return the page."""
    units = _units_table(runs)
    both = [float(line.split("|")[-2]) for line in units.splitlines()[2:]]
    return _PAGE.format(
        runs=runs, seed=SEED, resamples=RESAMPLES, level=LEVEL, alpha=ALPHA, margin=MARGIN, least=MIN_CLUSTERS,
        pairs=_pairs_table(runs), units=units, tests=_tests_table(runs), lowest=min(both), highest=max(both),
    )  # fmt: skip


_PAGE = """\
# Coverage over pairs of classes, networks and seeds; size of the one-sided tests

Written by `python docs/simulation_clusters.py` ({runs} runs for each row, seed {seed}); do not edit. The intervals and
tests are defined in [statistics.md](statistics.md), the tests of the median have [a page of their own](simulation.md).

## The median, where images of one pair of classes are alike

Normal agreement with true median 50 and standard deviation 15, of which images of one pair of classes share a part
of the variance. A column gives the share of runs in which an interval of nominal {level:.0%} holds the true median.
The exact interval takes images as independent; the one over pairs is the percentile bootstrap of whole pairs
({resamples} draws here).

{pairs}

Where images of a pair are alike, the exact interval holds the median too rarely, and the more so the more images
there are of each pair: the verdict is then definite too often. The bootstrap over pairs does not suffer from it, but
it needs pairs: with fewer than {least} it is too narrow itself, and is not given. With one image of each pair there
is nothing to correct, and both hold.

## The mean, pooled over networks or seeds

The mixed model of `pooled.csv`. A column gives the share of runs in which an interval of nominal {level:.0%} holds
the mean over *all* networks and *all* images.

{units}

`ci_images` and `ci_units` are no answer to this question, as their columns show: the first speaks of the networks at
hand, and holds the mean of all networks only if these hardly differ; the second speaks of the images at hand.
`ci_both` speaks of other networks and other images. It holds the mean in {lowest:.0%} to {highest:.0%} of runs,
least often with two networks that differ much.

## One-sided tests of confidence drops

Differences in probability with a standard deviation of about 0.1, in favour of the method that is tested. Size: the
true mean difference is -{margin:g} for `p_noninferior`, which is the margin, and 0 for `p_superior`; either should
reject in {alpha:.0%} of runs. Both come out alike, as the one is the other moved by the margin. Power of
`p_noninferior`: the true difference is 0.

{tests}

The t-test keeps its level for symmetric differences. A long tail moves it while images are few: with a tail below it
rejects too often, with a tail above too rarely, and with 200 images little of that is left. With 18
images the test shows the non-inferiority of equal methods in less than a third of runs.
"""


def main() -> None:
    """Simulate and write the page."""
    write_text(render(RUNS), PAGE)


if __name__ == "__main__":
    main()
