"""Hook of mkdocs: the navigation is that of docs/index.md, and what lies in the folders of results and decisions."""

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
_SECTION = re.compile(r"^## (.+)$")
_ROW = re.compile(r"^\| \[[^\]]*\]\(([^)#]+)\)")


def on_config(config: Any) -> Any:
    """Set the navigation."""
    config.nav = navigation((DOCS / "index.md").read_text(encoding="utf-8"))
    return config


def navigation(index: str) -> list[dict[str, list[Any]]]:
    r"""Return the sections of an index, each with the pages of its table's rows.

    Examples
    --------
    >>> navigation("## Methods\n| page | answers |\n| --- | --- |\n| [a](a.md) | What? |\n")
    [{'Methods': ['a.md']}]
    """
    found: dict[str, list[Any]] = {}
    section = ""
    for line in index.splitlines():
        if heading := _SECTION.match(line):
            section = heading[1]
            found[section] = ["index.md", "about.md"] if section == "Start" else []
        elif row := _ROW.match(line):
            found[section] += _pages(row[1])
    if "Start" in found:
        found["Start"].append("changelog.md")
    return [{title: pages} for title, pages in found.items()]


def _pages(page: str) -> list[Any]:
    """Return a page, and behind the front page of a folder the other pages of that folder."""
    folder, _, name = page.rpartition("/")
    if name != "README.md":
        return [page]
    others: list[Any] = [f"{folder}/{file.name}" for file in sorted((DOCS / folder).glob("*.md")) if file.name != name]
    for front in sorted((DOCS / folder).glob("*/README.md")):
        of = f"{folder}/{front.parent.name}"
        others.append({front.parent.name: [f"{of}/README.md", *_tables(of)]})
    return [page, *others, *_tables(folder)]


def _tables(folder: str) -> list[Any]:
    """Return the pages that are made of a folder's tables, as a section; nothing where it has none."""
    names = [f"{folder}/{file.stem}.md" for file in sorted((DOCS / folder).glob("*.csv"))]
    return [{"Tables": names}] if names else []
