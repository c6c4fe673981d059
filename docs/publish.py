"""Publish the tables of a finished run as the reference results, and write the README's table from them.

    python docs/publish.py

Copies `results/tables/imagenet-sample/*.csv` to `docs/results/imagenet-sample/` and replaces what stands between the
markers in README.md. `tests/docs` fails where the README and the published tables differ.
"""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from case_saliency.figures.names import VERDICTS, format_p, method_style, model_label, ordered_methods, ordered_models
from case_saliency.storage import read_table, write_text

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "results/tables/imagenet-sample"
PUBLISHED = ROOT / "docs/results/imagenet-sample"
README = ROOT / "README.md"
RENDERED = ("summary", "agreement", "fidelity")
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"

_HEAD = """\
| method | network | median agreement [interval] | p | verdict | mean drop [interval] |
| --- | --- | --: | --: | --- | --: |"""


def render(summary: pd.DataFrame, agreement: pd.DataFrame, fidelity: pd.DataFrame) -> str:
    """Return what stands between the README's markers: a row for each method and network, and how they were made."""
    lines = [_HEAD]
    for method in ordered_methods(summary["method"]):
        rows = summary[summary["method"] == method].set_index("model")
        lines += [_row(method, model, rows.loc[model]) for model in ordered_models(rows.index)]
    return "\n".join([*lines, "", _legend(summary, agreement, fidelity)])


def published() -> str:
    """Return the rendering of the published tables."""
    return render(*(read_table(PUBLISHED / f"{name}.csv") for name in RENDERED))


def replace(readme: str, table: str) -> str:
    """Return the README's text with `table` between the markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _row(method: str, model: str, row: Any) -> str:
    label = method_style(method).label
    cells = [
        f"*{label}*" if row["role"] == "control" else label,
        model_label(model),
        f"{row['median_agreement']:.1f} [{row['ci_low']:.1f}, {row['ci_high']:.1f}]",
        format_p(row["p_wilcoxon"]),
        VERDICTS[str(row["verdict"])].words,
        f"{row['mean_drop']:.3f} [{row['drop_ci_low']:.3f}, {row['drop_ci_high']:.3f}]",
    ]
    return f"| {' | '.join(cells)} |"


def _legend(summary: pd.DataFrame, agreement: pd.DataFrame, fidelity: pd.DataFrame) -> str:
    controls = ordered_methods(summary.loc[summary["role"] == "control", "method"])
    names = ", ".join(method_style(name).label for name in controls)
    shares = [f"{share:g}%" for share in fidelity["k_percent"].unique()]
    return (
        f"n = {_values(agreement['n'])} of {_values(agreement['n_total'])} images in each row. Agreement: percent of "
        f"the {_values(agreement['k_percent'])}% most salient pixels that the two maps share, with the exact "
        f"{_values(100 * agreement['ci_level'], '.1f')}% interval of the median. p: one-sided Wilcoxon test against "
        "50%, as in the paper, uncorrected. Verdict: the interval lies below 50% (class-sensitive), above it "
        f"(insensitive) or holds it (undecided). Drop: share of its confidence that the network loses "
        f"without the {shares[0]} most salient pixels, with a 95% t interval ({' and '.join(shares)} were tried). With "
        "this many images the sign test finds a method that lies below 50% on three images in four with probability "
        f"{_values(agreement['power'], '.2f')}. Controls, in italics: {names}."
    )


def _values(column: "pd.Series[float]", form: str = ".4g") -> str:
    return " or ".join(dict.fromkeys(format(value, form) for value in sorted(column.dropna())))


def main() -> None:
    """Publish."""
    PUBLISHED.mkdir(parents=True, exist_ok=True)
    for file in sorted(TABLES.glob("*.csv")):
        shutil.copyfile(file, PUBLISHED / file.name)
    write_text(replace(README.read_text(encoding="utf-8"), published()), README)


if __name__ == "__main__":
    main()
