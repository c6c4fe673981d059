"""Show the answer in the terminal: method by network, with verdicts and confidence drops."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

_STYLES = {"class-sensitive": "green", "insensitive": "red", "undecided": "yellow"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "experiments", nargs="*", metavar="EXPERIMENT", help="which experiments (default: all that have results)"
    )
    parser.add_argument(
        "--tables", type=Path, default=Path("results/tables"), metavar="FOLDER", help="where the tables are"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the table of each experiment."""
    from rich.console import Console

    found = [arguments.tables / name / "summary.csv" for name in arguments.experiments]
    found = found or sorted(arguments.tables.glob("*/summary.csv"))
    if not found:
        raise CaseSaliencyError(f"{arguments.tables}: no summary.csv found; run `make reproduce` first")
    console = Console()
    for file in found:
        summary = storage.read_table(file)
        console.print(_render(file.parent.name, summary))
        n = summary["n"]
        console.print(
            f"n = {n.min()} to {n.max()} images per row. Verdict: exact confidence interval of the median agreement "
            "below 50 % (class-sensitive), above (insensitive), or across it (undecided). Controls are in italics.",
            style="dim",
            width=100,
        )


def _render(experiment: str, summary: "pd.DataFrame") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{experiment}: agreement of the maps for the two most likely classes, and confidence drop")
    for name, justify in _COLUMNS:
        table.add_column(name, justify=justify)
    for model, rows in summary.groupby("model", sort=False):
        for row in rows.to_dict("records"):
            name = Text(row["method"], style="italic dim" if row["role"] == "control" else "bold")
            table.add_row(
                str(model),
                name,
                _number(row["median_agreement"], ".1f"),
                f"{_number(row['ci_low'], '.0f')} to {_number(row['ci_high'], '.0f')}",
                _p_value(row["p_wilcoxon"]),
                _p_value(row["p_sign"]),
                Text(str(row["verdict"]), style=_STYLES.get(row["verdict"], "")),
                _number(row["mean_drop"], ".3f"),
            )
        table.add_section()
    return table


_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("network", "left"),
    ("method", "left"),
    ("median agreement %", "right"),
    ("interval", "right"),
    ("p Wilcoxon", "right"),
    ("p sign", "right"),
    ("verdict", "left"),
    ("mean drop", "right"),
)


def _number(value: float, form: str) -> str:
    return "n/a" if value != value else format(value, form)  # NaN differs from itself  # noqa: PLR0124


def _p_value(value: float) -> str:
    return "n/a" if value != value else "<.0001" if value < 0.0001 else f"{value:.4f}"  # noqa: PLR0124
