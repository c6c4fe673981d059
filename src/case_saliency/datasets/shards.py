"""The image axis, split into jobs."""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd


def take(rows: "pd.DataFrame", shard: str, batch_size: int) -> "pd.DataFrame":
    """Return the rows of one shard: contiguous, and cut at batch boundaries.

    The last bits of a convolution depend on the batch it runs in, so a batch never spans two shards: results do not
    depend on the number of shards.

    Parameters
    ----------
    rows
        All selected images, in order.
    shard
        ``<index>-of-<count>``, the index from 0.
    batch_size
        Images in a batch.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"image_id": list("abcdefg")})
    >>> ["".join(take(rows, f"{index}-of-3", 2).image_id) for index in range(3)]
    ['ab', 'cd', 'efg']
    """
    matched = re.fullmatch(r"(\d+)-of-(\d+)", shard)
    if not matched or int(matched[1]) >= int(matched[2]):
        raise CaseSaliencyError(f"shard {shard!r} is not INDEX-of-COUNT with INDEX below COUNT, such as 0-of-4")
    index, count = int(matched[1]), int(matched[2])
    n_batches = -(-len(rows) // batch_size)
    start, stop = (n_batches * edge // count * batch_size for edge in (index, index + 1))
    return rows.iloc[start:stop]


def braced(paths: Iterable[str]) -> str:
    """Return words that bash expands to the paths, in their order: files of all shards in a row are one word.

    A command is one argument of bash, and Linux allows 128 KiB for one: the names of the map files of 50,000 images
    are more.

    Examples
    --------
    >>> braced([f"{family}/{index}-of-3.nc" for family in ("gradient", "control") for index in range(3)])
    'gradient/{0..2}-of-3.nc control/{0..2}-of-3.nc'
    >>> braced(["a/0-of-1.nc", "a/model.json"])
    'a/0-of-1.nc a/model.json'
    """
    words = []
    for (before, after, ahead), found in groupby(enumerate(paths), lambda numbered: _place(*numbered)):
        positions, run = zip(*found, strict=True)
        numbers = f"{{{positions[0] + ahead}..{positions[-1] + ahead}}}"
        words.append(run[0] if len(run) == 1 else f"{before}{numbers}{after}")
    return " ".join(words)


def _place(position: int, path: str) -> tuple[str, str, int]:
    """Return what is before and after a shard's number, and how far that is ahead of the position in the list."""
    matched = re.fullmatch(r"(.*/)(0|[1-9]\d*)(-of-\d+\.\w+)", path)
    return (matched[1], matched[3], int(matched[2]) - position) if matched else (path, "", -position)
