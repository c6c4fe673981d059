"""Collect the verdicts of all experiments into one list, and write them as a page."""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--claims", "verdicts of each experiment (.json)", many=True)
    add_output(parser, "--collected", "list to write, one entry for each claim and experiment (.json)")
    add_output(parser, "--page", "the same for people to read (.md)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.report.claims.writing import markdown

    records = [record for file in arguments.claims for record in storage.read_json(file)["claims"]]
    storage.write_json({"claims": records}, arguments.collected)
    storage.write_text(markdown(records), arguments.page)
