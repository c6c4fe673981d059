"""Hook of mkdocs: README and change log become pages, and links to files outside docs/ become their names.

On a host of git these links open the file. The site holds no source files, so there the name must do.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"README.md": "about.md", "CHANGELOG.md": "changelog.md"}
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that stand at the root of the repository."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=relocated(text, "", "docs")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Mend the links of a page."""
    parts = _FENCE.split(markdown)
    folder = posixpath.dirname(page.file.src_uri)
    return "".join(part if place % 2 else mended(part, folder) for place, part in enumerate(parts))


def relocated(text: str, origin: str, target: str) -> str:
    """Return a text whose relative links are made from folder `target` instead of `origin`.

    Examples
    --------
    >>> relocated("[data](docs/data.md#files), [code](src/a.py)", "", "docs")
    '[data](data.md#files), [code](../src/a.py)'
    """

    def one(match: re.Match[str]) -> str:
        path = posixpath.relpath(posixpath.join(origin, match[2]), target)
        return f"[{match[1]}]({path}{match[3] or ''})"

    return "".join(part if n % 2 else _LINK.sub(one, part) for n, part in enumerate(_FENCE.split(text)))


def mended(text: str, folder: str) -> str:
    """Return a page's text with its links to files outside docs/ replaced; `folder` is the page's, below docs/.

    Examples
    --------
    >>> mended("[the README](../README.md), [`zoo.py`](../src/zoo.py), [zoo](../src/zoo.py), [data](data.md)", "")
    '[the README](about.md), `src/zoo.py`, zoo (`src/zoo.py`), [data](data.md)'
    """

    def one(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", folder, match[2]))
        if path in PAGES:
            return f"[{match[1]}]({posixpath.relpath(PAGES[path], folder or '.')}{match[3] or ''})"
        if path.startswith("docs/"):
            return match[0]
        return f"`{path}`" if match[1].strip("`") == posixpath.basename(path) else f"{match[1]} (`{path}`)"

    return _LINK.sub(one, text)
