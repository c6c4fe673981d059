"""The graph of files and runs: which run made a file, and all that a file was made from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from case_saliency.provenance.audit.reading import Entry, Run


@dataclass(frozen=True)
class Graph:
    """Completed runs, in the order in which they were recorded; of several that made a file, the last one counts."""

    runs: tuple[Run, ...]
    made_by: Mapping[str, Run]

    def entry(self, path: str) -> Entry | None:
        """Return how the run that made a file recorded it; None if no run made it."""
        run = self.made_by.get(path)
        return None if run is None else next(entry for entry in run.outputs if entry.path == path)

    def sources(self, path: str) -> list[str]:
        """Return the files that the run which made `path` read."""
        run = self.made_by.get(path)
        return [] if run is None else list(dict.fromkeys(entry.path for entry in run.inputs))

    def behind(self, paths: Iterable[str]) -> list[str]:
        """Return `paths` and all files they were made from, each after those that it was made from."""
        ordered: dict[str, None] = {}
        entered: set[str] = set()
        waiting = [(path, False) for path in reversed(list(paths))]
        while waiting:  # no recursion: a chain may be long, and a hostile one may run in circles
            path, left = waiting.pop()
            if left:
                ordered.setdefault(path)
            elif path not in entered:
                entered.add(path)
                waiting.append((path, True))
                waiting += [(source, False) for source in reversed(self.sources(path))]
        return list(ordered)

    def runs_behind(self, paths: Iterable[str]) -> list[Run]:
        """Return the runs that made these files and all behind them, each after those whose outputs it read."""
        found = {run.record: run for path in self.behind(paths) if (run := self.made_by.get(path)) is not None}
        return list(found.values())


def graph(runs: Iterable[Run], lines: Mapping[str, int] | None = None) -> Graph:
    """Build the graph of some records; failed runs made nothing.

    Parameters
    ----------
    runs
        The records.
    lines
        Record -> its line in the journal, which tells the order. A record without a line comes before all that have
        one, whatever time it tells: a file that a run of the journal made is not explained by a stranger.
    """
    known = lines or {}
    done = (run for run in runs if run.status == "completed")
    ordered = sorted(done, key=lambda run: (known.get(run.record, 0), run.ended, run.record))
    return Graph(tuple(ordered), {entry.path: run for run in ordered for entry in run.outputs})
