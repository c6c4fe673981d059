"""Show the answer in the terminal: method by network, with verdicts and confidence drops, then the claims in short."""

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.statistics.standing import NO_IMAGE, POLICY, with_images, with_standing
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_STYLES = {"class-sensitive": "green", "insensitive": "red", "undecided": "yellow"}
_CELL = ["model", "seed", "layer", "method"]
_WIDTH = 80


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "experiments", nargs="*", metavar="EXPERIMENT", help="which experiments (default: all that have results)"
    )
    parser.add_argument(
        "--tables", type=Path, default=Path("results/tables"), metavar="FOLDER", help="where the tables are"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the table of each experiment, and the answer on the claims where it was found."""
    from rich.console import Console

    found = [arguments.tables / name / "summary.csv" for name in arguments.experiments]
    found = found or sorted(arguments.tables.glob("*/summary.csv"))
    missing = [file for file in found if not file.exists()]
    if missing:
        known = ", ".join(sorted(file.parent.name for file in arguments.tables.glob("*/summary.csv"))) or "none"
        raise CaseSaliencyError(f"{missing[0]}: no such results; experiments that have some: {known}")
    if not found:
        raise CaseSaliencyError(f"{arguments.tables}: no summary.csv found; run `make reproduce` first")
    console = Console()
    for file in found:
        agreement = read_table(file.with_name("agreement.csv"))
        show(console, file.parent.name, reported(read_table(file), agreement))
    decided = arguments.tables.parent / "claims.json"
    if decided.exists():
        names = {file.parent.name for file in found}
        claims = storage.read_json(decided)["claims"]
        show_claims(console, [record for record in claims if record["experiment"] in names])


def reported(summary: "pd.DataFrame", agreement: "pd.DataFrame") -> "pd.DataFrame":
    """Return the summary with the verdicts that stand (`statistics.standing`), also where there is no image."""
    stands = with_standing(agreement)[[*_CELL, "verdict"]]
    found = summary.drop(columns="verdict").merge(stands, on=_CELL, how="left", validate="one_to_one")
    return with_images(found, "joint_verdict") if "joint_verdict" in found else found


def show_claims(console: "Console", records: Sequence[Mapping[str, Any]]) -> None:
    """Print the answer on the claims in short, in the words of the report's front."""
    from case_saliency.report.claims.view import ledger

    found = ledger(records)
    if found is not None:
        told = " ".join(text for text in (found.lead, found.ground, found.published) if text)
        console.print(f"\nDoes CASE hold up? Over {', '.join(found.experiments)}:", style="bold", width=_WIDTH)
        console.print(told, markup=False, highlight=False, width=_WIDTH)


def show(console: "Console", name: str, summary: "pd.DataFrame") -> None:
    """Print the summary of an experiment, and how to read it."""
    several = summary.groupby("model")["seed"].nunique().max() > 1
    console.print(_over_seeds(name, summary) if several else _by_network(name, summary))
    sizes = sorted(set(summary["n"]))
    counts = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    policy = (
        "; ⇅ policy: definite, but another one if images with an empty map count as agreement of 100%, or of 0%"
        if POLICY in set(summary["verdict"])
        else ""
    )
    told = (
        "Joint: class-sensitive, and each map takes away its own class rather than the other one. "
        if "joint_verdict" in summary and not several
        else ""
    )
    tested = "rejects: trainings with images on which the paper's test does, Wilcoxon's" if several else "p: Wilcoxon's"
    console.print(
        f"Medians over n = {counts} images{', least and largest of the seeds' if several else ''}; {tested} one-sided "
        "test against the threshold, as in the paper; drop: mean confidence drop. "
        "Verdict: the exact confidence interval of the median lies below the threshold (class-sensitive), above it "
        f"(insensitive), or across it (undecided){policy}. {told}Controls (italic) "
        "calibrate the test: a random map passes it too, so passing alone does not make a method good.",
        style="dim",
        width=_WIDTH,
    )


def _by_network(experiment: str, summary: "pd.DataFrame") -> "Table":
    from rich.text import Text

    joint = "joint_verdict" in summary
    table = _table(experiment, [*_COLUMNS, *((_LAST,) if joint else ())])
    for model, rows in summary.groupby("model", sort=False):
        table.add_row(Text(str(model), style="bold"))
        for row in rows.to_dict("records"):
            table.add_row(
                _name(row),
                _number(row["median_agreement"], ".1f"),
                f"{_number(row['ci_low'], '.0f')} to {_number(row['ci_high'], '.0f')}",
                _p_value(row["p_wilcoxon"]),
                Text(_TOLD.get(row["verdict"], str(row["verdict"])), style=_STYLES.get(row["verdict"], "")),
                _number(row["mean_drop"], ".3f"),
                *([_JOINT[row["joint_verdict"]]] if joint else []),
            )
        table.add_section()
    return table


def _over_seeds(experiment: str, summary: "pd.DataFrame") -> "Table":
    """One row for each method and architecture, with what its trainings have in common."""
    from rich.text import Text

    table = _table(experiment, _SEEDS)
    for model, networks in summary.groupby("model", sort=False):
        table.add_row(Text(f"{model}, {networks['seed'].nunique()} seeds", style="bold"))
        for (_, _), rows in networks.groupby(["layer", "method"], sort=False):
            verdicts = rows["verdict"].value_counts(sort=False)
            mixed = ", ".join(f"{n} {_SHORT[str(name)]}" for name, n in verdicts.items())
            alone = str(verdicts.index[0])
            told = _TOLD.get(alone, alone) if len(verdicts) == 1 else mixed
            median = rows["median_agreement"]
            table.add_row(
                _name(rows.iloc[0].to_dict()),
                f"{_number(median.min(), '.0f')} to {_number(median.max(), '.0f')}",
                _of(int(rows["rejects_paper"].sum()), int((rows["n"] > 0).sum())),
                Text(told, style=_STYLES.get(told, "")),
                _number(rows["mean_drop"].mean(), ".3f"),
            )
        table.add_section()
    return table


def _table(experiment: str, columns: "Sequence[tuple[str, Any, int | None]]") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(
        title=f"{experiment}: do the maps of the two most likely classes differ?",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        collapse_padding=True,
    )
    for name, justify, width in columns:
        table.add_column(name, justify=justify, no_wrap=True, min_width=width)  # only names are ever cut
    return table


def _name(row: "Mapping[Any, Any]") -> "Text":
    from rich.text import Text

    return Text(f"  {row['method']}", style="italic" if row["role"] == "control" else "")


_COLUMNS: tuple[tuple[str, Any, int | None], ...] = (
    ("", "left", None),
    ("median %", "right", 8),
    ("interval", "right", 10),
    ("p", "right", 6),
    ("verdict", "left", 15),
    ("drop", "right", 5),
)
_LAST: tuple[str, Any, int | None] = ("joint", "left", 5)
_SEEDS: tuple[tuple[str, Any, int | None], ...] = (
    ("", "left", 24),
    ("medians %", "right", 10),
    ("rejects", "right", 7),
    ("verdict", "left", 20),
    ("drop", "right", 5),
)
_SHORT = {"class-sensitive": "sens.", "insensitive": "insens.", "undecided": "undec.", POLICY: "⇅", NO_IMAGE: "none"}
_TOLD = {POLICY: "⇅ policy"}
_JOINT = {"class-specific": "yes", "not class-specific": "no", "undecided": "open", NO_IMAGE: "n/a"}


def _number(value: float, form: str) -> str:
    return "n/a" if math.isnan(value) else format(value, form)


def _of(count: int, total: int) -> str:
    return f"{count}/{total}" if total else "n/a"


def _p_value(value: float) -> str:
    return "n/a" if math.isnan(value) else "<.0001" if value < 0.0001 else f"{value:.4f}"
