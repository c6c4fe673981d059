"""The id of its record that a figure carries: PNG text `Record`, PDF `Keywords`, SVG `dc:identifier`."""

import re
import struct
from pathlib import Path

KINDS = (".png", ".pdf", ".svg")
_LIMIT = 64 * 2**20
_PDF = re.compile(rb"/Keywords \(([^()\\]{0,200})\)")
_SVG = re.compile(rb"<dc:identifier>([^<&]{0,200})</dc:identifier>")


def embedded(path: Path) -> str | None:
    """Return the id, or None if the file carries none. Nothing is decoded or executed.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(_LIMIT)
    if path.suffix == ".png":
        return _png(content)
    found = (_PDF if path.suffix == ".pdf" else _SVG).search(content)
    return None if found is None else found[1].decode("latin-1")


def _png(content: bytes) -> str | None:
    """Walk over the chunks (length, type, data, checksum) to a text chunk with the keyword `Record`."""
    place = 8
    while place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        data = content[place + 8 : place + 8 + length]
        if kind == b"tEXt" and data.startswith(b"Record\0"):
            return data.removeprefix(b"Record\0").decode("latin-1")
        place += length + 12
    return None
