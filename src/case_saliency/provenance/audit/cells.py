"""A cell of a results table: the rows of scores that it was computed from, the maps and the images behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.audit.arithmetic import SCORES, USED, again
from case_saliency.provenance.audit.judge import Audit
from case_saliency.storage.maps import open_maps
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

SETTINGS = {"k_percent", "strength", "threshold", "min_confidence"}
"""Columns of numbers that tell rows apart; other numbers that are no integers were measured."""
_ALWAYS = {"experiment", "dataset", "model", "seed", "layer", "method"}
_FEW = 10


class NoSuchCellError(CaseSaliencyError):
    """A table has no such column, or not exactly one such row."""


@dataclass(frozen=True)
class Cell:
    """What a cell was computed from.

    `keys` are the columns by which its scores were found, `scores` holds file, rows and their numbers, `maps` file,
    layer, method and images, `images` the rows of the manifests. `again` is the number computed again from the rows,
    and how; None where it is no plain statistic of them.
    """

    value: Any
    keys: Mapping[str, Any]
    scores: Sequence[tuple[str, "pd.DataFrame"]]
    maps: Sequence[tuple[str, str, str, int]]
    images: "pd.DataFrame"
    missing: Sequence[str]
    again: tuple[str, float] | None = None


def trace(audit: Audit, table: str, row: Mapping[str, str], column: str) -> Cell:
    """Follow a cell to rows of scores, maps and images.

    Raises
    ------
    NoSuchCellError
        If the table has no such column, or not exactly one such row.
    CaseSaliencyError
        If the table or a file behind it cannot be read.
    """
    import pandas as pd

    if problem := audit.evidence.found[table].problem:
        raise CaseSaliencyError(f"{table}: {problem}")
    stem = PurePosixPath(table).stem
    found = _row(read_table(table), table, row, column)
    scores: list[tuple[str, pd.DataFrame]] = []
    keys: dict[str, Any] = {}
    for path in _scores(audit, stem):
        if audit.evidence.found[path].problem:
            continue
        rows = read_table(path)
        used = _keys(rows, found) | {name: value for name, value in USED.get(stem, {}).items() if name in rows.columns}
        for key, value in used.items():
            rows = rows[_equals(rows[key], value) | rows[key].isna()]  # without a fill, say: of all of them
        if len(rows):
            scores.append((path, rows))
            keys |= used
    chosen = pd.concat([rows for _, rows in scores]) if scores else pd.DataFrame(columns=["image_id"])
    images, absent = _images(audit, [path for path, _ in scores], list(dict.fromkeys(chosen["image_id"])))
    maps, lacking = _maps(audit, scores)
    missing = [*absent, *lacking, *([] if scores else ["rows of scores"])]
    counted = _all_excluded(audit, table) and len(scores) > 0
    computed = again(stem, found, column, chosen) if counted else None
    return Cell(found[column], keys, scores, maps, images, missing, computed)


def _all_excluded(audit: Audit, table: str) -> bool:
    """Tell whether pairs with a degenerate map were left out of the table, which is a choice of params.yaml."""
    settings = [run.parameters.get("settings") for run in audit.evidence.graph.runs_behind([table])]
    return all(told.get("degenerate", "exclude") == "exclude" for told in settings if isinstance(told, dict))


def _row(rows: "pd.DataFrame", table: str, row: Mapping[str, str], column: str) -> Mapping[str, Any]:
    for name in (*row, column):
        if name not in rows.columns:
            raise NoSuchCellError(f"{table}: column {name!r} not found; columns are {', '.join(rows.columns)}")
    for name, value in row.items():
        rows = rows[_equals(rows[name], value)]
    if len(rows) != 1:
        telling = [name for name in rows.columns if name not in row and 1 < rows[name].nunique() <= _FEW]
        differ = f"; they differ in {', '.join(telling[:6])}" if len(rows) else ""
        raise NoSuchCellError(f"--row: {len(rows)} rows of {table} found, one expected{differ}")
    return {str(name): value for name, value in rows.iloc[0].items()}


def _equals(values: "pd.Series[Any]", value: Any) -> "pd.Series[Any]":
    """Compare as numbers where both are, else as text."""
    import pandas as pd

    try:
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            return values == float(value)
    except ValueError:
        pass
    return values.astype(str) == str(value)


def _scores(audit: Audit, stem: str) -> list[str]:
    """Return the files of scores behind the table: of the score that the table is named after, if there is one."""
    behind = [path for path in audit.evidence.scope if path.startswith("results/scores/") and path.endswith(".parquet")]
    named = [path for path in behind if f"/{SCORES.get(stem, stem)}/" in path]
    return named or behind


def _keys(scores: "pd.DataFrame", row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that a table and its scores share and that tell rows apart, with the row's values.

    A value that no score has is that of a summary over all of them ("all") and narrows nothing.
    """
    import pandas as pd

    shared = [name for name in scores.columns if name in row and not pd.isna(row[name])]
    telling = [name for name in shared if name in SETTINGS or not pd.api.types.is_float_dtype(scores[name])]
    return {name: row[name] for name in telling if _equals(scores[name], row[name]).any() or name in _ALWAYS}


def _images(audit: Audit, scores: Sequence[str], wanted: Sequence[str]) -> tuple["pd.DataFrame", list[str]]:
    import pandas as pd

    behind = audit.evidence.graph.behind(scores)
    manifests = [path for path in behind if path.endswith("/manifest.csv") and not audit.evidence.found[path].problem]
    rows = [read_table(path).assign(manifest=path) for path in manifests]
    known = pd.concat(rows) if rows else pd.DataFrame(columns=["image_id", "file", "sha256", "manifest"])
    known = known[known["image_id"].isin(wanted)]
    return known, [f"image {name}" for name in wanted if name not in set(known["image_id"])]


def _maps(
    audit: Audit, scores: Sequence[tuple[str, "pd.DataFrame"]]
) -> tuple[list[tuple[str, str, str, int]], list[str]]:
    """Return file, layer, method and number of images of the maps that the scores were computed from."""
    found, lacking = [], []
    for path, rows in scores:
        run = audit.evidence.graph.made_by[path]
        files = [entry.path for entry in run.inputs if entry.role == "maps"]
        if not files or not {"layer", "method"} <= set(rows.columns):
            continue
        held: set[tuple[str, str, str]] = set()
        for file in files:
            if audit.evidence.found[file].problem:
                lacking.append(file)
                continue
            layers = open_maps(file)
            for (layer, method), alike in rows.groupby(["layer", "method"]):
                if layer in layers and method in layers[str(layer)]:
                    here = set(layers[str(layer)][str(method)].images) & set(alike["image_id"])
                    held |= {(str(layer), str(method), image) for image in here}
                    found.append((file, str(layer), str(method), len(here)))
        wanted = {tuple(map(str, row)) for row in rows[["layer", "method", "image_id"]].to_numpy()}
        if any(method in {name for _, name, _ in held} for _, method, _ in wanted):
            lacking += [f"map of {image} by {method}" for layer, method, image in sorted(wanted - held)]
    return list(dict.fromkeys(found)), lacking
