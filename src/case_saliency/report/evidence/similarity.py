"""Other measures of likeness: whether low agreement is one of the peaks alone, and what chance explains."""

import pandas as pd

from case_saliency.figures.names import method_style
from case_saliency.report.content import Settings
from case_saliency.report.phrases import unit, where
from case_saliency.report.ranges import spread

_FARTHER = 0.1  # of the way from chance to equal maps that the wide top set must be nearer to these
_ROW = ["model", "seed", "layer", "method"]


def similarity(table: pd.DataFrame, settings: Settings) -> list[str]:
    """Compare the diagnostic's top set with the widest one, with whole maps, with native resolution and with chance."""
    sweep = table[table["measure"] == "agreement"]
    ks = sorted(sweep["k_percent"].unique().tolist())
    narrow = min(ks, key=lambda k: abs(k - settings.k_percent))
    wide = max(k for k in ks if k < 100)
    at_input = sweep[sweep["resolution"] == "input"]
    top = at_input[at_input["k_percent"] == narrow].set_index(_ROW)
    broad = at_input[at_input["k_percent"] == wide].set_index(_ROW).reindex(top.index)
    whole = table[table["measure"] == "spearman"].set_index(_ROW).reindex(top.index)
    native = sweep[(sweep["resolution"] == "native") & (sweep["k_percent"] == narrow)].set_index(_ROW)
    return [
        *_reference(top, broad, whole, settings),
        _peaks(top, broad, whole),
        _native(top, native),
        _chance(top.reset_index(), narrow),
    ]


def _reference(top: pd.DataFrame, broad: pd.DataFrame, whole: pd.DataFrame, settings: Settings) -> list[str]:
    mine = top.index.get_level_values("method") == settings.reference
    if not mine.any():
        return []
    narrow, wide = (part["k_percent"].iloc[0] for part in (top, broad))
    return [
        f"From chance (0) to equal maps (1), the two maps of {method_style(settings.reference).label} are at "
        f"{spread(top.loc[mine, 'above_chance'], '{:z.2f}')} in their top {narrow:g}% and at "
        f"{spread(broad.loc[mine, 'above_chance'], '{:z.2f}')} in their top {wide:g}%; Spearman's rank correlation of "
        f"all pixels is {spread(whole.loc[mine, 'mean'], '{:z.2f}')}."
    ]


def _peaks(top: pd.DataFrame, broad: pd.DataFrame, whole: pd.DataFrame) -> str:
    narrow, wide = (part["k_percent"].iloc[0] for part in (top, broad))
    low = top["verdict"] == "class-sensitive"
    alike = (broad["above_chance"] - top["above_chance"] >= _FARTHER) & (whole["mean_ci_low"] > whole["chance"])
    rows = top.reset_index()
    sensitive, peaks = (where(top[chosen].reset_index(), rows) for chosen in (low, low & alike))
    return (
        f"Class-sensitive at the top {narrow:g}%: {sensitive}. Of these, a statement about the peaks only, as the maps "
        f"are alike as a whole (at least {_FARTHER:g} nearer to equality in the top {wide:g}%, and the interval of the "
        f"rank correlation above chance): {peaks}."
    )


def _native(top: pd.DataFrame, native: pd.DataFrame) -> str:
    shared, others = (part[part["n"] > 0].index for part in (top, native))
    shared = shared.intersection(others, sort=False)
    changed = top.loc[shared, "verdict"] != native.loc[shared, "verdict"]
    rows = top.loc[shared].reset_index()
    told = (
        f"At the maps' own resolution the verdict at the same k is the same in {int((~changed).sum())} of "
        f"{len(shared)} cases"
    )
    return f"{told}; it is another one {where(rows[changed.to_numpy()], rows)}." if changed.any() else f"{told}."


def _chance(rows: pd.DataFrame, narrow: float) -> str:
    below = rows["mean_ci_high"] < rows["chance"]
    at = ~below & (rows["mean_ci_low"] <= rows["chance"])
    told = (
        f"Not distinguishable from independent maps at the top {narrow:g}% (the mean's interval holds their level, "
        f"{spread(rows['chance'], '{:.1f}%')}): {where(rows[at], rows)}."
    )
    if below.any():
        told += f" Below it: {where(rows[below], rows)}."
    return told + (f" Counted over {unit(rows)}." if unit(rows) != "networks" else "")
