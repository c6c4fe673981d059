"""Paragraphs and tables of the pages that are written from measurements."""

import textwrap
from collections.abc import Iterable, Sequence


def fill(text: str) -> str:
    """Return a paragraph in lines of the width of the documents."""
    return textwrap.fill(" ".join(text.split()), width=125, break_long_words=False, break_on_hyphens=False)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
