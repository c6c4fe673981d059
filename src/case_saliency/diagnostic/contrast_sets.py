"""Variants of CASE that differ in their contrast sets: where the classes come from, how many, and how they combine."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

COMBINED = {"mean": "case", "span": "case_span"}
"""How the contrast classes' gradients are removed -> the method that does it: along their mean, or all they span."""


def variants(sources: Sequence[str], sizes: Sequence[int], combined: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return name -> parameters of each variant, as `registry.resolve` takes them with `name`.

    Of one class the mean and the span are the same: there it is one variant, `mean`.

    Examples
    --------
    >>> list(variants(["logits"], [1, 2], ["mean", "span"]))
    ['case_logits_k1', 'case_logits_k2', 'case_span_logits_k2']
    """
    return {
        f"{COMBINED[how]}_{source}_k{k}": {"method": COMBINED[how], "source": source, "k": k}
        for source, how, k in product(sources, combined, sizes)
        if not (k == 1 and how == "span" and "mean" in combined)
    }


def describe(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that tell a variant apart: `source`, `k` and `combined`.

    Examples
    --------
    >>> describe({"method": "case_span", "source": "logits", "k": 2})
    {'source': 'logits', 'k': 2, 'combined': 'span'}
    """
    how = {method: name for name, method in COMBINED.items()}[parameters["method"]]
    return {"source": parameters["source"], "k": parameters["k"], "combined": how}


def other_in_set(
    contrast_classes: npt.NDArray[np.integer], classes: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """Return in how many of both contrast sets the other compared class stands, as a share: 0, 0.5 or 1.

    Parameters
    ----------
    contrast_classes
        (N, 2, k) members of the sets of both compared classes.
    classes
        (N, 2) the compared classes.

    Returns
    -------
    (N,) shares.

    Examples
    --------
    >>> other_in_set(np.array([[[5, 7], [3, 4]]]), np.array([[3, 7]]))
    array([1.])
    """
    others = classes[:, ::-1, None]
    return np.asarray((contrast_classes == others).any(axis=2).mean(axis=1), dtype=np.float64)
