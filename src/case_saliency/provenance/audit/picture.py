"""An audit as a picture: files and runs from data to result, coloured by verdict, as DOT or as SVG."""

import posixpath
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from case_saliency.provenance.audit import layout
from case_saliency.provenance.audit.judge import Audit
from case_saliency.provenance.audit.verdicts import Verdict

COLOURS = {
    Verdict.OK: "#d9ead3",
    Verdict.UNVERIFIABLE: "#fff2cc",
    Verdict.MISSING: "#f4cccc",
    Verdict.MISMATCH: "#ea9999",
}
MANY, FEW = 60, 12
"""Nodes that a picture has room for, and files that are drawn one by one for being asked for."""


@dataclass(frozen=True)
class Node:
    """A file or a run, or several: its name (unique), two lines of text, its verdict, and what it was made from."""

    name: str
    title: str
    detail: str
    verdict: Verdict
    sources: tuple[str, ...]
    is_run: bool


def nodes(audit: Audit, targets: Iterable[str]) -> list[Node]:
    """Return the files behind some targets and the runs that made them, each after its sources, and what is wrong.

    What is neither a file behind them nor a run (an image, a stranger, the journal, the working tree) has a node if it
    is not OK: a picture is as grave as its audit.
    """
    graph, found, drawn = audit.evidence.graph, [], set[str]()
    for path in graph.behind(targets):
        run = graph.made_by.get(path)
        if run is not None and run.record not in drawn:
            drawn.add(run.record)
            read = tuple(dict.fromkeys(entry.path for entry in run.inputs))
            found.append(Node(run.record, run.stage, f"record {run.id}", audit.verdict(run.record), read, True))
        sources = () if run is None else (run.record,)
        title, detail = path.rsplit("/", 1)[-1], path.rsplit("/", 1)[0]
        found.append(Node(path, title, detail, audit.verdict(path), sources, False))
    return [*found, *_beside(audit, {node.name for node in found})]


def _beside(audit: Audit, drawn: Container[str]) -> Iterator[Node]:
    """Yield what is not OK and is not drawn."""
    wrong = dict.fromkeys(check.subject for check in audit.checks if check.verdict is not Verdict.OK)
    for subject in wrong:
        if subject not in drawn:
            verdict = audit.verdict(subject)
            what = next(check.what for check in audit.of(subject) if check.verdict is verdict)
            folder, _, name = subject.rstrip("/").rpartition("/")
            yield Node(subject, f"{what}: {name}", folder, verdict, (), False)


def few(drawn: list[Node], alone: Collection[str]) -> list[Node]:
    """Return a picture that can be read: of a large one, runs of a stage become one node, and so do their files.

    What is not OK keeps a node of its own, and so do the files of `alone` (which are asked for), if they are few.
    """
    if len(drawn) <= MANY:
        return drawn
    asked = set(alone) if len(alone) <= FEW else set[str]()
    stages = {node.name: node.title for node in drawn if node.is_run}
    alike: dict[str, list[Node]] = {}
    for node in drawn:
        alike.setdefault(_kind(node, stages), []).append(node)
    group: dict[str, str] = {}
    for name, nodes in alike.items():
        single = [node for node in nodes if node.name in asked or node.verdict is not Verdict.OK]
        kept = {node.name for node in single} if len(single) <= FEW else set[str]()
        rest = [node.name for node in nodes if node.name not in kept]
        group |= dict.fromkeys(rest, name) if len(rest) > 1 else {}
    members: dict[str, list[Node]] = {}
    for node in drawn:
        members.setdefault(group.get(node.name, node.name), []).append(node)
    return [_merged(name, nodes, group, stages) for name, nodes in members.items()]


def _kind(node: Node, stages: Mapping[str, str]) -> str:
    """Return what a node has in common with others: the stage, and the verdict."""
    stage = next((stages[source] for source in node.sources if source in stages), "no run")
    return f"{node.verdict} runs of {node.title}" if node.is_run else f"{node.verdict} files of {stage}"


def _merged(name: str, alike: list[Node], group: Mapping[str, str], stages: Mapping[str, str]) -> Node:
    """Return one node for several, or a single one as it is, with the sources as they are named now."""
    sources = dict.fromkeys(group.get(source, source) for node in alike for source in node.sources)
    first = alike[0]
    title, detail = first.title, first.detail
    if len(alike) > 1 and first.is_run:
        title, detail = f"{first.title}: {len(alike)} runs", ""
    elif len(alike) > 1:
        stage = next((stages[source] for source in first.sources if source in stages), "no run")
        title, detail = f"{len(alike)} files of {stage}", _common(node.detail for node in alike)
    return Node(name, title, detail, first.verdict, tuple(source for source in sources if source != name), first.is_run)


def _common(folders: Iterable[str]) -> str:
    """Return the folder that all folders lie in, and how many there are.

    Examples
    --------
    >>> _common(["results/tables/a", "results/tables/b"])
    'results/tables, 2 folders'
    """
    named = list(dict.fromkeys(folders))
    if len(named) == 1:
        return named[0]
    inside = len({posixpath.isabs(folder) for folder in named}) == 1
    return f"{posixpath.commonpath(named) or '.' if inside else 'here and outside'}, {len(named)} folders"


def dot(drawn: list[Node]) -> Iterator[str]:
    """Yield the lines of a Graphviz file."""
    yield "digraph provenance {"
    yield '  rankdir=LR; node [style=filled, fontname="sans-serif", fontsize=10];'
    for node in drawn:
        shape = "ellipse" if node.is_run else "box"
        label = "\\n".join(map(_quoted, (node.title, node.detail, node.verdict)))
        style = f'shape={shape}, fillcolor="{COLOURS[node.verdict]}"'
        yield f'  "{_quoted(node.name)}" [{style}, label="{label}"];'
        for source in node.sources:
            yield f'  "{_quoted(source)}" -> "{_quoted(node.name)}";'
    yield "}"


def _quoted(text: str) -> str:
    return _printable(text).replace("\\", "\\\\").replace('"', '\\"')


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def svg(drawn: list[Node]) -> str:
    """Return the picture as SVG: a step from the data in one or more rows, text that can be searched and copied."""
    sources = {node.name: node.sources for node in drawn}
    place = layout.places(sources)
    left, top, width, height = layout.frame(place.values())
    edges = [
        f'<path d="{layout.edge(place[source], place[node.name])}" fill="none" stroke="#999"/>'
        for node in drawn
        for source in node.sources
        if source in place
    ]
    boxes = [_box(node, *layout.corner(place[node.name])) for node in drawn]
    box = f'viewBox="{left} {top} {width} {height}" width="{width}" height="{height}"'
    style = 'font-family="sans-serif" font-size="10"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box} {style}>'
    back = f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="white"/>'
    lines = [head, "<title>Where a result comes from</title>", back, *edges, *boxes, "</svg>"]
    return "\n".join(lines) + "\n"


def _box(node: Node, x: int, y: int) -> str:
    radius = layout.HEIGHT // 2 if node.is_run else 2
    shown = [text if len(text) <= 44 else f"...{text[-41:]}" for text in (f"{node.verdict} {node.title}", node.detail)]
    lines = "".join(
        f'<text x="{x + 12}" y="{y + 14 + 13 * number}">{escape(_printable(text))}</text>'
        for number, text in enumerate(shown)
    )
    frame = f'<rect x="{x}" y="{y}" width="{layout.WIDTH}" height="{layout.HEIGHT}" rx="{radius}"'
    fill = f'fill="{COLOURS[node.verdict]}" stroke="#666"/>'
    return f"<g><title>{escape(_printable(node.name))}</title>{frame} {fill}{lines}</g>"
