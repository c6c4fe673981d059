"""CPU time of functions, measured in turns so that a disturbance meets all of them."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of the table: what was measured, in seconds of CPU time, and a remark such as "extrapolated"."""

    network: str
    what: str
    seconds: float
    remark: str = ""


def cpu_seconds(function: Callable[[], object]) -> float:
    """Return the CPU time (user and system) of one call: with one thread, other processes hardly disturb it."""
    start = time.process_time()
    function()
    return time.process_time() - start


def in_turns(functions: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Call all functions in turn, `repeats` times; return the CPU seconds of each call."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            taken[name].append(cpu_seconds(function))
    return taken


def ratio(numerator: list[float], denominator: list[float]) -> float:
    """Return the median of the ratios of paired calls."""
    return statistics.median(a / b for a, b in zip(numerator, denominator, strict=True))


def tell(message: str) -> None:
    """Show progress on the terminal."""
    print(f"  {message}", file=sys.stderr, flush=True)


def load_average() -> float:
    """Return the machine's load over the last minute, in processes that want to run."""
    return os.getloadavg()[0]
