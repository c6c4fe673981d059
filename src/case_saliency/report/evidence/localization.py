"""Localization in mosaics: how much of a map lies in the cell of the class that it explains."""

import pandas as pd

from case_saliency.figures.names import method_style
from case_saliency.report.content import Settings
from case_saliency.report.limits import held_out
from case_saliency.report.phrases import compared, estimates, where
from case_saliency.report.ranges import spread

_SHARE = ("mean_share", "ci_low", "ci_high", "{:.0%}")


def localization(table: pd.DataFrame, settings: Settings) -> list[str]:
    """Compare the shares with chance and with the reference."""
    chosen = [name for name in (settings.reference, held_out(settings.reference)) if name in set(table["method"])]
    told = "; ".join(
        f"{method_style(name).label} {estimates(table[table['method'] == name], *_SHARE)}" for name in chosen
    )
    tested = table[table["role"] == "method"]
    not_above = tested[~(tested["ci_low"] > tested["chance"])]
    others = tested[tested["method"] != settings.reference]
    differ = others[others["p_vs_case_holm"] < settings.alpha]
    label = method_style(settings.reference).label
    found = compared(_by_p(differ), _by_p(others), label)
    return [
        f"Share of the map in the cell of its own class, {spread(table['n_mosaics'], '{:d}')} mosaics of four images, "
        f"chance {spread(table['chance'], '{:.0%}')}: {told or 'the reference was not measured'}.",
        f"Not shown to be above chance (the interval reaches down to it): {where(not_above, tested)}. Controls: "
        f"{spread(table.loc[table['role'] == 'control', 'mean_share'], '{:.0%}')}.",
        f"Of {len(others)} comparisons with {label}, {found} (Holm-corrected at {settings.alpha:g}).",
        *_hints(table, settings),
    ]


def _by_p(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(p_holm=rows["p_vs_case_holm"])


def _hints(table: pd.DataFrame, settings: Settings) -> list[str]:
    """Say how far the network, and the contrast sets, know the other cells' classes."""
    mine = table[table["method"] == settings.reference]
    told = f"In a mosaic the network ranks a cell's class {spread(table['median_rank'], '{:g}')} in the median."
    if mine["contrasted"].notna().any():
        told += (
            f" {method_style(settings.reference).label}'s contrast sets hold "
            f"{spread(mine['contrasted'], '{:.1f}')} of the other cells' classes on average, which tells its map where "
            "not to look; held out, none."
        )
    return [told]
