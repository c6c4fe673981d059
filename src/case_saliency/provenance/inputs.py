"""Whether what a run is about to read is still what an earlier run wrote.

Formats notice some damage and miss some. The record of the run that made a file names its hash, and a run hashes its
inputs anyway: so damage is found before anything is computed from it, whatever the format.
"""

import glob
import logging
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.audit import reading
from case_saliency.provenance.audit.graph import Graph, graph
from case_saliency.provenance.audit.parsing import UnreadableError
from case_saliency.provenance.folders import FOLDER

log = logging.getLogger(__name__)


def check(inputs: Iterable[Mapping[str, Any]]) -> None:
    """Compare the inputs of a run with the records of the runs that made them.

    A file that no record tells of is the user's, and passes. Records are looked for under the file's own folder, where
    they lie if a stage's files lie side by side.

    Parameters
    ----------
    inputs
        `path` (relative to the working folder, which is the project's) and `sha256` of each, as a record has them.

    Raises
    ------
    CaseSaliencyError
        If a file differs from what the last run that made it wrote; names it and both hashes.
    """
    known: dict[PurePosixPath, Graph] = {}
    for found in inputs:
        path = PurePosixPath(found["path"])
        if path.is_absolute():
            continue
        if path.parent not in known:
            known[path.parent] = _runs(path.parent)
        expected = known[path.parent].entry(str(path))
        if expected is not None and found["sha256"] != expected.sha256:
            raise CaseSaliencyError(
                f"{path}: sha256 {found['sha256']} found, but the run that made it wrote {expected.sha256}: it was "
                "damaged or edited; delete it and run the workflow again"
            )


def _runs(folder: PurePosixPath) -> Graph:
    """Return the runs that wrote into a folder, as far as their records are readable."""
    inside = folder.relative_to("results") if folder.is_relative_to("results") else folder
    runs = []
    for file in sorted(FOLDER.glob(f"*/{glob.escape(str(inside))}/*.json")):
        try:
            runs.append(reading.load(file, file.as_posix()))
        except UnreadableError as error:  # the gate after a run refuses it, and an audit tells
            log.warning("%s: %s; what it tells of is not compared", file, error)
    return graph(runs)
