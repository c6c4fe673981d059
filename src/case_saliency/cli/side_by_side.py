"""Set an experiment's numbers beside those of the paper's Tables 1, 2 and 3.

Settings: layers, fidelity (measure).
"""

import argparse

from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.storage.tables import read_table, write_table

_FILL = "mean"  # the paper's: zero in normalised space


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--agreement", "table of agreement (.csv)")
    add_input(parser, "--fidelity", "table of fidelity (.csv)")
    add_input(parser, "--layers", "table of the analysis of layers (.csv)", required=False)
    add_settings(parser, "see above")
    add_output(parser, "--table", "table to write: one row for each number of the paper's tables (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.report.paper.side_by_side import side_by_side

    main = {model: names[0] for model, names in setting(arguments.settings, "layers").items()}
    table = side_by_side(
        read_table(arguments.agreement),
        read_table(arguments.fidelity),
        layers=read_table(arguments.layers) if arguments.layers else None,
        main=main,
        measure=f"drop_{setting(setting(arguments.settings, 'fidelity'), 'measure')}",
        fill=_FILL,
    )
    write_table(table, arguments.table)
