"""Retiring: files that the workflow no longer makes go, with the records of their runs, and the journal says so.

A record that is deleted by itself is missing for an audit. One that is retired has a last line in the journal, written
before anything is deleted: what was cut off in between shows, and is completed by retiring the same files again.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import journal, walking
from case_saliency.provenance.audit.graph import Graph
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.audit.records import records
from case_saliency.provenance.audit.strangers import MADE, images, strangers
from case_saliency.provenance.folders import FOLDER
from case_saliency.provenance.leftovers import named, refuse_links, refuse_used, refuse_what_is_no_result, within

RETIRED = "retired"
"""How the journal's last line on such a record says that it ended."""
_MARK = ".snakemake_timestamp"


@dataclass(frozen=True)
class Retirement:
    """What goes.

    Attributes
    ----------
    asked
        The files and folders that were named, relative to the repository.
    runs
        Record -> the files that its run made, images of a data set included; of a failed run none.
    unrecorded
        Files that no record tells of.
    kept
        File of such a run -> the record of a later run that made it again, so that it stays.
    begun
        Those of the records that the journal calls retired: an earlier call was cut off.
    """

    asked: tuple[str, ...]
    runs: Mapping[str, tuple[str, ...]]
    unrecorded: tuple[str, ...]
    kept: Mapping[str, str]
    begun: frozenset[str]

    @property
    def files(self) -> tuple[str, ...]:
        """All files that go, without records."""
        return (*(file for files in self.runs.values() for file in files), *self.unrecorded)

    def beside(self, files: Iterable[str]) -> tuple[str, ...]:
        """Return those of some files that were not asked for: their runs made them along with others."""
        asked = set(self.asked)
        return tuple(file for file in files if not within(file, asked))

    @property
    def idle(self) -> tuple[str, ...]:
        """What was asked for in vain: a slip of the pen, or retired before."""
        files = (*self.files, *self.kept)
        met = {*files, *(str(parent) for file in files for parent in PurePosixPath(file).parents)}
        return tuple(name for name in self.asked if name not in met)


def plan(root: Path, asked: Sequence[str]) -> Retirement:
    """Return what retiring some files or folders comes to; changes nothing.

    Parameters
    ----------
    root
        The repository's folder, which must be the working folder.
    asked
        Files or folders below `data`, `models` or `results`.

    Raises
    ------
    CaseSaliencyError
        If a path is no such place, leads through a link, or nothing is there; if Snakemake holds the folder; if a
        record is not the one that was written, or names what is no result; or if a run that stays read what would go.
    """
    names = tuple(dict.fromkeys(named(path) for path in asked))
    for name in (*names, f"{FOLDER}/{journal.NAME}"):
        refuse_links(root, name)
    if any((root / ".snakemake/locks").glob("*")):
        raise CaseSaliencyError(
            "Snakemake holds this folder: wait for the run; if it was killed, `snakemake --unlock`, then run it again"
        )
    known = records(root)
    made = _made(root, known.graph)
    own = _runs(known.graph, made, names)
    beside = {record.removesuffix(".json") + ".failed.json" for record in own}
    failed = [run for run in known.failed if run.record in beside]
    told = journal.read(root / FOLDER)
    latest = {} if told is None else {f"{FOLDER}/{name}": line for name, line in told.latest().items()}
    _refuse_edited([*own.values(), *failed], latest)
    files: dict[str, list[str]] = {record: [] for record in own}
    for path, record in made.items():
        files.get(record, []).append(path)
    runs = {record: tuple(paths) for record, paths in files.items()}
    asked_for = set(names)
    unrecorded = tuple(path for path in strangers(root, known.graph.made_by) if within(path, asked_for))
    if not runs and not unrecorded:
        raise CaseSaliencyError(
            f"{', '.join(names)}: nothing to retire: no record tells of it, and no stranger is there"
        )
    outputs = [entry.path for run in own.values() for entry in run.outputs]
    retired = {record for record, line in latest.items() if line.status == RETIRED}
    what = Retirement(
        asked=names,
        runs=runs | {run.record: () for run in failed},
        unrecorded=unrecorded,
        kept={path: made[path] for path in outputs if made[path] not in own},
        begun=frozenset(retired & {*runs, *beside}),
    )
    refuse_what_is_no_result(root, (*outputs, *what.files))
    refuse_used(known.graph, what.files, {*own, *retired}, names)
    return what


def _made(root: Path, known: Graph) -> dict[str, str]:
    """Return file -> the record of the last run that made it; an image is made by the run that lists it."""
    made = {path: run.record for path, run in known.made_by.items()}
    for folder, manifest in images(known.made_by).items():
        depicted = [path for path in walking.below(root / folder) if path.name != _MARK]
        made |= {path.relative_to(root).as_posix(): made[manifest] for path in depicted}
    return made


def _runs(known: Graph, made: Mapping[str, str], names: Sequence[str]) -> dict[str, Run]:
    """Return the records that tell of files at some places, of those made again since as well."""
    asked = set(names)
    last = {record for path, record in made.items() if within(path, asked)}
    return {
        run.record: run
        for run in known.runs
        if run.record in last or any(within(entry.path, asked) for entry in run.outputs)
    }


def _refuse_edited(runs: Iterable[Run], latest: Mapping[str, journal.Line]) -> None:
    for run in runs:
        line = latest.get(run.record)
        if line is not None and line.sha256 != run.record_sha256:
            raise CaseSaliencyError(
                f"{run.record}: it was edited after it was written (journal, line {line.number}), so that what it made "
                "is not known: bring it back (dvc checkout results/provenance.dvc) or make its files again, then retire"
            )


def retire(root: Path, what: Retirement) -> tuple[int, ...]:
    """Write the journal's lines, then delete files, then records, with folders that are empty; return the lines.

    Raises
    ------
    CaseSaliencyError
        If something cannot be written or deleted; the same call completes what is begun.
    """
    for record in what.runs:
        if record not in what.begun:
            journal.append(root / FOLDER, root / record, RETIRED)
    below = [Path(place) for name in what.asked for place, _, _ in os.walk(root / name)]
    _delete(root, what.files, below)
    _delete(root, what.runs)
    told = journal.read(root / FOLDER)
    latest = {} if told is None else told.latest()
    names = [record.removeprefix(f"{FOLDER}/") for record in what.runs]
    return tuple(sorted(latest[name].number for name in names if name in latest))


def _delete(root: Path, paths: Collection[str], folders: Iterable[Path] = ()) -> None:
    """Delete files, and then folders that are empty: theirs, and others."""
    for path in paths:
        try:
            (root / path).unlink(missing_ok=True)
        except NotADirectoryError:  # its folder is gone already, and a file has its name
            continue
        except OSError as error:
            raise CaseSaliencyError(
                f"cannot delete {path}: {error.strerror or error}; free the cause and retire the same files again"
            ) from error
    _prune(root, [*folders, *((root / path).parent for path in paths)])


def _prune(root: Path, folders: Iterable[Path]) -> None:
    """Remove folders in which nothing is left but Snakemake's mark, and then those above them."""
    kept = {root, root / FOLDER, *(root / name for name in MADE)}
    for start in sorted(set(folders), key=lambda folder: len(folder.parts), reverse=True):
        folder = start
        while folder not in kept and folder.is_dir() and {entry.name for entry in folder.iterdir()} <= {_MARK}:
            (folder / _MARK).unlink(missing_ok=True)
            folder.rmdir()
            folder = folder.parent
