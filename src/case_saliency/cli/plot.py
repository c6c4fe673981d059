"""Plot one figure as PDF, PNG and SVG.

Settings: threshold (agreement figures, seeds, pooling, sensitivity_fidelity); controls (attrition); measure, reference
(confidence_drops, equivalence), margin (equivalence); example_images, k_percent, methods, layer (map_panels).
"""

import argparse
from typing import TYPE_CHECKING, Any

from case_saliency.analyses import ANALYSES
from case_saliency.cli.arguments import add_input, add_output, add_parameter, add_settings, setting
from case_saliency.storage.columns import read_columns
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = (
    "agreement_distributions",
    "agreement_heatmap",
    "attrition",
    "confidence_drops",
    "critical_difference",
    "cross_deletion",
    "equivalence",
    "map_panels",
    "perturbation_curves",
    "pooling",
    "seeds",
    "sensitivity_fidelity",
    *ANALYSES,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_parameter(parser, "--figure", "which figure", choices=FIGURES)
    add_input(parser, "--table", "the table to draw (.csv)", required=False)
    add_input(parser, "--points", "perturbation_curves: mean curves (.csv)", required=False)
    add_input(parser, "--scores", "agreement scores (.parquet)", many=True, required=False)
    for name, description in (
        ("--maps", "map files (.nc)"),
        ("--manifest", "manifest of the data set"),
        ("--selection", "the selected images (.csv)"),
        ("--description", "description of the network (.json)"),
        ("--predictions", "predictions of the network (.parquet)"),
    ):
        add_input(parser, name, f"map_panels: {description}", many=name == "--maps", required=False)
    add_settings(parser, "see above")
    for ending in ("pdf", "png", "svg"):
        add_output(parser, f"--{ending}", f"figure to write (.{ending})")


def modules(arguments: argparse.Namespace) -> list[str]:
    """Return the figure's own module, which is loaded by name."""
    return [f"case_saliency.figures.{arguments.figure}"]


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import importlib

    import matplotlib as mpl

    mpl.use("agg")
    from case_saliency.figures.style import save

    module = importlib.import_module(f"case_saliency.figures.{arguments.figure}")
    figure = _DRAW.get(arguments.figure, _table_alone)(module, arguments)
    paths = {"pdf": arguments.pdf, "png": arguments.png, "svg": arguments.svg}
    save(figure, paths, record_id=arguments.record_id, title=module.TITLE)


def _table_alone(module: Any, arguments: argparse.Namespace) -> "Figure":
    """Draw a figure that needs one table and no setting."""
    figure: Figure = getattr(module, arguments.figure)(read_table(arguments.table))
    return figure


def _distributions(module: Any, arguments: argparse.Namespace) -> "Figure":
    threshold = setting(arguments.settings, "threshold")
    scores = read_columns(arguments.scores, module.NEEDED)
    figure: Figure = module.agreement_distributions(scores, read_table(arguments.table), threshold=threshold)
    return figure


def _table_and_threshold(module: Any, arguments: argparse.Namespace) -> "Figure":
    threshold = setting(arguments.settings, "threshold")
    figure: Figure = getattr(module, arguments.figure)(read_table(arguments.table), threshold=threshold)
    return figure


def _drops(module: Any, arguments: argparse.Namespace) -> "Figure":
    measure, reference = setting(arguments.settings, "measure"), setting(arguments.settings, "reference")
    figure: Figure = module.confidence_drops(
        read_table(arguments.table), measure=f"drop_{measure}", reference=reference
    )
    return figure


def _attrition(module: Any, arguments: argparse.Namespace) -> "Figure":
    controls = set(setting(arguments.settings, "controls"))
    figure: Figure = module.attrition(read_table(arguments.table), controls)
    return figure


def _equivalence(module: Any, arguments: argparse.Namespace) -> "Figure":
    measure, reference = setting(arguments.settings, "measure"), setting(arguments.settings, "reference")
    margin = setting(arguments.settings, "margin")
    table = read_table(arguments.table)
    figure: Figure = module.equivalence(table, measure=f"drop_{measure}", reference=reference, margin=margin)
    return figure


def _curves(module: Any, arguments: argparse.Namespace) -> "Figure":
    figure: Figure = module.perturbation_curves(read_table(arguments.points), read_table(arguments.table))
    return figure


def _panels(module: Any, arguments: argparse.Namespace) -> "Figure":
    from case_saliency.cli.examples import examples

    figure: Figure = module.map_panels(examples(arguments), k_percent=setting(arguments.settings, "k_percent"))
    return figure


_DRAW = {
    "agreement_distributions": _distributions,
    "agreement_heatmap": _table_and_threshold,
    "attrition": _attrition,
    "confidence_drops": _drops,
    "equivalence": _equivalence,
    "map_panels": _panels,
    "perturbation_curves": _curves,
    "pooling": _table_and_threshold,
    "seeds": _table_and_threshold,
    "sensitivity_fidelity": _table_and_threshold,
}
