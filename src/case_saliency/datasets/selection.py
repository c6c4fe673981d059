"""The seeded sample of a dataset that an experiment looks at."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd


def select(manifest: "pd.DataFrame", n_images: int | None, seed: int, split: str | None = None) -> "pd.DataFrame":
    """Draw images uniformly without replacement.

    The images are ranked by SHA-256 of `"<seed>:<image_id>"` and the first `n_images` are taken. So the choice depends
    on the seed and the ids alone, not on the order of the rows; a larger sample contains the smaller ones; an added
    image takes at most one place.

    Parameters
    ----------
    manifest
        A dataset's manifest (see `sources.fetch`).
    n_images
        Size of the sample; None takes all.
    seed
        Another seed draws another sample.
    split
        Keep only rows of this split first; None keeps all.

    Returns
    -------
    pandas.DataFrame
        The chosen rows in the manifest's order, index 0, 1, ...

    Raises
    ------
    CaseSaliencyError
        If the split is unknown, more images are asked for than there are, fewer than one, or an image_id repeats.
    """
    rows = manifest if split is None else manifest[manifest["split"] == split]
    if rows.empty:
        known = ", ".join(sorted(set(manifest["split"].astype(str)))) or "none, the manifest is empty"
        raise CaseSaliencyError(f"selection: split {split!r} holds no image; splits of the manifest: {known}")
    if rows["image_id"].duplicated().any():
        repeated = rows.loc[rows["image_id"].duplicated(), "image_id"].iloc[0]
        raise CaseSaliencyError(
            f"selection: image_id {repeated!r} appears more than once in the manifest; give each image an id of its own"
        )
    if n_images is None:
        return rows.reset_index(drop=True)
    if not 1 <= n_images <= len(rows):
        raise CaseSaliencyError(
            f"selection: n_images is {n_images}, but there are {len(rows)} images; "
            f"choose 1 to {len(rows)}, or null for all"
        )
    ranks = rows["image_id"].map(lambda image_id: hashlib.sha256(f"{seed}:{image_id}".encode()).hexdigest())
    chosen = ranks.sort_values().index[:n_images]
    return rows[rows.index.isin(chosen)].reset_index(drop=True)


def leading(qualified: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.intp]:
    """Return the positions up to the n-th image that qualifies; all, if fewer do.

    Examples
    --------
    >>> leading(np.array([True, False, True, True]), 2).tolist()
    [0, 1, 2]
    """
    return np.flatnonzero(np.cumsum(qualified) - qualified < n)
