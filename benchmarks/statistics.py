"""Statistics: the BCa interval of a mean, which takes most of the time of the stages that test scores."""

import numpy as np

from benchmarks.timing import Row, in_turns, tell
from case_saliency.attribution.seeding import generator
from case_saliency.statistics.intervals import bca_mean_interval

IMAGES = (500, 5_000, 50_000)


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    tell("BCa intervals")
    values = generator(0, "statistics").random(max(IMAGES))
    bca_mean_interval(values[:500], 0.95, 0)  # libraries
    calls = {str(n): lambda n=n: bca_mean_interval(values[:n], 0.95, 0) for n in IMAGES}
    seconds = {n: float(np.median(taken)) for n, taken in in_turns(calls, 3).items()}
    figures = {f"bca_of_{n}_images_seconds": taken for n, taken in seconds.items()}
    return figures, [Row("", f"BCa interval of a mean, {int(n):,} images", taken) for n, taken in seconds.items()]
