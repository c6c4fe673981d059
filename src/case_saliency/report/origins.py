"""Where the results come from: the runs behind each figure, and the machines and environments that they ran in."""

from collections.abc import Iterable
from dataclasses import dataclass

from case_saliency.provenance.audit.graph import Graph
from case_saliency.provenance.audit.reading import Run


@dataclass(frozen=True)
class Chain:
    """A figure, the id of its record, and the stages behind it: name, number of runs, their ids."""

    figure: str
    record_id: str
    steps: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True)
class Place:
    """Runs that share machine, software and commit."""

    runs: int
    processor: str
    gpus: str
    system: str
    python: str
    environment: str
    commit: str


@dataclass(frozen=True)
class Origins:
    """What the records tell of the results on a page; empty where there are none."""

    chains: tuple[Chain, ...] = ()
    places: tuple[Place, ...] = ()


def origins(graph: Graph, figures: Iterable[str]) -> Origins:
    """Return the chains behind some figures, and the places of all runs in them.

    Parameters
    ----------
    graph
        The records.
    figures
        Paths of figures, as records name them; one that no record tells of is left out.
    """
    known = [figure for figure in figures if figure in graph.made_by]
    return Origins(tuple(_chain(graph, figure) for figure in known), tuple(_places(graph.runs_behind(known))))


def _chain(graph: Graph, figure: str) -> Chain:
    stages: dict[str, list[str]] = {}
    for run in reversed(graph.runs_behind([figure])):
        stages.setdefault(run.stage, []).append(run.id)
    steps = tuple((stage, len(ids), ", ".join(ids)) for stage, ids in stages.items())
    return Chain(figure, graph.made_by[figure].id, steps)


def _places(runs: Iterable[Run]) -> list[Place]:
    """Return the places, that of most runs first."""
    counts: dict[tuple[str, ...], int] = {}
    for run in runs:
        used = run.machine.get("gpus_used")
        place = (
            f"{run.machine.get('processor')}, {run.machine.get('cores')} cores",
            ", ".join(map(str, used)) if isinstance(used, list) and used else "none",
            str(run.machine.get("system")),
            str(run.versions.get("python")),
            str(run.environment)[:12],
            f"{str(run.commit)[:12]}{' with uncommitted changes' if run.dirty else ''}",
        )
        counts[place] = counts.get(place, 0) + 1
    return [Place(count, *place) for place, count in sorted(counts.items(), key=lambda item: -item[1])]
