"""Retire: delete files that the workflow no longer makes with their records, so that the journal tells of it.

PATH is a file or a folder of data, models or results that is left from other parameters: another number
of shards, a network or a family of methods that was taken out, an experiment that is not run any more.
All files of the runs that made something there go together. Run it in the folder of the Snakefile.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.folders import FOLDER

if TYPE_CHECKING:
    from case_saliency.provenance.retiring import Retirement

_EPILOG = """\
examples:
  case-saliency retire --dry-run results/saliency/digits/vgg_small/seed0/pixel
  case-saliency retire results/saliency/digits/*/*/*/*-of-5.nc results/scores/digits/fidelity/*/*/*-of-5.parquet
  case-saliency retire data/cifar100 models/cifar100 results/*/cifar100 results/*/cifar100.json

Each record that goes has a last line in the journal, and `case-saliency audit` tells how many went. It refuses
while a run that stays has read such a file: run the workflow first, so that its results are made without it.
What the workflow still makes is made again by its next run. `make commit` records the rest in dvc.lock.
Exit codes: 0 done, 1 refused, with the reason and the remedy, 2 wrong usage."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = _EPILOG
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder that is left over")
    parser.add_argument("--dry-run", action="store_true", help="tell what would go, and change nothing")


def run(arguments: argparse.Namespace) -> None:
    """Retire, or tell what would be retired."""
    from case_saliency.provenance.audit.text import plain
    from case_saliency.provenance.retiring import plan, retire

    if not FOLDER.is_dir():
        raise CaseSaliencyError(f"{FOLDER}: no records found; run this in the folder of the Snakefile, after a run")
    try:
        what = plan(Path(), arguments.paths)
        size = sum(Path(path).stat().st_size for path in what.files if Path(path).exists())
        _print(_planned(what, size))
        if arguments.dry_run:
            _print(["Nothing was changed: --dry-run."])
        else:
            _print(_done(what, retire(Path(), what)))
    except CaseSaliencyError as error:  # which may name a path from a hostile record
        raise CaseSaliencyError("\n".join(map(plain, str(error).split("\n")))) from error


def _planned(what: "Retirement", size: int) -> Iterator[str]:
    """Yield each record with the files of its run, then the files without one."""
    made = sum(map(len, what.runs.values()))
    others = len(what.unrecorded)
    yield f"{len(what.runs)} records, {made} files of their runs, {others} files without a record: {size:,} bytes"
    for record, files in what.runs.items():
        begun = " (the journal calls it retired already: completed now)" if record in what.begun else ""
        yield f"  {record}{begun}"
        more = set(what.beside(files))
        yield from (f"    {file}{' (not named, but of the same run)' if file in more else ''}" for file in files)
    yield from (f"  nothing to retire at {name}" for name in what.idle)
    if what.unrecorded:
        yield "  no record tells of"
        yield from (f"    {file}" for file in what.unrecorded)
    if what.kept:
        yield "  stay, for a later run made them again"
        yield from (f"    {file}, {record}" for file, record in what.kept.items())


def _done(what: "Retirement", lines: tuple[int, ...]) -> Iterator[str]:
    from case_saliency.provenance.audit.text import ranges

    if what.runs:
        yield f"{len(what.runs)} records are retired with their files, and the journal says so (lines {ranges(lines)})."
    if what.unrecorded:
        yield f"{len(what.unrecorded)} files without a record are deleted."
    yield "`make commit` records that in dvc.lock, results/provenance.dvc and the crate."


def _print(lines: Iterable[str]) -> None:
    from case_saliency.provenance.audit.text import plain

    for line in lines:
        sys.stdout.write(f"{plain(line)}\n")
