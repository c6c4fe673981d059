"""How much of CASE's low agreement is built in: the variants of CASE that tell, and their scores.

Where the contrast set of each compared class holds the other one, CASE turns the two apart by construction: with sets
of one class the cosine of their weights changes its sign exactly (docs/analyses/circularity.md). The variants take the
other class in, keep it out, keep it out with contrast classes that are as near, or remove a random direction instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from case_saliency.attribution import registry
from case_saliency.attribution.registry import Method
from case_saliency.attribution.result import Attribution
from case_saliency.diagnostic.agreement import COLUMNS as AGREEMENT_COLUMNS
from case_saliency.diagnostic.agreement import score_agreement
from case_saliency.diagnostic.topk import Ties
from case_saliency.errors import CaseSaliencyError

COLUMNS = (
    *(*AGREEMENT_COLUMNS[:6], "strength", *AGREEMENT_COLUMNS[6:]),
    *("test", "cosine_a", "cosine_b", "norm_ratio_a", "norm_ratio_b", "pair_cosine", "compared_in"),
)
"""Columns of the agreement's rows in the table of scores; `score_variants` fills those from `method` on."""

MEMBERSHIPS = ("neither", "second", "first", "both")
"""Whose contrast set holds the other compared class: of none, of the second, of the first, or of both."""

_SETS = ("case_both_in", "case_heldout", "case_matched")
_SWEEPS = {"case_difference": "any", "case_difference_heldout": "out"}
_SHARED = ("source", "k", "pooled", "relu")  # parameters of CASE that all variants follow


@dataclass(frozen=True)
class Variant:
    """A variant: its name, the strength of a difference (else NaN), and the method that draws its maps."""

    name: str
    strength: float
    method: Method


def variants(
    methods: Sequence[Mapping[str, Any]], *, strengths: Sequence[float], candidates: int, seed: int
) -> list[Variant]:
    """Return the variants of an experiment's `case`, the map without any contrast first.

    Parameters
    ----------
    methods
        The experiment's methods, as `registry.resolve` takes them. The variants take source, k, pooled, eps and relu
        from `case`.
    strengths
        Of the two sweeps of differences, see `attribution.case.case_difference`.
    candidates
        Of `case_matched`, see `attribution.case.case`.
    seed
        Of `case_random_direction`.

    Raises
    ------
    CaseSaliencyError
        If the experiment has no method `case`, or its `case` does not take the contrast sets as they come.
    """
    case = next((method for method in registry.resolve(methods) if method.name == "case"), None)
    if case is None:
        listed = ", ".join(str(method["name"]) for method in methods)
        raise CaseSaliencyError(
            f"circularity: 'case' is not among the experiment's methods ({listed}); list it, or remove the analysis"
        )
    if case.parameters["compared"] != "any":
        raise CaseSaliencyError(
            f"circularity: case has compared: {case.parameters['compared']}, and is compared with variants that differ "
            "in it; set methods.case.compared to any"
        )
    shared = {name: case.parameters[name] for name in _SHARED}
    plain = "gradcam" if case.parameters["pooled"] else "hirescam"
    found = [_variant(plain, "case_difference", **shared, strength=0.0), Variant("case", nan, case)]
    found += [_variant(name, name, **shared, eps=case.parameters["eps"], candidates=candidates) for name in _SETS]
    found.append(_variant("case_random_direction", "case_random_direction", **shared, seed=seed))
    for name, compared in _SWEEPS.items():
        for position, strength in enumerate(strengths):
            one = _variant(f"{name}_{position}", "case_difference", **shared, compared=compared, strength=strength)
            found.append(Variant(name, float(strength), one.method))
    return found


def _variant(name: str, base: str, **parameters: Any) -> Variant:
    return Variant(name, nan, registry.resolve([{"name": name, "method": base, **parameters}])[0])


def score_variants(
    found: Attribution,
    layer: str,
    chosen: Sequence[Variant],
    *,
    qualified: npt.NDArray[np.bool_],
    input_size: tuple[int, int],
    k_percent: float,
    ties: Ties,
) -> pd.DataFrame:
    """Score the agreement of every variant at one layer, image by image.

    Parameters
    ----------
    found
        Maps of the variants' methods for two classes of each image, and what the methods noted.
    layer
        Name of the target layer.
    chosen
        The variants, as `variants` returns them.
    qualified, input_size, k_percent, ties
        See `agreement.score_agreement`.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS` from `method` on, one row for each variant and image, `test` = "agreement". With m the mean contrast
        gradient of class a: `cosine_a` = cos(g_a, m), `norm_ratio_a` = |m| / |g_a|, likewise of b; `pair_cosine` is
        the cosine of both classes' weights after the contrast was taken away; `compared_in` one of `MEMBERSHIPS`.
    """
    tables = []
    for variant in chosen:
        table = score_agreement(
            found.maps[layer][variant.method.name],
            image_ids=found.image_ids,
            targets=found.classes,
            qualified=qualified,
            input_size=input_size,
            k_percents=[k_percent],
            ties=ties,
        )
        notes = found.extras[layer][variant.method.name]
        for name in ("cosine", "norm_ratio"):
            table[[f"{name}_a", f"{name}_b"]] = notes[name].astype(float)
        tables.append(
            table.assign(
                method=variant.name,
                strength=variant.strength,
                test="agreement",
                pair_cosine=notes["pair_cosine"][:, 0].astype(float),
                compared_in=memberships(notes["contrast_classes"], found.classes),
            )
        )
    return pd.concat(tables, ignore_index=True)[list(COLUMNS[5:])]


def named(table: pd.DataFrame, chosen: Sequence[Variant]) -> pd.DataFrame:
    """Return a table of the methods' scores with the variants' names and strengths in place of the methods' names."""
    by_method = {variant.method.name: variant for variant in chosen}
    found = table["method"].map(by_method)
    return table.assign(method=[variant.name for variant in found], strength=[variant.strength for variant in found])


def memberships(contrast: npt.NDArray[np.integer], classes: npt.NDArray[np.integer]) -> npt.NDArray[np.object_]:
    """Say for each image whose contrast set holds the other compared class, one of `MEMBERSHIPS`.

    Parameters
    ----------
    contrast, classes
        Contrast sets (N, 2, k) of the compared classes (N, 2).

    Examples
    --------
    >>> memberships(np.array([[[5, 2], [4, 5]], [[5, 4], [1, 6]]]), np.array([[1, 2], [1, 2]])).tolist()
    ['first', 'second']
    """
    holds = (contrast == classes[:, ::-1, None]).any(axis=2)
    names: npt.NDArray[np.object_] = np.array(MEMBERSHIPS, dtype=object)[2 * holds[:, 0] + holds[:, 1]]
    return names
