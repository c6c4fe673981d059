"""An audit as text: the state of everything, problems, the commands that rebuild a file."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator

from case_saliency.provenance import repository
from case_saliency.provenance.audit.judge import Audit
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.audit.strangers import NOT_RECORDED
from case_saliency.provenance.audit.verdicts import Check, Verdict
from case_saliency.provenance.folders import FOLDER

LIMITS = """\
What no audit can prove: that a run computed what its code says, which only running it again can (--reexecute N); and
that records, journal and commits were not forged together, which only a copy that you trust can (compare the commit,
and results/provenance.dvc in it). Processor, times and seeds are as the run told them."""
PART = """\
Only `case-saliency audit` without a PATH compares whole folders of results with dvc.lock, all records with
results/provenance.dvc, and tells of records that are gone, of strangers wherever they are, and of runs that the crate
tells otherwise."""
PROGRAM = "case-saliency"
AGAIN = "run again"
"""What a check is called that tells whether a run gave the same bytes again."""
COMMAND = "command"
"""What a check is called that tells whether a recorded command may be run."""
_SHOWN = 12


def problem(check: Check) -> Iterator[str]:
    """Yield what is not OK, with both hashes in full."""
    yield f"{check.what:<12} {check.verdict}: {check.note}"
    for name, value in (("expected", check.expected), ("actual", check.actual)):
        if value is not None:
            yield f"{'':<12} {name:<8} {value}"


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers in words, those that follow each other together.

    Examples
    --------
    >>> ranges([3, 5, 6, 7, 9, 10])
    '3, 5 to 7, 9, 10'
    """
    told: list[list[int]] = []
    for number in sorted(numbers):
        if told and told[-1][-1] == number - 1:
            told[-1].append(number)
        else:
            told.append([number])
    long = (f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in told)
    return ", ".join(long)


def hardware(run: Run) -> str:
    """Return the machine of a run in one line."""
    machine = run.machine
    cards = machine.get("gpus_used") or machine.get("gpus")
    gpus = ", ".join(map(str, cards)) if isinstance(cards, list) and cards else "no GPU"
    return f"{machine.get('processor')}, {machine.get('cores')} cores, {gpus}, threads {machine.get('threads')}"


def software(run: Run) -> str:
    """Return operating system and main versions of a run in one line."""
    shown = [f"{name} {run.versions[name]}" for name in ("python", "numpy", "torch") if name in run.versions]
    return ", ".join([str(run.machine.get("system")), *shown, f"environment {str(run.environment)[:12]}"])


def overview(audit: Audit) -> Iterator[str]:
    """Yield counts by stage, then everything that is not OK, alike things together."""
    counts: dict[str, Counter[Verdict]] = {}
    for path in audit.evidence.scope:
        run = audit.evidence.graph.made_by.get(path)
        counts.setdefault("no record" if run is None else run.stage, Counter())[audit.verdict(path)] += 1
    yield f"{'files made by':<26}" + "".join(f"{verdict:>14}" for verdict in Verdict)
    for stage, found in counts.items():
        yield f"{stage:<26}" + "".join(f"{found[verdict] or '':>14}" for verdict in Verdict)
    yield from problems(audit.checks)
    yield from working_tree(audit)


def working_tree(audit: Audit) -> Iterator[str]:
    """Yield how the tree differs from its commit now."""
    evidence = audit.evidence
    if (commit := evidence.tree.get("commit")) is None:
        return  # which is a problem, and told as one
    changed = [*evidence.changed, *evidence.unrecorded]
    shown = f"{', '.join(changed[:3])}{f' and {len(changed) - 3} more' if len(changed) > 3 else ''}"
    count = f"{len(changed)} file{'s' if len(changed) > 1 else ''} changed since"
    yield ""
    yield f"Working tree: {count} {commit[:12]}: {shown}." if changed else f"Working tree: as in {commit[:12]}."


def again(audit: Audit) -> Iterator[str]:
    """Yield which runs were run again, and what came of it."""
    for check in audit.checks:
        if check.what == AGAIN:
            yield f"Run again: {check.verdict} {check.subject}, {check.note}"


def beside(checks: Iterable[Check]) -> Iterator[str]:
    """Yield checks that belong to no file or run of the tree: images, weights, the working tree, the journal."""
    yield ""
    for check in checks:
        if check.verdict is Verdict.OK:
            yield f"{check.verdict} {check.subject}: {check.what}, {check.note}"
        else:
            yield f"{check.verdict} {check.subject}"
            yield from (f"  {line}" for line in problem(check))


def problems(checks: Iterable[Check]) -> Iterator[str]:
    """Yield what is not OK; checks with the same outcome and note are told once, with the first of their subjects."""
    alike: dict[tuple[str, Verdict, str], list[Check]] = {}
    for check in checks:
        if check.verdict is not Verdict.OK:
            alike.setdefault((check.what, check.verdict, check.note), []).append(check)
    for (what, verdict, note), found in alike.items():
        yield ""
        yield f"{verdict} {what}: {note}"
        for check in found[:_SHOWN]:
            yield f"    {check.subject}"
            if len(found) == 1:
                yield from (f"    {line}" for line in list(problem(check))[1:])
        if len(found) > _SHOWN:
            yield f"    and {len(found) - _SHOWN} more"


def closing(audit: Audit, seconds: float) -> Iterator[str]:
    """Yield what was checked, what cannot be, and the verdict."""
    found = audit.evidence.found.values()
    n_bytes = sum(file.bytes for file in found)
    counts = Counter(check.verdict for check in audit.checks)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    failed = len(audit.evidence.failed)
    yield ""
    yield (
        f"Checked: {sum(not file.problem for file in found)} files rehashed ({n_bytes:,} bytes), "
        f"{len(audit.evidence.runs)} records; {len(audit.checks)} checks in {seconds:.1f} s: {told}."
    )
    yield from again(audit)
    if not audit.evidence.everything:
        yield from PART.splitlines()
    else:
        here = {path: why for path, why in NOT_RECORDED.items() if (audit.evidence.root / path).exists()}
        absent = "; ".join(f"{path} ({why})" for path, why in here.items()) or "nothing else"
        yield f"Without a record: {absent}." + (f" {failed} failed runs are on record." if failed else "")
        if lines := [line.number for line in audit.evidence.retired]:
            yield f"{len(lines)} records were retired with their files ({FOLDER}/journal.jsonl, lines {ranges(lines)})."
        if audit.evidence.dvc and (elsewhere := sorted(audit.evidence.dvc.elsewhere)):
            yield (
                f"Not here, and not judged: {len(elsewhere)} folders of published experiments that dvc.lock tells of, "
                f"such as {elsewhere[0]} (`make restore EXPERIMENTS=...` brings them)."
            )
    yield from LIMITS.splitlines()


def commands(audit: Audit, targets: Iterable[str]) -> Iterator[str]:
    """Yield a shell script that rebuilds files from nothing: every command in order, at the commit it ran at.

    A record is data, and what it tells may be forged: no other program than this one and git is ever named, and a run
    whose command was judged not to be run ends the script.
    """
    yield "set -eu"
    commit = lock = None
    for run in audit.evidence.graph.runs_behind(targets):
        refused = [check.note for check in audit.of(run.record) if check.what == COMMAND and check.note]
        if run.command[:1] != (PROGRAM,):
            refused.append(f"not a command of {PROGRAM}")
        if refused:
            yield f"echo {shlex.quote(f'{run.record}: {refused[-1]}')} >&2; exit 1"
            return
        if any(check.what == "record" and check.verdict is not Verdict.OK for check in audit.of(run.record)):
            yield f"# not trustworthy: {run.record} is {audit.verdict(run.record)}"
        if run.commit != commit:
            commit = run.commit
            known = commit is not None and repository.COMMIT.fullmatch(commit)
            yield f"git checkout --quiet --detach {commit}" if known else "# the next run was at no commit of git"
        if run.lock_sha256 != lock:
            lock = run.lock_sha256
            yield f"# packages of requirements.lock {str(lock)[:16]} ({software(run)}): make install"
        if run.dirty and audit.verdict(run.record) is not Verdict.OK:
            yield f"# not exact: the next run had uncommitted changes (diff {str(run.diff_sha256)[:16]})"
        yield shlex.join(run.command)


def plain(line: str) -> str:
    r"""Return a line without control characters, which a hostile path may hold.

    Examples
    --------
    >>> plain("results/a\x1b[2Jb")
    'results/a\\x1b[2Jb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
