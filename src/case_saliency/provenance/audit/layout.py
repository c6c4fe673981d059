"""Where the boxes of a picture lie, and the lines between them, which pass behind no box.

Boxes lie in the columns and rows of a grid. A line leaves a box at its bottom, goes down in the gap between two columns
where other rows are on its way, and ends at the top of a box.
"""

from collections.abc import Iterable, Mapping, Sequence

WIDTH, HEIGHT = 240, 34
"""Size of a box."""
GAP, ROW, IN_ROW = 40, 84, 6
"""Distance of two boxes in a row, of the tops of two rows, and boxes that have room in a row."""
_MARGIN, _STEPS, _LANES, _LANE = 24, 100, 7, 5

Place = tuple[int, int]
"""Column and row."""


def places(sources: Mapping[str, Sequence[str]]) -> dict[str, Place]:
    """Return where each node lies: a step from the data takes as many rows as it needs, each in the middle.

    Within a step, nodes are in the order of the middle of what they were made from, so that fewer lines cross.

    Parameters
    ----------
    sources
        Node -> what it was made from.

    Examples
    --------
    >>> places({"data": [], "a": ["data"], "b": ["data"], "c": ["a", "b"]})
    {'data': (0, 0), 'a': (0, 1), 'b': (1, 1), 'c': (0, 2)}
    """
    steps: dict[int, list[str]] = {}
    for name, depth in _depths(sources).items():
        steps.setdefault(depth, []).append(name)
    columns = min(IN_ROW, max(map(len, steps.values()), default=0))
    place: dict[str, Place] = {}
    row = 0
    for step in sorted(steps):
        ordered = sorted(steps[step], key=lambda name: _middle(sources[name], place))
        for start in range(0, len(ordered), columns):
            line = ordered[start : start + columns]
            left = (columns - len(line)) // 2
            place |= {name: (left + number, row) for number, name in enumerate(line)}
            row += 1
    return place


def _middle(sources: Sequence[str], place: Mapping[str, Place]) -> float:
    found = [place[source][0] for source in sources if source in place]
    return sum(found) / len(found) if found else 0.0


def _depths(sources: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return how many steps each node is from the data, by the longest way; in a circle there is none."""
    depth = dict.fromkeys(sources, 0)
    for _ in range(_STEPS):
        before = dict(depth)
        for name, made_from in sources.items():
            depth[name] = max((1 + depth[source] for source in made_from if source in depth), default=0)
        if depth == before:
            break
    return depth


def frame(taken: Iterable[Place]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of a picture of some places, with the gaps around them."""
    corners = [corner(place) for place in taken]
    width = max((x + WIDTH for x, _ in corners), default=0)
    height = max((y + HEIGHT for _, y in corners), default=0)
    return -GAP, -_MARGIN, width + 2 * GAP, height + 2 * _MARGIN


def corner(place: Place) -> tuple[int, int]:
    """Return the upper left corner of the box at a place."""
    return place[0] * (WIDTH + GAP), place[1] * ROW


def edge(start: Place, end: Place) -> str:
    """Return the path of a line from a box to one that was made from it.

    Examples
    --------
    >>> edge((0, 0), (0, 1))
    'M120 34C120 59 120 59 120 84'
    >>> edge((0, 0), (0, 2))  # around the box between them
    'M120 34C120 59 -35 59 -35 84V118C-35 143 120 143 120 168'
    """
    x0, y0 = corner(start)[0] + WIDTH // 2, corner(start)[1] + HEIGHT
    x1, y1 = corner(end)[0] + WIDTH // 2, corner(end)[1]
    if end[1] == start[1] + 1:
        return f"M{x0} {y0}{_bend(x0, y0, x1, y1)}"
    gap = start[0] if end[0] <= start[0] else start[0] + 1
    lane = (start[0] + start[1]) % _LANES - _LANES // 2  # lines of one box run together, those of others beside them
    x = gap * (WIDTH + GAP) - GAP // 2 + lane * _LANE
    above, below = y0 + ROW - HEIGHT, y1 - ROW + HEIGHT
    return f"M{x0} {y0}{_bend(x0, y0, x, above)}V{below}{_bend(x, below, x1, y1)}"


def _bend(x0: int, y0: int, x1: int, y1: int) -> str:
    middle = (y0 + y1) // 2
    return f"C{x0} {middle} {x1} {middle} {x1} {y1}"
