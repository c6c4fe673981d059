"""RQ2: per-image confidence drops -> means with intervals, and a paired test of each method against a reference."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import CELL, KEPT, NETWORK, Scores, cells, counts, only, status
from case_saliency.statistics.intervals import mean_interval
from case_saliency.statistics.multiplicity import adjusted_by
from case_saliency.statistics.paired import least_margin, paired_greater, paired_t, paired_tost

_DRAWN = ("test", "fill", "k_percent")
_SETTING = ("test", "measure", "fill", "k_percent")
_COLUMNS = (
    *(*CELL, *_SETTING, "n", "mean", "sd", "ci_low", "ci_high"),
    *("n_pairs", "difference_to_case", "p_vs_case", "p_holm", "p_tost", "equivalent", "least_margin"),
    *("p_noninferior", "p_superior", "p_superior_holm", "role"),
    *("n_total", "n_excluded_misclassified", "n_degenerate"),
)

MEASURES = ("drop_absolute", "drop_relative", "drop_relative_clipped", "drop_logit")
NEEDED = (*CELL, "image_id", "test", "fill", "k_percent", *MEASURES, "degenerate", "qualified", "reason")
"""Columns of the scores of confidence drops that their table is made from."""
_Setting = tuple[Any, ...]
_LOGITS = {"drop_logit"}
"""Measures in logits: the margin, a fraction, says nothing about them."""
ONE_SIDED = ("p_noninferior", "p_superior", "p_superior_holm")
"""Columns that take more for better; where less is, they have no meaning."""
_FAMILIES = {"p_vs_case": "p_holm", "p_superior": "p_superior_holm"}


def fidelity_table(
    scores: Scores,
    *,
    controls: Collection[str],
    alpha: float,
    measures: Sequence[str] = MEASURES,
    reference: str = "case",
    equivalence_margin: float = 0.02,
) -> pd.DataFrame:
    """Compare the confidence drops of each method with those of the reference on the same images.

    Parameters
    ----------
    scores
        Fidelity scores, one row for each image, method, layer, fill and k (see `fidelity.drop.COLUMNS`).
    controls
        Methods that calibrate the test; they are tested alike but stay out of the correction for multiplicity.
    alpha
        The mean's t interval has level 1 - alpha.
    measures
        Columns of `scores` to test.
    reference
        Method against which the others are tested.
    equivalence_margin
        Difference of mean drops that is too small to matter, a fraction: the margin of `p_tost` and `p_noninferior`,
        which drops in logits do not have.

    Returns
    -------
    pandas.DataFrame
        One row for each cell, test, measure, fill and k, in the order of `scores`. `difference_to_case` is the mean of
        method minus reference over the `n_pairs` images that have both, `p_vs_case` the two-sided paired t-test on
        them; NaN for the reference itself, where it is absent, and for fewer than two pairs. A method that has no
        target layer (its maps lie in the input's space) is compared with the reference at its first layer. `p_tost`
        tests on the same pairs that the means differ by the margin or more, `equivalent` says that it is below alpha,
        and `least_margin` from which margin on it would be. `p_noninferior` is the one-sided test of "the reference is
        worse than the method by the margin or more", `p_superior` that of "the method is no better than the reference";
        both take the larger value for the better one. `p_holm` corrects `p_vs_case` over the methods, networks and
        layers of an experiment at one setting, `p_superior_holm` likewise `p_superior`.

    Raises
    ------
    ValueError
        If a score is missing for no stated reason, or an image occurs twice in a cell.
    """
    margin = equivalence_margin
    return corrected(fidelity_rows(scores, controls, alpha, measures, reference=reference, equivalence_margin=margin))


def fidelity_rows(
    scores: Scores,
    controls: Collection[str],
    alpha: float,
    measures: Sequence[str],
    *,
    reference: str,
    equivalence_margin: float = 0.02,
    further: Mapping[str, Callable[[pd.DataFrame], float]] | None = None,
) -> pd.DataFrame:
    """Return what `fidelity_table` does, p-values not yet corrected: NaN where `corrected` fills them in.

    `further` columns are computed from the rows of a cell that are kept.
    """
    further = further or {}
    references = _references(scores, measures, reference)
    rows: dict[str, dict[_Setting, list[dict[str, Any]]]] = {measure: defaultdict(list) for measure in measures}
    for names, cell in cells(scores, [*CELL, *_DRAWN]):
        if cell["image_id"].duplicated().any():
            raise ValueError("fidelity_table: an image occurs twice in a cell; pass the scores of one target")
        named, setting = dict(zip((*CELL, *_DRAWN), names, strict=True)), _setting(names)
        role = "control" if named["method"] in controls else "method"
        for measure in measures:
            marked = status(cell, measure)
            kept = cell.loc[marked == KEPT]
            values = kept.set_index("image_id")[measure]
            of_reference = {} if named["method"] == reference else references[setting, measure]
            first = next(iter(of_reference.values()), values.iloc[:0])
            other = of_reference.get(named["layer"], first)
            row = named | {"measure": measure, "role": role}
            row |= counts(cell.assign(status=marked)) | _describe(values, alpha)
            row |= _against(values, other, equivalence_margin, alpha)
            if measure in _LOGITS:
                row |= {"p_tost": np.nan, "equivalent": False, "p_noninferior": np.nan}
            rows[measure][setting].append(row | {name: found(kept) for name, found in further.items()})
    in_order = chain.from_iterable(found for settings in rows.values() for found in settings.values())
    return pd.DataFrame(list(in_order), columns=[*_COLUMNS, *further])


def _references(
    scores: Scores, measures: Sequence[str], reference: str
) -> "dict[tuple[_Setting, str], dict[str, pd.Series[float]]]":
    """Return the reference's values by image: setting and measure -> each layer where it has any, in order."""
    found: dict[tuple[_Setting, str], dict[str, pd.Series[float]]] = defaultdict(dict)
    for names, cell in cells(only(scores, "method", reference), [*CELL, *_DRAWN]):
        *_, layer, method = names[: len(CELL)]
        for measure in measures if method == reference else ():
            values = cell.loc[status(cell, measure) == KEPT].set_index("image_id")[measure]
            if len(values):
                found[_setting(names), measure][layer] = values
    return found


def _setting(names: tuple[Any, ...]) -> _Setting:
    """Return what is compared with each other: a network, test, fill and k."""
    return (*names[: len(NETWORK)], *names[len(CELL) :])


def corrected(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of all rows of an experiment with its p-values corrected for multiplicity."""
    by = ["experiment", *_SETTING]
    return table.assign(**{adjusted: adjusted_by(table, p_value, by) for p_value, adjusted in _FAMILIES.items()})


def _describe(values: "pd.Series[float]", alpha: float) -> dict[str, Any]:
    interval = mean_interval(values.to_numpy(dtype=float), 1 - alpha)
    return {
        "n": len(values),
        "mean": interval.estimate,
        "sd": float(values.std(ddof=1)) if len(values) > 1 else np.nan,
        "ci_low": interval.low,
        "ci_high": interval.high,
    }


def _against(values: "pd.Series[float]", reference: "pd.Series[float]", margin: float, alpha: float) -> dict[str, Any]:
    shared = values.index.intersection(reference.index, sort=False)
    first, second = values[shared].to_numpy(dtype=float), reference[shared].to_numpy(dtype=float)
    p_tost = paired_tost(first, second, margin)
    return {
        "n_pairs": len(shared),
        "difference_to_case": float((first - second).mean()) if len(shared) else np.nan,
        "p_vs_case": paired_t(first, second),
        "p_tost": p_tost,
        "equivalent": p_tost < alpha,
        "least_margin": least_margin(first, second, alpha),
        "p_noninferior": paired_greater(second, first, margin),
        "p_superior": paired_greater(first, second),
    }
