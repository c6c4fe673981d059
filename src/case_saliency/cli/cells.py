"""Show what a cell of a results table was computed from, and compute it again where that is plain arithmetic."""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.audit.arithmetic import equal
from case_saliency.provenance.audit.cells import SETTINGS, Cell, NoSuchCellError, trace
from case_saliency.provenance.audit.judge import Audit
from case_saliency.provenance.audit.text import plain
from case_saliency.provenance.audit.verdicts import Check, Verdict, exit_code, worst

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10


def follow(audit: Audit, table: str, row: Mapping[str, str], column: str) -> tuple[Audit, Cell | None]:
    """Follow a cell to what it was computed from; return the audit with checks of whether all of it is there.

    None stands for a cell of what was tampered with so that it cannot be followed.

    Raises
    ------
    CaseSaliencyError
        If a table that is as it was written has no such cell. What was tampered with is an outcome.
    """
    cell: Cell | None = None
    try:
        cell = trace(audit, table, row, column)
    except Exception as error:  # tables and scores may hold anything, and their readers raise what they like
        if isinstance(error, NoSuchCellError) and audit.verdict(table) is Verdict.OK:
            raise
        kind = "" if isinstance(error, CaseSaliencyError) else f"{type(error).__name__}: "
        checks = [Check(f"{table}#{column}", "cell", Verdict.UNVERIFIABLE, f"it cannot be followed: {kind}{error}")]
    else:
        checks = list(_checks(cell, f"{table}#{column}"))
    return replace(audit, checks=(*audit.checks, *checks)), cell


def show(audit: Audit, cell: Cell | None, table: str, column: str, *, as_json: bool) -> None:
    """Print what a cell was computed from."""
    if as_json:
        sys.stdout.write(json.dumps(_data(audit, cell), indent=1, default=str, allow_nan=False) + "\n")
    else:
        told = audit.of(f"{table}#{column}")[0].note
        for line in [f"{table}, {column}: {told}"] if cell is None else _lines(audit, cell, table, column):
            sys.stdout.write(plain(line) + "\n")


def _checks(cell: Cell, told: str) -> Iterator[Check]:
    note = f"not there: {', '.join(cell.missing[:3])}" if cell.missing else "rows, maps and images are there"
    yield Check(told, "cell", Verdict.MISMATCH if cell.missing else Verdict.OK, note)
    if cell.again is not None:
        how, found = cell.again
        verdict = Verdict.OK if equal(cell.value, found) else Verdict.MISMATCH
        yield Check(told, "computed again", verdict, how, str(cell.value), f"{found:.10g}")


def _lines(audit: Audit, cell: Cell, table: str, column: str) -> Iterator[str]:
    yield ""
    yield f"{table}, {column} = {cell.value}"
    if not cell.scores:
        yield "No row of scores was found that it was computed from, and so no map and no image."
        return
    if cell.again is None:
        yield "Not computed again: no plain statistic of rows. --reexecute 1 runs the job that made the table."
    else:
        how, found = cell.again
        same = "OK" if equal(cell.value, found) else "MISMATCH"
        yield f"{same} computed again from the scores below: the {how} is {found:.10g}"
    yield f"Scores with {', '.join(f'{name}={value}' for name, value in cell.keys.items())}:"
    for path, rows in cell.scores:
        yield f"  {audit.verdict(path)} {path}: {len(rows)} rows of {rows['image_id'].nunique()} images"
        measured = [name for name in rows.columns if rows[name].dtype.kind == "f" and name not in SETTINGS]
        for number, row in list(rows.iterrows())[:_SHOWN]:
            values = ", ".join(f"{name} {row[name]:.6g}" for name in measured[:4])
            left_out = "" if row.get("qualified", True) else f", left out ({row.get('reason')})"
            yield f"     row {number}: {row['image_id']}, {values}{left_out}"
        if len(rows) > _SHOWN:
            yield f"     and {len(rows) - _SHOWN} more rows (--json lists all)"
    yield "Maps:" if cell.maps else f"Maps: {_without_maps(cell)}"
    for path, layer, method, count in cell.maps:
        yield f"  {audit.verdict(path)} {path}: layer {layer}, method {method}, {count} images"
    yield f"Images ({len(cell.images)}):"
    for image in cell.images.to_dict("records")[:_SHOWN]:
        yield f"  {image['image_id']}: {image['file']} beside {image['manifest']}, sha256 {image['sha256']}"
    if len(cell.images) > _SHOWN:
        yield f"  and {len(cell.images) - _SHOWN} more (--json lists all)"


def _without_maps(cell: Cell) -> str:
    lacking = "none was found that the scores were computed from"
    return lacking if cell.missing else "none are stored, the scores were computed from the network and the images"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _data(audit: Audit, cell: Cell | None) -> dict[str, Any]:
    verdicts = [check.verdict for check in audit.checks]
    return {
        **({} if cell is None else _traced(audit, cell)),
        "verdict": worst(verdicts).value,
        "exit_code": exit_code(verdicts),
        "checks": [{**vars(check), "verdict": check.verdict.value} for check in audit.checks],
    }


def _traced(audit: Audit, cell: Cell) -> dict[str, Any]:
    def listed(rows: "pd.DataFrame") -> list[dict[str, Any]]:
        plain_rows: list[dict[str, Any]] = json.loads(rows.to_json(orient="records"))
        return plain_rows

    return {
        "value": json.loads(json.dumps(cell.value, default=str)) if cell.value == cell.value else None,
        "computed_again": None if cell.again is None else {"how": cell.again[0], "value": _number(cell.again[1])},
        "keys": {name: str(value) for name, value in cell.keys.items()},
        "scores": [
            {
                "path": path,
                "verdict": audit.verdict(path).value,
                "row_numbers": rows.index.tolist(),
                "rows": listed(rows),
            }
            for path, rows in cell.scores
        ],
        "maps": [
            {"path": path, "verdict": audit.verdict(path).value, "layer": layer, "method": method, "images": count}
            for path, layer, method, count in cell.maps
        ],
        "images": listed(cell.images),
    }
