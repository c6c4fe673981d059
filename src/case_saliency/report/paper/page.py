"""The paper's tables and figures with this study's numbers in their cells, as a page."""

import math
from collections.abc import Callable, Mapping

import pandas as pd

from case_saliency.figures.names import format_p, method_style, model_label, ordered_methods, ordered_models
from case_saliency.report.paper.checks import checked
from case_saliency.report.paper.published import COUNTERPARTS, NETWORKS, TABLE_3, paper_cell
from case_saliency.report.ranges import spread

_HEAD = """\
# Side by side with the paper

Cells are *ours / paper's*. Networks stand beside the paper's of the same family; where there is none, or data differ,
only the layout is shared. "lost": the copy of the paper's text at hand does not show the cell. Of several trainings the
lowest and the highest value are given."""

_TITLES = {
    "table 1": "Table 1: p of Wilcoxon's test of “median agreement at least {threshold:g}%”, main layer, top {k:g}%",
    "table 2": "Table 2: the same at the DenseNet's layer norm5",
    "table 3": "Table 3: confidence drop, mean / SD / p against CASE, top {k:g}% removed",
}


def page(
    papers: Mapping[str, pd.DataFrame],
    pooled: Mapping[str, pd.DataFrame],
    activity: Mapping[str, pd.DataFrame],
    consistency: pd.DataFrame,
    threshold: float,
) -> str:
    """Return the page of all experiments.

    Parameters
    ----------
    papers, pooled, activity
        Experiment -> table of `side_by_side`, `pooled.csv`, and `activity.csv` where that analysis was run.
    consistency
        The check of the paper's own Table 3.
    threshold
        Of the diagnostic, percent.
    """
    lines = [_HEAD]
    for name, table in papers.items():
        lines += ["", f"## {name}"]
        for (item, k), rows in table.groupby(["item", "k_percent"], sort=False):
            title = _TITLES[str(item)].format(threshold=threshold, k=k)
            lines += ["", f"### {title}", "", *_grid(rows, str(item))]
        lines += _figure_4(pooled[name])
        if name in activity:
            lines += _figures_5_and_6(activity[name])
    return "\n".join([*lines, "", *checked(consistency), ""])


def _grid(rows: pd.DataFrame, item: str) -> list[str]:
    models = ordered_models(rows["model"])
    heads = [f"{model_label(model)}{_beside(model)}" for model in models]
    lines = [f"| method | {' | '.join(heads)} |", f"| --- |{' --- |' * len(models)}"]
    for method in ordered_methods(TABLE_3):
        cells = [
            _cell(rows[(rows["method"] == method) & (rows["model"] == model)], item, method, model) for model in models
        ]
        lines.append(f"| {method_style(method).label} | {' | '.join(cells)} |")
    counts = spread(rows["n"], "{:d}")
    return [*lines, "", f"n = {counts} images in a cell."]


def _beside(model: str) -> str:
    network = COUNTERPARTS.get(model, model)
    return f" / {NETWORKS[network]}" if network != model else ""


def _cell(rows: pd.DataFrame, item: str, method: str, model: str) -> str:
    if rows.empty:
        told = paper_cell(item, method, COUNTERPARTS.get(model, ""))
        return f"not measured / {told}" if told else "not measured"
    return _drop(rows) if item == "table 3" else _pair(rows, _ps)


def _drop(rows: pd.DataFrame) -> str:
    by = {str(quantity): part for quantity, part in rows.groupby("quantity")}
    written = [_pair(by[name], lambda part: spread(part["ours"], "{:.3f}")) for name in ("mean", "sd")]
    return "; ".join([*written, *([_pair(by["p_vs_case"], _ps)] if "p_vs_case" in by else [])])


def _ps(rows: pd.DataFrame) -> str:
    low, high = (format_p(value) for value in (rows["ours"].min(), rows["ours"].max()))
    return low if low == high else f"{low} to {high}"


def _pair(rows: pd.DataFrame, ours: Callable[[pd.DataFrame], str]) -> str:
    paper = str(rows["paper"].iloc[0])
    return ours(rows) if paper.startswith("no such") else f"{ours(rows)} / {paper}"


def _figure_4(pooled: pd.DataFrame) -> list[str]:
    rows = pooled[pooled["pooled_over"] == "seeds"]
    if rows.empty:
        return []
    trainings = pooled[pooled["pooled_over"] == "images"]
    models = ordered_models(rows["model"])
    lines = ["", "### Figure 4: mean agreement (%) of each training", ""]
    lines += [f"| method | {' | '.join(map(model_label, models))} |", f"| --- |{' --- |' * len(models)}"]
    for method in ordered_methods(rows["method"]):
        of = trainings[trainings["method"] == method]
        cells = [_trainings(of[of["model"] == model].sort_values("seed")) for model in models]
        lines.append(f"| {method_style(method).label} | {' | '.join(cells)} |")
    return [
        *lines,
        "",
        "n: the images behind each mean of a cell, those that count for the method in every training of the network.",
        "",
        "The paper: five trainings of DenseNet-201 on CIFAR-100; its values are lost, all reject.",
    ]


def _trainings(rows: pd.DataFrame) -> str:
    """Write the means of a network's trainings and over how many images they are, a dash where that is none."""
    n = spread(rows["n"], "{:d}")
    means = ", ".join("–" if math.isnan(value) else f"{value:.1f}" for value in rows["mean_agreement"])
    return f"{means} (n = {n})" if rows["n"].any() else "– (n = 0)"


def _figures_5_and_6(activity: pd.DataFrame) -> list[str]:
    threshold = activity["threshold"].min()
    rows = activity[(activity["threshold"] == threshold) & (activity["kind"] == "output")]
    lines = ["", f"### Figures 5 and 6: channels with a mean activation above {threshold:g}, of a class's images", ""]
    lines += ["| network | layer | mean over classes | least and largest class | of channels | share |"]
    lines += ["| --- | --- | --: | --: | --: | --: |"]
    for (model, layer), cell in rows.groupby(["model", "layer"], sort=False):
        ends = f"{cell['min_class'].min():.0f} to {cell['max_class'].max():.0f}"
        lines.append(
            f"| {model_label(str(model))} | {layer} | {spread(cell['mean_active'], '{:.0f}')} | {ends} | "
            f"{cell['n_channels'].iloc[0]} | {spread(cell['active_fraction'], '{:.0%}')} |"
        )
    return [
        *lines,
        "",
        "The paper: fewer than 20 (of 32) at conv2 of the DenseNet, near 1050 (of 1920) at norm5.",
    ]
