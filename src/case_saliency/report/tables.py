"""Whole tables for the report: printed cells that sort by value, and the table itself as a CSV download."""

import base64
from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_saliency.figures.names import format_p

_MEANINGS = {
    "experiment": "name of the experiment in params.yaml",
    "dataset": "data set the images come from",
    "model": "network",
    "seed": "training seed; 0 for pretrained weights",
    "layer": "target layer, by its name in the model zoo",
    "method": "saliency method or variant",
    "role": "method, or control that calibrates the test",
    "k_percent": "share of pixels in the top set, percent",
    "n": "images that count",
    "n_total": "images in all",
    "n_pairs": "images scored for both methods of a comparison",
    "n_excluded_misclassified": "images set aside because the top-1 prediction is wrong",
    "n_degenerate": "images with an empty or constant map",
    "n_pairs_of_classes": "pairs of (top-1, top-2) classes among the images that count",
    "cluster_ci_low": "lower end of the median's bootstrap interval over pairs of classes",
    "cluster_ci_high": "upper end of the median's bootstrap interval over pairs of classes",
    "fragile": "whether the interval over pairs of classes does not share a definite verdict",
    "degenerate_rate": "share of qualified images with an empty or constant map",
    "median_agreement": "median over images, percent of top-k pixels that both maps share",
    "mean_agreement": "mean over images, percent",
    "mean_ci_low": "lower end of the mean's BCa bootstrap interval",
    "mean_ci_high": "upper end of the mean's BCa bootstrap interval",
    "hodges_lehmann": "Hodges-Lehmann estimate: median of all pairs' averages, percent",
    "rank_biserial": "rank-biserial correlation with the threshold: -1 all below, 1 all above",
    "ci_low": "lower end of the confidence interval",
    "ci_high": "upper end of the confidence interval",
    "ci_level": "confidence level that the interval attains",
    "p_wilcoxon": "one-sided Wilcoxon signed-rank test, the paper's",
    "p_sign": "exact one-sided sign test, this study's primary test",
    "p_holm": "p after Holm's correction; empty for controls",
    "verdict": "from the interval of the median against the threshold",
    "verdict_if_insensitive": "verdict if degenerate pairs count as agreement 100",
    "verdict_if_sensitive": "verdict if degenerate pairs count as agreement 0",
    "rejects_paper": "whether the paper's test rejects",
    "power": "attainable power of the sign test at the stated effect",
    "n_for_power80": "images at which that power is 80%",
    "test": "kind of fidelity test",
    "measure": "formula of the drop",
    "fill": "what replaces removed pixels",
    "mean": "mean over images",
    "sd": "standard deviation over images",
    "difference_to_case": "mean of method minus reference, image by image",
    "p_vs_case": "two-sided paired t-test against the reference",
    "p_tost": "two one-sided paired t-tests: a small p shows a difference within the margin",
    "equivalent": "whether equivalence with the reference is shown at the margin",
    "least_margin": "smallest margin at which equivalence would be shown",
    "p_noninferior": "one-sided paired t-test: a small p shows that the reference is not worse by the margin",
    "p_superior": "one-sided paired t-test: a small p shows that the method's drop is larger than the reference's",
    "p_superior_holm": "the same after Holm's correction; empty for controls",
    "n_incomplete": "qualified images without a value for some method or network",
    "pooled_over": "networks; or training seeds of one network; or images alone, for one seed beside the others",
    "n_units": "networks, or seeds, that are pooled",
    "n_seeds": "trained networks in the row",
    "n_rejects_paper": "trained networks of the row on which the paper's test rejects",
    "n_rejects_holm": "trained networks on which the sign test rejects after Holm's correction; empty for controls",
    "n_class_sensitive": "trained networks with the verdict class-sensitive",
    "n_undecided": "trained networks with the verdict undecided",
    "n_insensitive": "trained networks with the verdict insensitive",
    "median_lowest": "lowest median agreement of a trained network, over its own images",
    "median_highest": "highest median agreement of a trained network, over its own images",
    "ci_images_low": "lower end of the interval for other images, the same networks or seeds",
    "ci_images_high": "upper end of the interval for other images, the same networks or seeds",
    "ci_units_low": "lower end of the interval for other networks or seeds, the same images",
    "ci_units_high": "upper end of the interval for other networks or seeds, the same images",
    "ci_both_low": "lower end of the interval for other images and other networks or seeds",
    "ci_both_high": "upper end of the interval for other images and other networks or seeds",
    "sd_units": "standard deviation between networks or seeds",
    "sd_images": "standard deviation between images",
    "sd_residual": "standard deviation of what is left",
    "n_methods": "methods that are ranked",
    "mean_rank": "mean over images of the rank by agreement; 1 is the lowest",
    "statistic_friedman": "Friedman's statistic, chi-squared under the null hypothesis",
    "p_friedman": "Friedman's test that the methods' agreements are exchangeable",
    "critical_difference": "Nemenyi's critical difference of two mean ranks",
    "groups": "methods that share a letter are not told apart",
    "drop_a_map_a": "mean drop of the top-1 class's logit when its own map's top pixels go",
    "drop_b_map_a": "mean drop of the top-2 class's logit when the top-1 class's map's top pixels go",
    "drop_a_map_b": "mean drop of the top-1 class's logit when the top-2 class's map's top pixels go",
    "drop_b_map_b": "mean drop of the top-2 class's logit when its own map's top pixels go",
    "interaction": "own drops minus cross drops, both maps together, in logits: 0 if the map knows no class",
    "p_interaction": "two-sided paired t-test of own drops against cross drops",
    "faithful": "whether the interaction's interval lies above 0",
    "agreement_verdict": "verdict of the diagnostic: do the maps of both classes differ",
    "joint_verdict": "class-specific: the maps differ between the classes, and each takes away its own class",
    "p_vs_case_holm": "the comparison with the reference after Holm's correction; empty for controls",
    "step": "how far down the network's weights are replaced: 0 nowhere, 1 the classifier, the last everywhere",
    "share": "share of the network's parameters that are replaced",
    "between_images": "mean similarity of the intact network's maps of different images",
    "difference": "mean of similarity after randomisation minus that of different images, image by image",
    "difference_low": "lower end of the difference's confidence interval",
    "difference_high": "upper end of the difference's confidence interval",
    "p_difference": "two-sided paired t-test of the difference",
    "between_classes": "mean similarity of the two classes' maps by the randomised network",
    "response": "median of the logits' response to the image, as a ratio to the intact network's",
    "resolution": "of the input, or the maps' own",
    "n_top": "size of the top set, in pixels or cells of the map",
    "below_one_cell": "whether k% is less than one cell of the map",
    "median": "median over images",
    "chance": "mean of pairs of independent random maps",
    "chance_se": "standard error of that mean",
    "chance_median": "median of pairs of independent random maps",
    "above_chance": "where the mean lies between chance (0) and equal maps (1)",
    "p_bh": "p after Benjamini and Hochberg's correction over the sweep; empty for controls",
    "difference_to_main": "mean agreement at this layer minus that at the main layer, on the same images",
    "difference_ci_low": "lower end of the difference's confidence interval",
    "difference_ci_high": "upper end of the difference's confidence interval",
    "p_difference_holm": "that p after Holm's correction; empty for controls",
    "other_in_set": "share of contrast sets that hold the other compared class",
    "n_active": "active channels of an image",
    "mean_active": "active channels, mean over classes",
    "active_fraction": "share of the layer's channels that are active, mean over images",
    "class_overlap": "share of active channels that two classes have in common, mean over pairs of classes",
    "augmentation": "how the image was changed; all: mean over the changes",
    "within": "mean agreement of a class's map with the same class's map of the changed image, percent",
    "between": "mean agreement of a class's map with the other class's map of the changed image, percent",
    "reliability": "(within - between) / (within - chance); never a verdict by itself",
    "not_defined": "why there is no index",
    "kept_top1": "share of changed images that keep their top-1 prediction",
    "rank_a": "rank of one class among the predictions; all: every two classes",
    "rank_b": "rank of the other class",
    "stage": "where images were counted",
    "reason": "what became of the images",
}


@dataclass(frozen=True)
class Column:
    """A column's name, meaning and kind."""

    name: str
    meaning: str
    numeric: bool


@dataclass(frozen=True)
class TableView:
    """A table ready to print: `rows` holds (text, value to sort by) for each cell.

    Columns with the same value in every row are told once, in `constants`, and left out of `columns`.
    """

    identifier: str
    caption: str
    file_name: str
    constants: list[tuple[str, str]]
    columns: list[Column]
    rows: list[list[tuple[str, str]]]
    csv: str


def view(table: pd.DataFrame, identifier: str, caption: str, file_name: str) -> TableView:
    """Prepare a table; its CSV has full precision, its printed cells four significant digits."""
    constant = [name for name in table.columns if len(table) > 1 and len(table[name].drop_duplicates()) == 1]
    columns = [
        Column(str(name), _MEANINGS.get(str(name), ""), pd.api.types.is_numeric_dtype(table[name].dtype))
        for name in table.columns.drop(constant)
    ]
    rows = [
        [_cell(column.name, value) for column, value in zip(columns, row, strict=True)]
        for row in table.drop(columns=constant).itertuples(index=False, name=None)
    ]
    constants = [(str(name), _cell(str(name), table[name].iloc[0])[0]) for name in constant]
    text = table.to_csv(index=False, lineterminator="\n").encode()
    uri = "data:text/csv;charset=utf-8;base64," + base64.b64encode(text).decode("ascii")
    return TableView(identifier, caption, file_name, constants, columns, rows, uri)


def _cell(name: str, value: object) -> tuple[str, str]:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return "–", ""
    if isinstance(value, bool | np.bool_):
        return ("yes" if value else "no"), str(int(value))
    if isinstance(value, float):
        return (format_p(value) if name.startswith("p_") else f"{value:.4g}"), repr(value)
    return str(value), str(value)
