"""Checks of runs: the record itself, its inputs, its code, commit, rules, parameters, lock and packages."""

from collections.abc import Iterator

from case_saliency.provenance import source
from case_saliency.provenance.audit import packages
from case_saliency.provenance.audit.evidence import Evidence
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.audit.states import in_repository
from case_saliency.provenance.audit.verdicts import Check, Verdict
from case_saliency.provenance.folders import FOLDER
from case_saliency.provenance.record import identity
from case_saliency.provenance.retiring import RETIRED

OK, MISMATCH, MISSING, UNVERIFIABLE = Verdict.OK, Verdict.MISMATCH, Verdict.MISSING, Verdict.UNVERIFIABLE
_BEFORE = "the run was recorded by a version that did not note it"


def judge(evidence: Evidence, run: Run) -> Iterator[Check]:
    """Yield the checks of one run."""
    yield _record(evidence, run)
    yield _inputs(evidence, run)
    yield _code(evidence, run)
    yield from _commit(evidence, run)
    yield _packages(evidence, run)


def _record(evidence: Evidence, run: Run) -> Check:
    """Check that the record is the one that was written: by its id, and by the journal."""
    entries = [vars(entry) for entry in run.inputs]
    expected = identity(run.stage, run.code, run.parameters, entries)
    if run.id != expected:
        note = "its id does not follow from its stage, code, parameters and inputs: it was edited"
        return Check(run.record, "record", MISMATCH, note, expected, run.id)
    if evidence.journal is None:
        return Check(run.record, "record", UNVERIFIABLE, "there is no journal: an edit of the record would not show")
    line = evidence.journal.latest().get(run.record.removeprefix(f"{FOLDER}/"))
    if line is None:
        note = "the journal does not know it: it was not written by a run, or before there was a journal"
        return Check(run.record, "record", UNVERIFIABLE, note, None, run.record_sha256)
    if line.sha256 != run.record_sha256:
        note = f"it was edited after it was written (journal, line {line.number})"
        return Check(run.record, "record", MISMATCH, note, line.sha256, run.record_sha256)
    if line.status == RETIRED:
        files = " ".join(dict.fromkeys(entry.path for entry in run.outputs)) or "its job's files"
        note = f"it was retired (journal, line {line.number}) and is here: `case-saliency retire {files}` completes it"
        return Check(run.record, "record", MISMATCH, note)
    return Check(run.record, "record", OK, f"journal, line {line.number}", line.sha256, run.record_sha256)


def _inputs(evidence: Evidence, run: Run) -> Check:
    """Check that what the run read is what the runs before it wrote."""
    for entry in run.inputs:
        made = evidence.graph.entry(entry.path)
        if made is not None and made.sha256 != entry.sha256:
            note = f"it read another version of {entry.path}"
            return Check(run.record, "inputs", MISMATCH, note, made.sha256, entry.sha256)
        if made is None and evidence.found[entry.path].sha256 != entry.sha256:
            note = f"it read {entry.path}, which no record tells of and which is not as it was"
            return Check(run.record, "inputs", MISMATCH, note, entry.sha256, evidence.found[entry.path].sha256)
    return Check(run.record, "inputs", OK, f"{len(run.inputs)} as they were written")


def _code(evidence: Evidence, run: Run) -> Check:
    """Check that the code is still what ran."""
    changed = [file for file, digest in run.code.items() if evidence.now.get(file) != digest]
    if changed:
        note = f"changed since the run: {_some(changed)}"
        return Check(run.record, "code", MISMATCH, note, run.code[changed[0]], evidence.now.get(changed[0]))
    if not run.code:
        return Check(run.record, "code", UNVERIFIABLE, "the record names no code")
    return Check(run.record, "code", OK, f"{len(run.code)} files as they were")


def _commit(evidence: Evidence, run: Run) -> Iterator[Check]:
    """Check that code, rules, parameters and lock were those of the commit that the record names."""
    if run.commit is None:
        yield Check(run.record, "commit", UNVERIFIABLE, "the run was outside a git repository")
        return
    then = evidence.commits.get(run.commit)
    if then is None:
        yield Check(run.record, "commit", UNVERIFIABLE, f"{run.commit} is no commit of this repository")
        return
    own = [file for file in run.code if in_repository(file) == file and file not in then]
    changed = [file for file, digest in run.code.items() if file not in own and then.get(in_repository(file)) != digest]
    if own and not changed:
        yield Check(run.record, "commit", UNVERIFIABLE, f"not under version control: {_some(own)}")
    else:
        yield _then(evidence, run, "commit", changed, "code")
    rules = {path: digest for path, digest in then.items() if path.split("/")[0] in source.WORKFLOW}
    held = {
        "rules": (run.workflow, source.digest(rules) if rules else None),
        "params": (run.params_sha256, then.get(source.PARAMETERS)),
        "lock": (run.lock_sha256, then.get(source.LOCK)),
    }
    for what, (recorded, committed) in held.items():
        if recorded is None:
            yield Check(run.record, what, UNVERIFIABLE, _BEFORE, committed)
        else:
            yield _then(evidence, run, what, [] if recorded == committed else [what], what, committed, recorded)


def _then(
    evidence: Evidence,
    run: Run,
    what: str,
    differing: list[str],
    told: str,
    expected: str | None = None,
    actual: str | None = None,
) -> Check:
    """Judge what differs from the recorded commit by whether the record owns up to it, and whether it is still here."""
    if not differing:
        note = f"as in {str(run.commit)[:12]}"
        return Check(run.record, what, OK, f"{note}; other files had uncommitted changes" if run.dirty else note)
    if run.dirty is False:
        note = f"not as in {str(run.commit)[:12]}, from which the record says nothing differed: {_some(differing)}"
        return Check(run.record, what, MISMATCH, note, expected, actual)
    tree = evidence.tree
    here = (tree["commit"], tree.get("diff_sha256")) == (run.commit, run.diff_sha256) and run.diff_sha256 is not None
    if here:
        return Check(run.record, what, OK, f"as in {str(run.commit)[:12]} with the uncommitted changes that are here")
    note = f"{told} with uncommitted changes, which are not here: {_some(differing)}"
    return Check(run.record, what, UNVERIFIABLE, note, expected, actual)


def _packages(evidence: Evidence, run: Run) -> Check:
    """Check that the installed packages were those of the lock."""
    if run.environment is None or run.lock_sha256 is None:
        return Check(run.record, "packages", UNVERIFIABLE, _BEFORE)
    inventory, lock = evidence.inventories.get(run.environment), evidence.locks.get(run.lock_sha256)
    if inventory is None:
        note = f"the inventory {run.environment[:12]} is missing or altered"
        return Check(run.record, "packages", MISMATCH, note, run.environment)
    if lock is None:
        return Check(run.record, "packages", UNVERIFIABLE, f"the lock {run.lock_sha256[:12]} is not here")
    found = packages.differences(lock, inventory)
    if found:
        return Check(run.record, "packages", MISMATCH, f"not those of the lock: {_some(found)}")
    beside = packages.others(lock, inventory)
    note = f"those of the lock {run.lock_sha256[:12]}{f', and beside them {_some(beside)}' if beside else ''}"
    return Check(run.record, "packages", OK, note)


def repository(evidence: Evidence) -> Iterator[Check]:
    """Yield the checks of the working tree and of the journal's chain."""
    yield _tree(evidence)
    for path in evidence.unrecorded:
        if not (evidence.root / path).exists():
            yield Check(path, "git", MISSING, "the commit holds it: `git checkout` restores it")
    for what, path, recorded in (
        ("params", source.PARAMETERS, "params_sha256"),
        ("lock", source.LOCK, "lock_sha256"),
        ("rules", "Snakefile, workflow/", "workflow"),
    ):
        edited = [file for file in evidence.changed if file.split("/")[0] in (path, *_folders(what))]
        others = {getattr(run, recorded) for run in evidence.runs} - {evidence.now[recorded], None}
        if edited and others:
            note = f"edited and not committed ({_some(edited)}): runs used another version"
            yield Check(path, what, MISMATCH, note, min(others), evidence.now[recorded])
    if evidence.journal is not None:
        broken = evidence.journal.problems
        note = "; ".join(broken[:3]) if broken else f"{len(evidence.journal.lines)} lines in an unbroken chain"
        yield Check(f"{FOLDER}/journal.jsonl", "chain", MISMATCH if broken else OK, note)


def _folders(what: str) -> tuple[str, ...]:
    return source.WORKFLOW if what == "rules" else ()


def _tree(evidence: Evidence) -> Check:
    commit = evidence.tree.get("commit")
    if commit is None:
        return Check("working tree", "git", UNVERIFIABLE, "this is no git repository")
    note = f"at {commit[:12]}, {'with changes in ' + _some(list(evidence.changed)) if evidence.changed else 'clean'}"
    if evidence.unrecorded:
        note += f"; not as this commit tells: {_some(list(evidence.unrecorded))}"
    return Check("working tree", "git", OK, note)


def records(evidence: Evidence) -> Iterator[Check]:
    """Yield what concerns all records: those that cannot be read, those behind no file, and those that are gone."""
    told = {run.record for run in evidence.runs}
    for run in (*evidence.graph.runs, *evidence.failed):
        if run.record not in told:  # replaced by a later run of another name, failed, or a stranger
            yield _record(evidence, run)
    for record, reason in evidence.unreadable.items():
        yield Check(record, "record", MISMATCH, f"it is no record: {reason}")
    for line in evidence.absent:
        if line.status != RETIRED:
            note = f"it was removed (journal, line {line.number})"
            yield Check(f"{FOLDER}/{line.record}", "record", MISSING, note, line.sha256)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
