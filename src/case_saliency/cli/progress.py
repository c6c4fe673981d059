"""Progress of long loops: a bar for a person at a terminal, plain lines for a log."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
_SECONDS_BETWEEN_LINES = 10.0
_state = {"lines": not sys.stderr.isatty()}


def to_lines() -> None:
    """Report progress as lines from now on (several jobs share the terminal, or a log is kept)."""
    _state["lines"] = True


def track(items: Iterable[Item], total: int, unit: str) -> Iterator[Item]:
    """Yield `items` and show how many of `total` are done.

    Parameters
    ----------
    items
        What to go through.
    total
        How many there are.
    unit
        What an item is, in the plural ("batches").
    """
    if not _state["lines"]:
        from tqdm import tqdm

        yield from tqdm(items, total=total, unit=f" {unit}", leave=False)
        return
    log = logging.getLogger(__name__)
    started = told = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - told >= _SECONDS_BETWEEN_LINES and done < total:
            left = (now - started) / done * (total - done)
            log.info("%d of %d %s, about %.0f s left", done, total, unit, left)
            told = now
    log.info("%d %s in %.1f s", total, unit, time.monotonic() - started)
