"""What the stages share that turn the scores of all networks into a table."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.storage.columns import StoredRows
from case_saliency.storage.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

_PLACES = {
    "alpha": ("diagnostic", "alpha"),
    "threshold": ("diagnostic", "threshold"),
    "zero_method": ("diagnostic", "zero_method"),
    "degenerate_policy": ("diagnostic", "degenerate"),
    "reference": ("fidelity", "reference"),
    "measure": ("fidelity", "measure"),
    "controls": ("controls",),
    "seed": ("seed",),
}
"""What a table may ask for, and where it stands in an analysis' settings."""


def add_tabulating(parser: argparse.ArgumentParser, rows: str) -> None:
    """Declare scores, settings and the table; `rows` says what the table has a row for."""
    add_input(parser, "--scores", "scores of all networks (.parquet)", many=True)
    add_settings(parser, "see above")
    add_output(parser, "--table", f"table to write: one row for each {rows} (.csv)")


def tabulate(
    arguments: argparse.Namespace,
    table_of: "Callable[..., pd.DataFrame]",
    wanted: Iterable[str],
    columns: Sequence[str] | None = None,
    **given: Any,
) -> None:
    """Write the table that `table_of` makes of all scores.

    Parameters
    ----------
    arguments
        Those of `add_tabulating`.
    table_of
        Scores and keyword arguments -> table.
    wanted
        Which of alpha, threshold, zero_method, degenerate_policy, reference, measure, controls and seed it takes; they
        are read from the settings.
    columns
        Those of the scores that it takes; None: all.
    given
        Its other arguments.
    """
    for name in wanted:
        value: Any = arguments.settings
        for key in _PLACES[name]:
            value = setting(value, key)
        given[name] = value
    write_table(table_of(StoredRows(arguments.scores, columns), **given), arguments.table)
