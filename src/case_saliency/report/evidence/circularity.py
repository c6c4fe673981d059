"""Circularity: how much of CASE's low agreement is left when neither compared class was removed from the other."""

import pandas as pd

from case_saliency.figures.fills import fills
from case_saliency.figures.names import method_style
from case_saliency.report.content import Settings
from case_saliency.report.phrases import estimates, networks, unit, verdicts
from case_saliency.report.ranges import spread
from case_saliency.statistics.standing import with_images

_ROW = ["model", "seed", "layer", "method"]
_SHARE = ("share_left", "share_ci_low", "share_ci_high", "{:z.0%}")
_VARIANTS = ("case_heldout", "case_matched", "case_random_direction")
_HALF = 0.5  # share that decides what most of the reduction is
CASE = "case"
"""The method whose variants are compared."""


def circularity(table: pd.DataFrame, _settings: Settings) -> list[str]:
    """Tell the share that is left, what it means for the verdict, and whether the gain in class specificity remains."""
    rows = variants(table)
    before, after = (spread(_of(rows, name)["mean_agreement"], "{:.0f}%") for name in (_plain(rows), CASE))
    return [
        f"CASE lowers the mean agreement from {before} ({method_style(_plain(rows)).label}, no contrast) to {after}. "
        f"{_shares(rows)}",
        *_judged(rows),
        *_no_share(rows),
        f"By the same rule as in the overview, CASE is {_verdicts(rows, CASE)}; held out, "
        f"{_verdicts(rows, 'case_heldout')}; matched, {_verdicts(rows, 'case_matched')}.",
        *_specificity(table, rows),
        *_sets(table),
    ]


def variants(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each network, layer and variant, over all images and without the sweeps of strengths."""
    return table[(table["membership"] == "all") & table["strength"].isna()].drop_duplicates(_ROW)


def left(table: pd.DataFrame) -> str:
    """Say in short what is left of CASE's reduction of agreement, held out and matched."""
    rows = variants(table)
    plain, case = method_style(_plain(rows)).label, _of(rows, CASE)
    taken = int(case["share_left"].notna().sum())
    if not taken:
        return (
            f"CASE's agreement is so near to that of {plain}, without contrast, that there is no reduction to speak of"
        )
    held, matched = (spread(_of(rows, name)["share_left"], "{:z.0%}") for name in ("case_heldout", "case_matched"))
    told = (
        f"{held} of its reduction of agreement against {plain} is left when the compared classes are held out, and "
        f"{matched} when other classes that remove as much take their place (matched)"
    )
    return told if taken == len(case) else f"{told}, on {networks(taken, len(case), unit(rows))} where there is one"


def _shares(rows: pd.DataFrame) -> str:
    if not _of(rows, CASE)["share_left"].notna().any():
        return "That is too little to take a share of."
    told = [
        f"{method_style(name).label} {estimates(_of(rows, name), *_SHARE)}"
        for name in _VARIANTS
        if len(_of(rows, name))
    ]
    return f"Left of this reduction: {'; '.join(told)}."


def _of(rows: pd.DataFrame, method: str) -> pd.DataFrame:
    return rows[rows["method"] == method]


def _plain(rows: pd.DataFrame) -> str:
    return next(name for name in ("gradcam", "hirescam") if name in set(rows["method"]))


def _verdicts(rows: pd.DataFrame, method: str) -> str:
    return verdicts(with_images(_of(rows, method))["verdict"], unit(rows)) or "not measured"


def _judged(rows: pd.DataFrame) -> list[str]:
    """Judge by the matched sets, the strict answer, from the share's interval."""
    matched = _of(rows, "case_matched")
    matched = matched[matched["share_left"].notna()]
    if matched.empty:
        return []
    below, above = matched["share_ci_high"] < _HALF, matched["share_ci_low"] > _HALF
    found = {
        "most of it was built in (interval below 50%)": below,
        "most of it remains (interval above 50%)": above,
        "the share is not decided": ~below & ~above,
    }
    told = "; ".join(
        f"{words} on {networks(int(rule.sum()), len(matched), unit(rows))}"
        for words, rule in found.items()
        if rule.any()
    )
    some = int((matched["share_ci_low"] > 0).sum())
    return [
        f"By the matched sets, which remove as much as CASE but neither compared class, {told}; that anything is left "
        f"(interval above 0) is shown on {networks(some, len(matched), unit(rows))}."
    ]


def _no_share(rows: pd.DataFrame) -> list[str]:
    lost = _of(rows, "case_matched")
    lost = lost[lost["share_left"].isna()]
    if lost.empty:
        return []
    total = len(_of(rows, "case_matched"))
    notes = "; ".join(sorted(set(lost["share_note"])))
    return [f"No share can be taken on {networks(len(lost), total, unit(rows))}: {notes}."]


def _specificity(table: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Tell the interaction at the smallest share of removed pixels and the first fill."""
    dropped = table[(table["membership"] == "all") & table["strength"].isna() & table["interaction"].notna()]
    if dropped.empty:
        return []
    k, fill = dropped["k_removed"].min(), fills(dropped)[0]
    shown = dropped[(dropped["k_removed"] == k) & (dropped["fill"] == fill)]
    parts = []
    for method in (_plain(rows), "case", *_VARIANTS):
        mine = _of(shown, method)
        above = int((mine["interaction_ci_low"] > 0).sum())
        if len(mine):
            value = spread(mine["interaction"], "{:z.2f}")
            parts.append(f"{method_style(method).label} {value} (above 0 on {networks(above, len(mine), unit(rows))})")
    return [
        f"Do the maps still take away their own class rather than the other one? Own minus cross drops in logits, top "
        f"{k:g}% removed, fill {fill}, 0 for a map that knows no class; in brackets where "
        f"the interval lies above 0: {'; '.join(parts)}."
    ]


def _sets(table: pd.DataFrame) -> list[str]:
    """Say how often CASE's own sets hold the other compared class."""
    parts = table[(table["method"] == "case") & (table["membership"] != "all")].drop_duplicates([*_ROW, "membership"])
    counts = parts.groupby("membership")["n"].sum()
    total = int(counts.sum())
    if not total:
        return []
    both, neither = int(counts.get("both", 0)), int(counts.get("neither", 0))
    return [
        f"CASE's own sets hold the other compared class on both sides in {both} of {total} images and networks, on one "
        f"side in {total - both - neither}, on none in {neither}."
    ]
