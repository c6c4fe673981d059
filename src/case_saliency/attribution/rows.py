"""An array that grows row by row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Rows:
    """Collects arrays of equal shape but for their first axis into one that doubles its room when it is full.

    Kept as the many small arrays that they arrive as, results would lie scattered among the freed memory of each batch,
    which then cannot be used again as a whole: a process would grow by almost 1 MB for each image.

    Examples
    --------
    >>> rows = Rows()
    >>> for part in ([1, 2], [3]):
    ...     rows.append(np.array(part))
    >>> rows.array().tolist()
    [1, 2, 3]
    """

    def __init__(self) -> None:
        self._room: NDArray[Any] = np.empty(0)
        self._filled = 0

    def append(self, values: NDArray[Any]) -> None:
        """Copy `values` (n, ...) to the end."""
        end = self._filled + len(values)
        if end > len(self._room):
            room = np.empty((max(end, 2 * len(self._room)), *values.shape[1:]), values.dtype)
            if self._filled:
                room[: self._filled] = self._room[: self._filled]
            self._room = room
        self._room[self._filled : end] = values
        self._filled = end

    def array(self) -> NDArray[Any]:
        """Return all rows, shape (N, ...)."""
        return self._room[: self._filled]
