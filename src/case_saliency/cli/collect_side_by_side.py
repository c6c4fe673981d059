"""Write the paper's tables and figures with our numbers in them, and check the paper's Table 3 against itself.

Settings: threshold.
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.storage.tables import read_table, write_table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--papers", "numbers beside the paper's, of every experiment (paper.csv)", many=True)
    add_input(parser, "--pooled", "agreement over seeds, of every experiment (pooled.csv)", many=True)
    add_input(parser, "--activity", "active channels, of experiments that have them (.csv)", many=True, required=False)
    add_settings(parser, "threshold")
    add_output(parser, "--page", "page to write (.md)")
    add_output(parser, "--consistency", "table to write: what the paper's Table 3 implies about its images (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.report.paper.page import page
    from case_saliency.report.paper.side_by_side import consistency

    papers, pooled, activity = (
        {file.parent.name: read_table(file) for file in files}
        for files in (arguments.papers, arguments.pooled, arguments.activity or ())
    )
    implied = consistency()
    write_table(implied, arguments.consistency)
    told = page(papers, pooled, activity, implied, setting(arguments.settings, "threshold"))
    storage.write_text(told, arguments.page)
