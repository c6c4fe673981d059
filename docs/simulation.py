"""Simulate the size and the power of the tests of RQ1, and write the page about them.

    python docs/simulation.py

Draws agreement scores whose median is known, tests them as the study does, and counts. Seeded: another run writes the
same `docs/simulation.md`. `tests/unit/statistics/test_simulation.py` repeats it with fewer runs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from case_saliency.statistics.intervals import median_interval, verdict
from case_saliency.statistics.paired import sign_test_less, wilcoxon_less
from case_saliency.statistics.power import sign_test_power
from case_saliency.storage import write_text

PAGE = Path(__file__).with_name("simulation.md")
SEED, RUNS, SIZES = 0, 2000, (18, 200)
THRESHOLD, ALPHA = 50.0, 0.05

Values = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Values]


@dataclass(frozen=True)
class Shape:
    """A distribution of agreement: how to draw n images from it, its median in words, and P(agreement < 50)."""

    name: str
    median: str
    below: float
    draw: Draw


def _mixture(share: float, low: tuple[float, float], high: tuple[float, float]) -> Draw:
    """Draw a share of uniform values between the bounds `low`, the rest between those of `high`."""

    def draw(rng: np.random.Generator, n: int) -> Values:
        return np.where(rng.random(n) < share, rng.uniform(*low, n), rng.uniform(*high, n))

    return draw


def _normal(mean: float) -> Draw:
    return lambda rng, n: np.clip(rng.normal(mean, 15, n), 0, 100)


def _exponential(scale: float, below: float) -> Draw:
    """Draw from an exponential tail (scale < 0: towards 0), shifted so that P(value < 50) is `below`."""
    quantile = -math.log(below if scale < 0 else 1 - below)
    return lambda rng, n: np.clip(THRESHOLD + scale * (rng.exponential(size=n) - quantile), 0, 100)


def _levels(*shares: float) -> Draw:
    """Draw values 0, 50 and 100 with the given probabilities, as on a grid of few cells."""
    return lambda rng, n: rng.choice([0.0, 50.0, 100.0], n, p=shares)


NULL = (
    Shape("symmetric: normal", "50", 0.5, _normal(50)),
    Shape("skewed, tail towards 0: exponential", "50", 0.5, _exponential(-8, 0.5)),
    Shape("skewed, tail towards 100: exponential", "50", 0.5, _exponential(8, 0.5)),
    Shape("skewed: 52% in 50.56 to 51.60, 48% in 0 to 40", "50.6", 0.48, _mixture(0.48, (0, 40), (50.56, 51.60))),
    Shape("bimodal: half in 0 to 20, half in 80 to 100", "20 to 80", 0.5, _mixture(0.5, (0, 20), (80, 100))),
    Shape("bimodal: half in 0 to 20, half in 50 to 60", "20 to 50", 0.5, _mixture(0.5, (0, 20), (50, 60))),
    Shape("tied: 30% at 0, 40% at 50, 30% at 100", "50", 0.3, _levels(0.3, 0.4, 0.3)),
    Shape("tied: 48% at 0, 52% at 50", "50", 0.48, _levels(0.48, 0.52, 0)),
)
ALTERNATIVE = (
    Shape("symmetric: normal", "39.9", 0.75, _normal(50 - 15 * 0.67449)),
    Shape("skewed, tail towards 0: exponential", "46.8", 0.75, _exponential(-8, 0.75)),
    Shape("skewed: 75% in 45 to 49.9, 25% in 90 to 100", "48.3", 0.75, _mixture(0.75, (45, 49.9), (90, 100))),
    Shape("bimodal: 75% in 0 to 20, 25% in 80 to 100", "13.3", 0.75, _mixture(0.75, (0, 20), (80, 100))),
    Shape("tied: 75% at 0, 15% at 50, 10% at 100", "0", 0.75, _levels(0.75, 0.15, 0.1)),
)
TESTS = ("wilcoxon", "wilcoxon, pratt", "sign")
VERDICTS = ("class-sensitive", "undecided", "insensitive")


def simulate(shape: Shape, n: int, runs: int) -> dict[str, float]:
    """Return the share of runs in which each test rejects, and in which each verdict is reached.

    The draws depend on the seed, the shape's name and n alone.
    """
    rng = np.random.default_rng([SEED, n, *shape.name.encode()])
    counts = dict.fromkeys([*TESTS, *VERDICTS], 0)
    for _ in range(runs):
        values = shape.draw(rng, n)
        counts["wilcoxon"] += wilcoxon_less(values, THRESHOLD, "wilcox") < ALPHA
        counts["wilcoxon, pratt"] += wilcoxon_less(values, THRESHOLD, "pratt") < ALPHA
        counts["sign"] += sign_test_less(values, THRESHOLD) < ALPHA
        counts[verdict(median_interval(values, 1 - ALPHA), THRESHOLD)] += 1
    return {name: count / runs for name, count in counts.items()}


def study(shapes: tuple[Shape, ...], runs: int) -> pd.DataFrame:
    """Return one row for each shape and number of images, with the exact rate of the sign test beside the counts."""
    return pd.DataFrame(
        [
            {"shape": shape.name, "median": shape.median, "below": shape.below, "n": n, **simulate(shape, n, runs)}
            | {"exact": sign_test_power(n, shape.below, ALPHA)}
            for shape in shapes
            for n in SIZES
        ]
    )


def tolerance(runs: int) -> float:
    """Return the rate that a test of exactly level alpha stays below: alpha and four binomial standard errors."""
    return ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def row(result: dict[str, object], limit: float) -> str:
    """Write a row of a table; a test's rate above `limit` is bold."""
    first = [result["shape"], result["median"], f"{result['below']:g}", str(result["n"])]
    tests = [f"**{result[name]:.3f}**" if result[name] > limit else f"{result[name]:.3f}" for name in TESTS]
    rest = [f"{result[name]:.3f}" for name in ("exact", *VERDICTS)]
    return f"| {' | '.join([*first, *tests, *rest])} |"


_HEAD = """\
| agreement | median | P(< 50) | n | Wilcoxon | Wilcoxon, Pratt | sign test | sign test, exact | class-sensitive | \
undecided | insensitive |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |"""


def render(null: pd.DataFrame, alternative: pd.DataFrame) -> str:
    """Return the page."""
    limit = tolerance(RUNS)
    tables = [
        "\n".join([_HEAD, *(row(result, bound) for result in table.to_dict("records"))])
        for table, bound in ((null, limit), (alternative, math.inf))
    ]
    broken = {name: int((null[name] > limit).sum()) for name in TESTS}
    wrong = max(null["class-sensitive"].max(), alternative["insensitive"].max())
    return _PAGE.format(
        command="python docs/simulation.py", runs=RUNS, seed=SEED, alpha=ALPHA, limit=limit, cases=len(null),
        wilcoxon=broken["wilcoxon"], pratt=broken["wilcoxon, pratt"], sign=broken["sign"], wrong=wrong,
        largest=null["sign"].max(), size=tables[0], power=tables[1],
    )  # fmt: skip


_PAGE = """\
# Size and power of the tests of class sensitivity

Written by `{command}` ({runs} runs for each row, seed {seed}); do not edit. The tests are defined in
[statistics.md](statistics.md#tests-and-intervals). Images that are alike, pooled networks and tests of fidelity have
[a page of their own](simulation-clusters.md).

Every row draws agreement scores of n images from a distribution whose median is known, and tests H0 "median >= 50" at
level {alpha:g}, one-sided. A column gives the share of runs in which a test rejects, or in which a verdict is reached;
"exact" is the sign test's rate by the binomial distribution, to check the simulation by.

## Size: H0 is true

A test keeps its level if it rejects in at most {alpha:.0%} of runs. Bold: above {limit:.3f}, that is {alpha:g} and
four binomial standard errors. Wilcoxon's test goes beyond it in {wilcoxon} of {cases} rows, with Pratt's treatment of
zeros in {pratt}, the sign test in {sign} (at most {largest:.3f}).

{size}

Wilcoxon's signed-rank test is a test of the median only for values that are symmetric about it. Where the long tail
lies below, it rejects a true hypothesis the more often the more images there are; where the tail lies above, almost
never. A value of exactly 50 speaks for H0, but is dropped before or after ranking: if the rest lies below, the test
rejects.

## Power: H0 is false

In each row 75% of images lie below 50, the effect at which `power` is stated in the tables. The sign test sees that
share and nothing else, so that its power is the same in all rows. Wilcoxon's depends on the shape: it is low where the
rest lies far above, and high where the tail lies below, which is where it also rejects true hypotheses.

{power}

The verdict is two-sided and asks for more than the sign test does. It was wrong ("class-sensitive" where H0 is true,
"insensitive" where it is false) in at most {wrong:.1%} of runs of any row on this page.
"""


def main() -> None:
    """Simulate and write the page."""
    write_text(render(study(NULL, RUNS), study(ALTERNATIVE, RUNS)), PAGE)


if __name__ == "__main__":
    main()
