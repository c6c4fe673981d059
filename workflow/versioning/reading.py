"""A mapping that tells which of its entries were read: so the parameters of a stage are known, not declared."""

from collections.abc import Iterator
from typing import Any

Path = tuple[str, ...]


class Readings(dict[str, Any]):
    """Parameters that note, as a path of keys, every entry that is read.

    A section that is iterated over, or searched for a key that it does not hold, counts as read as a whole: a key that
    is added there may change what its reader does.

    Examples
    --------
    >>> params = Readings({"a": {"b": 1, "c": {"d": 2}}, "e": 3})
    >>> params["a"]["b"], params["a"]["c"]["d"], params["a"].get("x")
    (1, 2, None)
    >>> sorted(params.seen)
    [('a',), ('a', 'b'), ('a', 'c', 'd')]
    """

    def __init__(self, content: dict[str, Any], path: Path = (), seen: set[Path] | None = None) -> None:
        super().__init__(content)
        self.path = path
        self.seen: set[Path] = set() if seen is None else seen

    def _note(self, *key: str) -> None:
        if self.path or key:  # all parameters at once name no entry
            self.seen.add((*self.path, *key))

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, dict):
            return Readings(value, (*self.path, key), self.seen)
        self._note(key)
        return value

    def __missing__(self, key: str) -> Any:
        self._note()
        raise KeyError(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return an entry, or the default; the section counts as read where there is none."""
        return self[key] if key in self else default  # noqa: SIM401

    def __contains__(self, key: object) -> bool:
        found = super().__contains__(key)
        if not found:
            self._note()
        return found

    def __iter__(self) -> Iterator[str]:
        self._note()
        return super().__iter__()

    def keys(self) -> Any:
        """Return the keys: the section counts as read."""
        self._note()
        return super().keys()

    def values(self) -> Any:
        """Return the values: the section counts as read."""
        self._note()
        return super().values()

    def items(self) -> Any:
        """Return the items: the section counts as read."""
        self._note()
        return super().items()


def shortest(paths: set[Path]) -> list[Path]:
    """Return the paths without those that lie below another one, sorted.

    Examples
    --------
    >>> shortest({("a", "b"), ("a",), ("c", "d")})
    [('a',), ('c', 'd')]
    """
    return sorted(path for path in paths if not any(path[:end] in paths for end in range(1, len(path))))
