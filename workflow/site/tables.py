"""Hook of mkdocs: a page for each published table, written from its CSV file, which lies beside it for download."""

import html
import re
from pathlib import Path
from typing import Any

import pandas as pd
from mkdocs.structure.files import File, Files

from case_saliency.report.meanings import MEANINGS
from case_saliency.report.tables import printed
from case_saliency.storage.tables import read_table

RESULTS = Path(__file__).resolve().parents[2] / "docs/results"
SHOWN = 300
"""Rows that a page shows at most."""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages."""
    for file in sorted(RESULTS.rglob("*.csv")):
        name = f"results/{file.relative_to(RESULTS).with_suffix('').as_posix()}"
        files.append(File.generated(config, f"{name}.md", content=page(read_table(file), file)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links to published tables lead to their pages."""
    if not page.file.src_uri.startswith("results/") or not page.file.src_uri.endswith("README.md"):
        return markdown
    return re.sub(r"(\]\([\w./-]+)\.csv\)", r"\1.md)", markdown)


def page(table: pd.DataFrame, file: Path) -> str:
    """Return the page of a table; columns that hold one value in all rows are told once."""
    constant = [name for name in table.columns if len(table) > 1 and len(table[name].drop_duplicates()) == 1]
    told = "; ".join(f"`{name}` {printed(name, table[name].iloc[0])[0]}" for name in constant)
    count = f"{len(table):,} rows" if len(table) <= SHOWN else f"The first {SHOWN} of {len(table):,} rows"
    return "\n".join(
        [
            "---\nsearch: {exclude: true}\nhide: [toc]\n---",
            f"# {file.stem}, {file.parent.name}\n",
            f"{count}; [all as CSV]({file.name}). A heading's meaning appears when the pointer rests on it.",
            f"{'In all rows: ' + told + '.' if told else ''}\n",
            rows_as_html(table.drop(columns=constant).head(SHOWN)),
            "",
        ]
    )


def rows_as_html(table: pd.DataFrame) -> str:
    """Return the rows as they are printed in the report."""
    kinds = ["number" if pd.api.types.is_numeric_dtype(table[name].dtype) else "text" for name in table.columns]
    heads = [
        f'<th class="{kind}" title="{html.escape(MEANINGS.get(name, ""))}">{html.escape(name)}</th>'
        for name, kind in zip(table.columns, kinds, strict=True)
    ]
    lines = [
        "".join(
            f'<td class="{kind}">{html.escape(printed(name, value)[0])}</td>'
            for name, kind, value in zip(table.columns, kinds, row, strict=True)
        )
        for row in table.itertuples(index=False, name=None)
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    head = f"<thead><tr>{''.join(heads)}</tr></thead>"
    return f'<div class="cells"><table>{head}\n<tbody>\n{body}\n</tbody></table></div>'
