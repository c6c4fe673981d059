"""Whether what a run is about to read is still what an earlier run wrote.

Formats notice some damage and miss some. The record of the run that made a file names its hash, and a run hashes its
inputs anyway: so damage is found before anything is computed from it, whatever the format.
"""

import glob
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.audit import reading
from case_saliency.provenance.audit.graph import Graph, graph
from case_saliency.provenance.audit.parsing import UnreadableError
from case_saliency.provenance.folders import FOLDER, first_output


def check(inputs: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Compare the inputs of a run with the records of the runs that made them; return those that no record tells of.

    A file that no record tells of is the user's, and passes; but not where a record of that folder cannot be read, for
    that might be its own. Records are looked for under the file's own folder, where they lie if a stage's files lie
    side by side.

    Parameters
    ----------
    inputs
        `path` (relative to the working folder, which is the project's) and `sha256` of each, as a record has them.

    Raises
    ------
    CaseSaliencyError
        If a file differs from what the last run that made it wrote: names it and both hashes. If it cannot be known:
        names the damaged record.
    """
    known: dict[PurePosixPath, tuple[Graph, str]] = {}
    untold = []
    for found in inputs:
        path = PurePosixPath(found["path"])
        if path.is_absolute():
            untold.append(found)
            continue
        if path.parent not in known:
            known[path.parent] = _runs(path.parent)
        runs, damage = known[path.parent]
        expected = runs.entry(str(path))
        if expected is None and damage:
            raise CaseSaliencyError(
                f"{path}: whether it is what a run wrote is not known, for a record is damaged: {damage}; run "
                "the workflow again, which makes what the record told of anew, or make that file again yourself"
            )
        if expected is None:
            untold.append(found)
        elif found["sha256"] != expected.sha256:
            raise CaseSaliencyError(
                f"{path}: sha256 {found['sha256']} found, but the run that made it wrote {expected.sha256}: it was "
                "damaged or edited; delete it and run the workflow again"
            )
    return untold


def _runs(folder: PurePosixPath) -> tuple[Graph, str]:
    """Return the runs that wrote into a folder, and the first record of one that cannot be read; empty: all can."""
    inside = folder.relative_to("results") if folder.is_relative_to("results") else folder
    runs, damage = [], ""
    for file in sorted(FOLDER.glob(f"*/{glob.escape(str(inside))}/[!.]*.json")):
        try:
            runs.append(reading.load(file, file.as_posix()))
        except UnreadableError as error:
            of_a_result = not file.name.endswith(".failed.json") and first_output(file).parent == Path(folder)
            damage = damage or (f"{file}: {error}" if of_a_result else "")
    return graph(runs), damage
