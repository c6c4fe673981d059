"""Test the areas under perturbation curves against the reference method (RQ2), and average the curves.

Settings: alpha, reference, equivalence_margin, controls.
"""

import argparse

from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.storage.columns import read_columns
from case_saliency.storage.tables import write_table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--scores", "points of the curves of all networks (.parquet)", many=True)
    add_settings(parser, "alpha, reference, equivalence_margin, controls")
    add_output(parser, "--curves", "table to write: one row for each network, method, curve and area (.csv)")
    add_output(parser, "--points", "table to write: the mean curves, one row for each step (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.curves import curve_points, curve_table

    settings = arguments.settings
    controls, alpha = set(setting(settings, "controls")), setting(settings, "alpha")
    points = read_columns(arguments.scores)
    table = curve_table(
        points,
        controls=controls,
        alpha=alpha,
        reference=setting(settings, "reference"),
        equivalence_margin=setting(settings, "equivalence_margin"),
    )
    write_table(table, arguments.curves)
    write_table(curve_points(points, controls=controls, alpha=alpha), arguments.points)
