"""The image axis, split into jobs."""

import re
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
