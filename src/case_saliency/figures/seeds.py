"""Mean agreement of every method across the trainings of a network, and in how many of them the tests reject."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, estimate, margin_note, method_rows, n_label, unique
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import Panel, n_lines, split, wrapped
from case_saliency.figures.style import FAINT, INK, ONE_COLUMN, TWO_COLUMNS, house_style

TITLE = "Agreement across training seeds"
_BY = ("model", "layer", "k_percent")
_TESTED = "n_tested"
_DOTS = 0.24  # rows that the trainings stand below their mean
_COUNTS = {"n_rejects_paper": ("paper", 1.02), "n_rejects_holm": ("Holm", 1.22)}  # heading and place beside the axes


def seeds(table: pd.DataFrame, threshold: float = 50.0) -> Figure:
    """Draw one panel per network, layer and k, three side by side.

    Parameters
    ----------
    table
        The summary `pooled.csv`, with several trainings of some network; means, intervals and counts are read from it.
    threshold
        Agreement in percent that the tests compare with: the dashed line.

    Returns
    -------
    Figure
        In each method's row a dot for each training, above them their mean with its t interval, and at the margin in
        how many trainings the tests reject.
    """
    panels = split(_shown(table), by=_BY)
    methods = ordered_methods(_shown(table)["method"])
    controls = set(table.loc[table["role"] == "control", "method"])
    with house_style():
        size = (ONE_COLUMN if len(panels) == 1 else TWO_COLUMNS, n_lines(panels) * (ROW_HEIGHT * len(methods) + 0.77))
        figure = Figure(figsize=size, layout="constrained")
        for axes, panel, first in wrapped(figure, panels):
            _draw(axes, panel, methods, threshold)
            method_rows(axes, methods, controls, named=first)
    return figure


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["pooled_over"] != "networks"]


def _pooled(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows over seeds, with the number of trainings that an image counts on: the others have no verdict."""
    rows = table[table["pooled_over"] == "seeds"]
    return rows.assign(**{_TESTED: rows[["n_class_sensitive", "n_undecided", "n_insensitive"]].sum(axis=1)})


def _draw(axes: Axes, panel: Panel, methods: list[str], threshold: float) -> None:
    axes.axvline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for training in panel.rows[panel.rows["pooled_over"] == "images"].to_dict("records"):
        axes.plot(
            [training["mean_agreement"]], [methods.index(training["method"]) + _DOTS], marker="o", markersize=2.6,
            color=method_style(training["method"]).colour, markeredgewidth=0, linestyle="none", zorder=2, alpha=0.8,
        )  # fmt: skip
    for heading, position in _COUNTS.values():
        margin_note(axes, -0.75, heading, position=position)
    pooled = _pooled(panel.rows)
    for row in pooled.to_dict("records"):
        place = methods.index(row["method"])
        estimate(axes, place - 0.1, row["method"], row["mean_agreement"], row["ci_units_low"], row["ci_units_high"])
        for name, (_, position) in _COUNTS.items():
            counted = "–" if pd.isna(row[name]) or not row[_TESTED] else f"{row[name]:.0f}/{row[_TESTED]}"
            margin_note(axes, place, counted, position=position)
    axes.set_title(panel.label, pad=9)
    axes.set_xlim(-3, 103)
    axes.set_xlabel(f"mean agreement (%)\n{n_label(pooled)}, {unique(pooled['n_seeds'], '{:d}')} trainings")
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame, threshold: float = 50.0, alpha: float = 0.05) -> str:
    """Say what the figure shows, with n, k and the number of trainings from `pooled.csv`.

    Its intervals and tests have level alpha.
    """
    pooled = _pooled(table)
    fewest, most = pooled["n"].min(), pooled["n"].max()
    n = f"{fewest:d}" if fewest == most else f"{fewest:d} to {most:d}"
    text = (
        f"{TITLE}. Dots: the mean agreement between the maps of the top-1 and the top-2 class (top "
        f"{unique(pooled['k_percent'], '{:g}')}% of pixels) of each of {unique(pooled['n_seeds'], '{:d}')} trainings "
        f"of a network that differ in their seed alone, over the n = {n} images that count for the method in every "
        f"training. Marks: the mean of the dots, with its {1 - alpha:.0%} t interval over trainings; a bar is cut "
        f"where it leaves the axis. At the margin stands in how many of the trainings{_tested(pooled)} the hypothesis "
        f"“median agreement at least {threshold:g}%” is rejected, each over its own images: by the paper's "
        "signed-rank test, and by the sign test after Holm's correction over all methods and trained networks, "
        "controls left out. Dots close together: what a method does depends little on the seed. Methods in italics are "
        "controls."
    )
    trainings = int(pooled["n_seeds"].max())
    if 0.5**trainings < alpha:
        return text
    return (
        f"{text} A test by sign changes over {trainings} trainings could never reject (its least one-sided p is "
        f"{0.5**trainings:.3g}): the tests are over images."
    )


def _tested(pooled: pd.DataFrame) -> str:
    """Say which trainings are counted, where some have no image."""
    return " that have an image which counts (–: none has)" if (pooled[_TESTED] < pooled["n_seeds"]).any() else ""
