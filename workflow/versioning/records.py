"""Whether files are what the run that made them wrote, and whether that run is what the workflow would do now."""

import hashlib
import re
import shlex
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.audit.records import Records
from case_saliency.provenance.audit.states import in_repository
from workflow.versioning.plan import Job

_RANGE = re.compile(r"([^{}]*/)\{(\d+)\.\.(\d+)\}(-of-\d+\.\w+)")


def altered(files: Iterable[str], known: Records, root: Path) -> list[str]:
    """Return those of the files that differ from their record, or have none; folders have no record of their own."""
    return [file for file in files if not (root / file).is_dir() and not _as_written(file, known, root)]


def _as_written(file: str, known: Records, root: Path) -> bool:
    """Tell whether a file has the hash that the latest completed run that made it noted."""
    expected, path = known.graph.entry(file), root / file
    return expected is not None and path.is_file() and _sha256(path) == expected.sha256


def otherwise(jobs: Iterable[Job], files: Container[str], known: Records, root: Path) -> dict[str, str]:
    """Return file -> what its run did otherwise than the workflow does now: by command, by code, from other inputs.

    Snakemake knows files by their times, which `--touch` sets. The record of the run knows what was run.
    """
    hashed = cache(_sha256)
    found = {}
    for job in jobs:
        for file in job.outputs:
            run = known.graph.made_by.get(file)
            if file in files and run is not None and (why := next(_other(run, job, known, root, hashed), "")):
                found[file] = why
    return found


def _other(run: Run, job: Job, known: Records, root: Path, hashed: Callable[[Path], str]) -> Iterator[str]:
    if _told(words(job.command)) != _told(run.command):
        yield f"its run was another command ({run.record})"
    for name, digest in run.code.items():
        path = root / in_repository(name)
        if not path.is_file() or hashed(path) != digest:
            yield f"its run had another {in_repository(name)}"
    for read in run.inputs:
        made = known.graph.entry(read.path)
        if made is not None and made.sha256 != read.sha256:
            yield f"its run read another {read.path}"


def words(command: str) -> list[str]:
    r"""Return the words of a job's command as its program gets them: bash expands the ranges of `shards.braced`.

    Examples
    --------
    >>> words("score --maps a/{0..2}-of-3.nc --settings '{\"k\": 5}'")
    ['score', '--maps', 'a/0-of-3.nc', 'a/1-of-3.nc', 'a/2-of-3.nc', '--settings', '{"k": 5}']
    """
    found = []
    for word in shlex.split(command):
        if matched := _RANGE.fullmatch(word):
            before, first, last, after = matched.groups()
            found += [f"{before}{number}{after}" for number in range(int(first), int(last) + 1)]
        else:
            found.append(word)
    return found


def _told(command: Sequence[str]) -> tuple[str, ...]:
    """Return a command without the log and the number of threads, which depends on the cores that there are."""
    words = list(command)
    while len(words) > 1 and words[1] in {"--log", "--threads"}:
        del words[1:3]
    return tuple(words)


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
