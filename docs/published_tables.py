"""The table of both questions of an experiment, as README and its page have it, written from its tables."""

import math
from typing import Any

import pandas as pd

from case_saliency.figures.names import VERDICTS, format_p, method_style, model_label, ordered_methods, ordered_models
from case_saliency.statistics.standing import NO_IMAGE, POLICY, with_standing

CELL = ["model", "seed", "layer", "method"]
DASH = VERDICTS[NO_IMAGE].symbol
_JUDGED = {name: verdict for name, verdict in VERDICTS.items() if name != NO_IMAGE}
_OTHERWISE = "another verdict if images with an empty map count as agreement of 100%, or of 0%"

_HEAD = """\
| method | network | median agreement [interval] | p | verdict | mean drop [interval] |
| --- | --- | --: | --: | --- | --: |"""


def render(summary: pd.DataFrame, agreement: pd.DataFrame, fidelity: pd.DataFrame) -> str:
    """Return what stands between the README's markers: a row for each method and network, and how they were made."""
    summary = summary.assign(verdict=reported(summary, agreement))
    lines = [_HEAD]
    for method in ordered_methods(summary["method"]):
        rows = summary[summary["method"] == method].set_index("model")
        lines += [_row(method, model, rows.loc[model]) for model in ordered_models(rows.index)]
    return "\n".join([*lines, "", _legend(summary, agreement, fidelity)])


def render_seeds(summary: pd.DataFrame, agreement: pd.DataFrame, fidelity: pd.DataFrame) -> str:
    """Return the same for networks of several trainings: a row for each method, a column for each architecture."""
    summary = summary.assign(verdict=reported(summary, agreement))
    models = ordered_models(summary["model"])
    lines = [f"| method | {' | '.join(map(model_label, models))} |", f"| --- |{' --- |' * len(models)}"]
    for method in ordered_methods(summary["method"]):
        rows = summary[summary["method"] == method]
        label = method_style(method).label
        cells = [_trainings(rows[rows["model"] == model]) for model in models]
        lines.append(f"| {f'*{label}*' if (rows['role'] == 'control').all() else label} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", _legend_seeds(summary, agreement, fidelity)])


def reported(summary: pd.DataFrame, agreement: pd.DataFrame) -> "pd.Series[Any]":
    """Return the verdicts of `summary` as the analysis plan reports them.

    A definite one that the other policies for empty maps do not share is `POLICY`, one without an image `NO_IMAGE`.
    """
    told = with_standing(agreement)["verdict"]
    found = told.set_axis(pd.MultiIndex.from_frame(agreement[CELL])).reindex(pd.MultiIndex.from_frame(summary[CELL]))
    return found.set_axis(summary.index)


def _trainings(rows: pd.DataFrame) -> str:
    ends = (rows["median_agreement"].min(), rows["median_agreement"].max())
    if pd.isna(ends[0]):
        return DASH
    medians = [f"{value:.0f}" for value in ends]
    counts = {name: int((rows["verdict"] == name).sum()) for name in VERDICTS}
    told = [f"{verdict.symbol}{counts[name]}" for name, verdict in _JUDGED.items() if counts[name]]
    if counts[NO_IMAGE]:
        told.append(f"({DASH} in {counts[NO_IMAGE]})")
    return " ".join([medians[0] if medians[0] == medians[1] else " to ".join(medians), *told])


def _legend_seeds(summary: pd.DataFrame, agreement: pd.DataFrame, fidelity: pd.DataFrame) -> str:
    verdicts = ", ".join(f"{verdict.symbol} {name}" for name, verdict in _JUDGED.items())
    shares = " and ".join(f"{share:g}%" for share in fidelity["k_percent"].unique())
    return (
        f"Median agreement in percent, least and largest of {summary['seed'].nunique()} trainings, and how many of "
        f"them get which verdict: {verdicts} (definite, but {_OTHERWISE}); "
        f"{DASH}: no image is left. n = "
        f"{agreement['n'].min()} to {agreement['n'].max()} of {_values(agreement['n_total'])} images: those that the "
        "network classifies correctly, without those whose maps rank no pixels. Agreement is that of the "
        f"{_values(agreement['k_percent'])}% most salient pixels. Drops of the confidence without {shares} of the "
        "pixels are in the published tables."
    )


def _row(method: str, model: str, row: Any) -> str:
    label = method_style(method).label
    cells = [
        f"*{label}*" if row["role"] == "control" else label,
        model_label(model),
        _interval(row["median_agreement"], row["ci_low"], row["ci_high"], ".1f"),
        format_p(row["p_wilcoxon"]),
        DASH if row["verdict"] == NO_IMAGE else str(row["verdict"]),
        _interval(row["mean_drop"], row["drop_ci_low"], row["drop_ci_high"], ".3f"),
    ]
    return f"| {' | '.join(cells)} |"


def _interval(value: float, low: float, high: float, form: str) -> str:
    return DASH if math.isnan(value) else f"{value:{form}} [{low:{form}}, {high:{form}}]"


def _legend(summary: pd.DataFrame, agreement: pd.DataFrame, fidelity: pd.DataFrame) -> str:
    controls = ordered_methods(summary.loc[summary["role"] == "control", "method"])
    names = ", ".join(method_style(name).label for name in controls)
    shares = [f"{share:g}%" for share in fidelity["k_percent"].unique()]
    policy = f"; {POLICY}: definite, but {_OTHERWISE}" if POLICY in set(summary["verdict"]) else ""
    return (
        f"n = {_values(agreement['n'])} of {_values(agreement['n_total'])} images in each row. Agreement: percent of "
        f"the {_values(agreement['k_percent'])}% most salient pixels that the two maps share, with the exact "
        f"{_values(100 * agreement['ci_level'], '.1f')}% interval of the median. p: one-sided Wilcoxon test against "
        "50%, as in the paper, uncorrected. Verdict: the interval lies below 50% (class-sensitive), above it "
        f"(insensitive) or holds it (undecided){policy}. Drop: share of its confidence that the network loses "
        f"without the {shares[0]} most salient pixels, with a 95% t interval ({' and '.join(shares)} were tried). With "
        "this many images the sign test finds a method that lies below 50% on three images in four with probability "
        f"{_values(agreement['power'], '.2f')}. Controls, in italics: {names}."
    )


def _values(column: "pd.Series[float]", form: str = ".4g") -> str:
    return " or ".join(dict.fromkeys(format(value, form) for value in sorted(column.dropna())))
