"""What the stages share that turn the scores of an analysis into its table."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting

if TYPE_CHECKING:
    import pandas as pd


def add_tabulating(parser: argparse.ArgumentParser, rows: str) -> None:
    """Declare scores, settings and the table; `rows` says what the table has a row for."""
    add_input(parser, "--scores", "scores of all networks (.parquet)", many=True)
    add_settings(parser, "see above")
    add_output(parser, "--table", f"table to write: one row for each {rows} (.csv)")


def tabulate(arguments: argparse.Namespace, table_of: "Callable[..., pd.DataFrame]") -> None:
    """Write the table that `table_of` makes of all scores, given controls, alpha and seed."""
    import pandas as pd

    settings = arguments.settings
    table = table_of(
        pd.concat([storage.read_table(file) for file in arguments.scores], ignore_index=True),
        controls=set(setting(settings, "controls")),
        alpha=setting(settings, "diagnostic")["alpha"],
        seed=setting(settings, "seed"),
    )
    storage.write_table(table, arguments.table)
