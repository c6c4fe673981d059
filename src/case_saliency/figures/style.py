"""House style of the figures, and the one way to save them: deterministic bytes that carry their record's id."""

import io
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from case_saliency.storage import atomic

ONE_COLUMN = 3.5  # inches: 89 mm
TWO_COLUMNS = 7.2  # inches: 183 mm
RESOLUTION = 300  # dots per inch of PNG files, and of photographs inside vector files
INK = "#1F2429"
FAINT = "#8A9199"

_RC: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same glyphs on every machine
    "font.size": 7.0,
    "axes.titlesize": 7.0,
    "axes.titleweight": "bold",
    "axes.labelsize": 7.0,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 6.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "text.parse_math": False,  # a class name with a dollar sign is a name, not a formula
    "pdf.fonttype": 42,  # fonts embedded as TrueType, so that text stays text
    "svg.fonttype": "path",
    "svg.hashsalt": "case-saliency",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the house style inside a `with` block, from matplotlib's defaults: a user's matplotlibrc has no say."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def save(figure: Figure, paths: Mapping[str, Path], record_id: str, title: str) -> None:
    """Save a figure under each format; the same figure gives the same bytes.

    Parameters
    ----------
    figure
        The figure.
    paths
        Format ("pdf", "png" or "svg") -> file to write, atomically.
    record_id
        Id of the record of the run that draws the figure. It is embedded as PNG text `Record`, PDF `Keywords` and SVG
        `dc:identifier`.
    title
        Title of the figure, embedded likewise.

    Raises
    ------
    CaseSaliencyError
        If a file cannot be written.
    """
    metadata: dict[str, dict[str, str | None]] = {
        "pdf": {"Title": title, "Keywords": record_id, "CreationDate": None},
        "png": {"Title": title, "Record": record_id},
        "svg": {"Title": title, "Identifier": record_id, "Date": None},
    }
    if unknown := [f"{suffix!r} of {path}" for suffix, path in paths.items() if suffix not in metadata]:
        raise ValueError(f"save: format {unknown[0]} is not one of {sorted(metadata)}")
    with house_style():  # laid out once: each format would do it anew, for a third of the time
        figure.set_dpi(RESOLUTION)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    for suffix, path in paths.items():
        drawn = io.BytesIO()  # in memory: the writer of PDF fails in its own way when a disk is full
        with house_style():
            figure.savefig(drawn, format=suffix, metadata=metadata[suffix], dpi=RESOLUTION)
        with atomic(path) as temporary:
            temporary.write_bytes(drawn.getvalue())


def wrap(text: str, width: int, lines: int) -> str:
    """Break `text` into at most `lines` lines of `width` characters, the last one cut with an ellipsis."""
    return "\n".join(textwrap.wrap(text, width=width, max_lines=lines, placeholder="…"))
