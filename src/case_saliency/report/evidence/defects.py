"""Defect replay: which numbers and decisions the known defects of the released code move."""

import pandas as pd

from case_saliency.diagnostic.defects import ALL, DEFECTS
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.report.content import Settings

_UNITS = {"agreement": ("{:+.1f} points", "median agreement"), "drop": ("{:+.3f}", "mean drop")}
_FEW = 3


def defects(table: pd.DataFrame, _settings: Settings) -> list[str]:
    """Tell for each defect how far it moves values at most, and how many decisions it turns round."""
    names = [name for name in (*DEFECTS, ALL) if name in set(table["defect"])]
    sentences = []
    for name in names:
        rows = table[table["defect"] == name]
        of = [(rows[rows["outcome"] == outcome], outcome) for outcome in _UNITS]
        say = _gone if name == "case_missing" else _moved
        parts = [part for moved, outcome in of if (part := say(moved, outcome))]
        what = f"{DEFECTS[name].text[0].upper()}{DEFECTS[name].text[1:]}" if name in DEFECTS else "All of them together"
        sentences.append(f"{what}: {'; '.join(parts) or 'nothing moves'}.")
    return sentences


def _gone(rows: pd.DataFrame, outcome: str) -> str:
    """Say what is lost with a method whose images vanish."""
    lost, tested = rows[rows["value"].isna() & rows["value_without"].notna()], rows[rows["p_without"].notna()]
    if lost.empty:
        return ""
    _, told = _UNITS[outcome]
    return f"no {told} of {_methods(lost['method'])}, and {tested['p'].isna().sum()} of {len(tested)} tests are lost"


def _moved(rows: pd.DataFrame, outcome: str) -> str:
    form, told = _UNITS[outcome]
    changes, flips = rows["change"].dropna(), rows[rows["flipped"]]
    if not (changes != 0).any() and flips.empty:
        return ""
    named = f" ({_methods(flips['method'])})" if len(flips) and flips["method"].nunique() <= _FEW else ""
    low, high = form.format(changes.min()), form.format(changes.max())
    span = low if low == high else f"{low} to {high}"
    return f"{told} {span}, {len(flips)} of {len(rows[rows['p'].notna()])} decisions turn round{named}"


def _methods(names: "pd.Series[str]") -> str:
    return ", ".join(method_style(name).label for name in ordered_methods(names))
