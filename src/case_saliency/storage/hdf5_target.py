"""The file that HDF5 writes to: what goes wrong with it is told to its owner, not to HDF5."""

import io
import os
from typing import Any


class Target(io.FileIO):
    """A file whose first failed write is kept for its owner, and hidden from HDF5.

    HDF5 cannot close a file that it cannot write: it would say so at length, and again when the process ends. What
    could not be written is held for HDF5 to read back until it has closed the file.
    """

    failure: BaseException | None = None

    def __init__(self, path: str | os.PathLike[str], mode: str) -> None:
        super().__init__(path, mode)
        self._held: list[tuple[int, bytes]] = []

    def check(self) -> None:
        """Raise what went wrong."""
        if self.failure is not None:
            raise self.failure

    def write(self, values: Any, /) -> int:
        """Write all of them, or hold them."""
        place, rest = self.tell(), memoryview(values).cast("B")
        size = len(rest)
        try:
            while rest and self.failure is None:
                rest = rest[super().write(rest) :]
        except BaseException as error:  # an interrupt, too, must not reach HDF5
            self.failure = error
        if self.failure is not None:
            self._held.append((place, bytes(values)))
        return size

    def truncate(self, size: int | None = None, /) -> int:
        """Change the size of the file, as long as nothing went wrong."""
        try:
            return super().truncate(size) if self.failure is None else size or 0
        except BaseException as error:  # as above
            self.failure = error
            return size or 0

    def readinto(self, room: Any, /) -> int:
        """Read what was written, and what was held."""
        place, into = self.tell(), memoryview(room).cast("B")
        found = super().readinto(room)
        for start, held in self._held:
            first, last = max(start, place), min(start + len(held), place + len(into))
            if first < last:
                into[first - place : last - place] = held[first - start : last - start]
                found = max(found, last - place)
        return found
