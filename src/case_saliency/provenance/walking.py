"""Files below a folder, however deep, without following links."""

import os
from collections.abc import Iterator
from pathlib import Path


def below(folder: Path) -> Iterator[Path]:
    """Yield every file and every link below a folder, whatever it leads to; nothing if there is no such folder.

    A folder that cannot be listed (no permission, a path too long) is yielded itself. pathlib's own `rglob` passes over
    it, and fails where folders are nested deeper than Python's recursion.
    """
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            yield Path(place)
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            else:
                yield Path(entry.path)
