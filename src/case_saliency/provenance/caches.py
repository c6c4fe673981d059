"""Where what can be found again is kept, so that it need not be: below the user's cache folder, never in results."""

import os
from pathlib import Path


def folder(name: str) -> Path:
    """Return a folder of the cache: ``$XDG_CACHE_HOME/case-saliency/<name>``, by default below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "case-saliency" / name
