"""Checks of files: their bytes against the record, the id in a figure, dvc.lock, the crate, and strangers."""

import shlex
from collections.abc import Iterator

from case_saliency.provenance.audit.evidence import Evidence
from case_saliency.provenance.audit.others import CRATE, LOCKS, RECORDS, Locked, folder_md5
from case_saliency.provenance.audit.reading import leaves
from case_saliency.provenance.audit.strangers import MADE, images
from case_saliency.provenance.audit.verdicts import Check, Verdict
from case_saliency.provenance.folders import FOLDER

OK, MISMATCH, MISSING, UNVERIFIABLE = Verdict.OK, Verdict.MISMATCH, Verdict.MISSING, Verdict.UNVERIFIABLE


_BY_HAND = "if no run explains it, somebody changed it by hand; else"
_OTHER = f"dvc.lock tells of other bytes: {_BY_HAND} `make commit` records these; `dvc checkout` restores those"
_STALE = f"the crate tells of other bytes: {_BY_HAND} `case-saliency crate` makes the crate again"


def judge(evidence: Evidence, path: str) -> Iterator[Check]:
    """Yield the checks of one file."""
    content = _content(evidence, path)
    yield content
    found, edited = evidence.found[path], content.verdict is MISMATCH
    if found.problem:
        return
    if path in evidence.carried:
        yield _carried(evidence, path)
    if evidence.dvc is not None and path in evidence.dvc.files:
        said = evidence.dvc.files[path]
        agrees = said == found.md5
        note = _fitted(edited) if agrees else _remedy(evidence, path) if edited else _OTHER
        yield Check(path, "dvc.lock", OK if agrees else MISMATCH, note, said, found.md5)
    if evidence.crate is not None and path in evidence.crate:
        yield _exported(evidence, path, _remedy(evidence, path) if edited else _STALE)


def _fitted(edited: bool) -> str:
    return "it holds the edited bytes, see `bytes`: dvc.lock was made to fit" if edited else ""


def _remedy(evidence: Evidence, path: str) -> str:
    """Tell how an edited file comes back: from DVC's cache as long as dvc.lock tells of what the run wrote."""
    again, dvc = "it tells of what the run wrote, see `bytes`: delete the file and run again", evidence.dvc
    name = None if dvc is None else dvc.output(path)
    if dvc is None or name is None:
        return again
    checkout = f"`dvc checkout --force {shlex.quote(name)}`"
    if LOCKS[0] in evidence.unrecorded:
        return f"{again}; or `git checkout dvc.lock`, which is not as the commit has it, then {checkout}"
    if name in dvc.files:
        fits = dvc.files[name] == evidence.found[path].md5
    elif name in dvc.members:
        fits = folder_md5(name, dvc.members[name], evidence.found) == dvc.folders[name]
    else:  # the folder was not compared
        return f"{again}, or {checkout}, if dvc.lock tells of what the run wrote (an audit without a PATH compares it)"
    if fits:
        return f"{again}; `dvc checkout` does not bring it back, since dvc.lock holds the edited bytes"
    return f"{again}, or {checkout}, as long as dvc.lock tells of what the run wrote"


def _content(evidence: Evidence, path: str) -> Check:
    """Compare the bytes of a file with the record of the run that made it."""
    found, entry = evidence.found[path], evidence.graph.entry(path)
    expected = None if entry is None else entry.sha256
    if found.problem == "missing":
        return Check(path, "bytes", MISSING, "the file does not exist", expected)
    if found.problem:
        return Check(path, "bytes", UNVERIFIABLE, found.problem, expected)
    if entry is None:
        manifest = next(
            (name for folder, name in images(evidence.graph.made_by).items() if path.startswith(folder)), ""
        )
        further = f"; {manifest} tells of images: audit that" if manifest else ""
        return Check(path, "bytes", UNVERIFIABLE, f"no record tells where it comes from{further}", None, found.sha256)
    if found.sha256 == entry.sha256 and found.bytes == entry.bytes:
        return Check(path, "bytes", OK, f"{found.bytes:,} bytes", expected, found.sha256)
    if found.sha256 == entry.sha256:
        note = f"the record tells of {entry.bytes:,} bytes, there are {found.bytes:,}: it was edited"
        return Check(path, "bytes", MISMATCH, note, expected, found.sha256)
    same = next((made.path for run in evidence.graph.runs for made in run.outputs if made.sha256 == found.sha256), None)
    note = f"these are the bytes of {same}" if same else "it is not what the run wrote"
    return Check(path, "bytes", MISMATCH, note, expected, found.sha256)


def _carried(evidence: Evidence, path: str) -> Check:
    """Compare the id inside a figure with that of its record."""
    carried, run = evidence.carried[path], evidence.graph.made_by.get(path)
    if run is None:
        known = next((made.record for made in evidence.graph.runs if made.id == carried), None)
        told = f"it carries the id of {known}" if known else "it carries no id of a record that is here"
        return Check(path, "embedded id", UNVERIFIABLE, told, None, carried)
    if carried == run.id:
        return Check(path, "embedded id", OK, "", run.id, carried)
    note = "the figure carries no id" if carried is None else "the figure carries the id of another record"
    return Check(path, "embedded id", MISMATCH, note, run.id, carried)


def beside(evidence: Evidence) -> Iterator[Check]:
    """Yield strangers, folders in dvc.lock where everything is asked for, and what the crate tells of records."""
    for path in evidence.unknown:
        said = evidence.dvc.files.get(path) if evidence.dvc and evidence.dvc.is_elsewhere(path) else None
        if said is None:
            yield Check(path, "known", UNVERIFIABLE, _unheld(path) or "no record tells of it")
        else:  # published with the repository, without the run that made it
            found = evidence.found[path].md5
            note = "" if said == found else "it is not as dvc.lock tells: `git checkout` restores it"
            yield Check(path, "dvc.lock", OK if said == found else MISMATCH, note, said, found)
    if evidence.dvc is not None:
        yield from _folders(evidence, evidence.dvc)
    if evidence.crate is not None:
        if evidence.crate.get(CRATE) == "":
            yield Check(CRATE, "readable", MISMATCH, "it is no RO-Crate")
            return
        used = {run.record for run in evidence.runs}
        for path in evidence.crate:
            if path not in evidence.scope and (evidence.everything or path in used):
                yield _exported(evidence, path, _STALE)


def _unheld(path: str) -> str:
    """Tell what is to be done with an aid of git's or DVC's that is a stranger; empty if it is none."""
    return "git does not hold it: commit it, or delete it" if path.endswith((".dvc", "/.gitignore")) else ""


def whole(evidence: Evidence) -> Iterator[Check]:
    """Yield what concerns all files: those that only dvc.lock names, and those that it or the crate does not tell of.

    A file directly in `results/` merges several experiments, and dvc.lock tells of none.
    """
    if evidence.dvc is not None:
        yield from _named(evidence, evidence.dvc)
    if evidence.dvc is not None and evidence.dvc.has_stages:
        untold = [path for path in evidence.graph.made_by if _is_versioned(path) and evidence.dvc.output(path) is None]
        note = f"{len(untold)} files of records are in no output of it, such as {min(untold)}: " if untold else ""
        note += f"{_BY_HAND} `make commit` records them" if untold else ""
        yield Check(LOCKS[0], "complete", MISMATCH if untold else OK, note)
    if evidence.crate is not None and evidence.crate.get(CRATE) != "":
        absent = sorted(path for path in set(evidence.graph.made_by) - set(evidence.crate) if not leaves(path))
        note = f"{len(absent)} files of records are not in the crate, such as {absent[0]}" if absent else ""
        yield Check(CRATE, "complete", MISMATCH if absent else OK, note)


def _is_versioned(path: str) -> bool:
    """Tell whether dvc.lock has to tell of a file that a run made."""
    return not leaves(path) and path.split("/")[0] in MADE and path.count("/") > 1


def _folders(evidence: Evidence, dvc: Locked) -> Iterator[Check]:
    """Yield what DVC tells of folders."""
    if dvc.problem:
        yield Check("dvc.lock", "readable", MISMATCH, dvc.problem)
    for folder in sorted(dvc.members.keys() - dvc.elsewhere):
        said, found = dvc.folders[folder], folder_md5(folder, dvc.members[folder], evidence.found)
        name = RECORDS if folder == FOLDER.as_posix() else LOCKS[0]
        note = (
            "" if said == found else f"the folder is not as {name} tells: {_BY_HAND} `make commit` records it as it is"
        )
        yield Check(folder, "dvc.lock", OK if said == found else MISMATCH, note, said, found)


def _named(evidence: Evidence, dvc: Locked) -> Iterator[Check]:
    """Yield files of which DVC tells, and no record does."""
    judged = {*evidence.scope, *evidence.unknown}
    for path, said in dvc.files.items():
        if path not in judged and not dvc.is_elsewhere(path):
            here = evidence.found[path]
            note = "dvc.lock tells of it, no record does"
            verdict = MISSING if here.problem == "missing" else UNVERIFIABLE
            yield Check(path, "dvc.lock", verdict, note, said, here.md5)


def _exported(evidence: Evidence, path: str, stale: str) -> Check:
    """Compare a file with what the crate tells of it: git keeps the versions of those it tracks."""
    told, found = (evidence.crate or {})[path], evidence.found[path]
    now, size = found.sha256, evidence.sizes.get(path)
    if told == now and size == str(found.bytes):
        return Check(path, "crate", OK, "as it tells", told, now)
    if told == now:
        note = f"the crate tells of {size} bytes, there are {found.bytes}: it was edited"
        return Check(path, "crate", MISMATCH, note, told, now)
    if commit := evidence.earlier.get(path):
        note = f"the crate tells of it as in {commit[:12]}: `case-saliency crate` makes it again"
        return Check(path, "crate", OK, note, told, now)
    return Check(path, "crate", MISMATCH, stale, told, now)
