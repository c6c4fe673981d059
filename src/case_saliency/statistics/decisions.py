"""In how many trainings a method's test rejects and which verdicts it gets, beside its pooled agreement."""

import pandas as pd

from case_saliency.statistics.pooling import ALL

_SETTING = ["experiment", "dataset", "layer", "method", "k_percent"]
_VERDICTS = {
    "n_class_sensitive": "class-sensitive",
    "n_undecided": "undecided",
    "n_insensitive": "insensitive",
}
_COLUMNS = ("n_rejects_paper", "n_rejects_holm", *_VERDICTS, "median_lowest", "median_highest")


def with_decisions(pooled: pd.DataFrame, tests: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Add to each pooled row what the tests say of the trained networks in it.

    Parameters
    ----------
    pooled
        Rows of `pooling.pooled_table`.
    tests
        Rows of `class_sensitivity.agreement_table` for the same scores: each trained network by itself, over its own
        images.
    alpha
        Level at which `n_rejects_holm` counts ``p_holm < alpha``.

    Returns
    -------
    pandas.DataFrame
        `pooled` with further columns. Of the `n_seeds` trained networks of a row, `n_rejects_paper` reject by the
        paper's test and `n_rejects_holm` by the sign test after Holm's correction (missing for controls, which are not
        corrected); `n_class_sensitive`, `n_undecided` and `n_insensitive` have that verdict, and add up to those on
        which an image counts: the others have neither test nor verdict. `median_lowest` and `median_highest` are the
        extremes of their median agreement, NaN where none has an image that counts.

    Raises
    ------
    ValueError
        If a trained network of a row has no test.

    Examples
    --------
    >>> keys = {"experiment": "e", "dataset": "d", "layer": "last", "method": "case", "k_percent": 5.0}
    >>> pooled = pd.DataFrame([keys | {"model": "all", "seed": pd.NA, "n_seeds": 2}])
    >>> one = keys | {"model": "net", "role": "method", "rejects_paper": True, "verdict": "undecided", "n": 9}
    >>> tests = pd.DataFrame(
    ...     [one | {"seed": 0, "p_holm": 0.01, "median_agreement": 9.0},
    ...      one | {"seed": 1, "p_holm": 0.09, "median_agreement": 7.0}]
    ... )
    >>> with_decisions(pooled, tests, 0.05)[["n_rejects_paper", "n_rejects_holm", "median_lowest"]].values.tolist()
    [[2, 1, 7.0]]
    """
    by_setting = dict(list(tests.groupby(_SETTING)))
    rows = []
    for row in pooled.to_dict("records"):
        found = by_setting.get(tuple(row[name] for name in _SETTING), tests.iloc[:0])
        if row["model"] != ALL:
            found = found[found["model"] == row["model"]]
        if not pd.isna(row["seed"]):
            found = found[found["seed"] == row["seed"]]
        if len(found) != row["n_seeds"]:
            raise ValueError(f"with_decisions: {len(found)} tests of {row['n_seeds']} trained networks in {row}")
        rows.append(_decisions(found, alpha))
    decided = pd.DataFrame(rows, index=pooled.index, columns=list(_COLUMNS)).astype({"n_rejects_holm": "Int64"})
    return pooled.join(decided)


def _decisions(tests: pd.DataFrame, alpha: float) -> dict[str, object]:
    corrected, judged = (tests["role"] == "method").all(), tests["n"] > 0
    return {
        "n_rejects_paper": int(tests["rejects_paper"].sum()),
        "n_rejects_holm": int((tests["p_holm"] < alpha).sum()) if corrected else pd.NA,
        **{name: int((judged & (tests["verdict"] == verdict)).sum()) for name, verdict in _VERDICTS.items()},
        "median_lowest": float(tests["median_agreement"].min()),
        "median_highest": float(tests["median_agreement"].max()),
    }
