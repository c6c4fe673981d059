"""The tree behind a file as text: each file once, in a line if it is as recorded, or all that is known of it."""

import json
import shlex
from collections.abc import Iterator

from case_saliency.provenance.audit.judge import Audit
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.audit.text import hardware, problem, software
from case_saliency.provenance.audit.verdicts import Verdict


def brief(audit: Audit, target: str, told: set[str]) -> Iterator[str]:
    """Yield all of a file, and a line for each file that it was made from, where it is first met; problems in full."""
    n_files = len(told)
    for path, depth, again in _walk(audit, target, told):
        if depth == 0:
            yield f"{audit.verdict(path)} {path}" + (" (told above)" if again else "")
            yield from (f"  {line}" for line in _all(audit, path, told) if not again)
        elif not again:
            yield from (f"{'  ' * depth}{line}" for line in _line(audit, path, told))
    if len(told) > n_files:
        yield ""
        yield "Each file is told once, where it is first met: what made it, its record. --full tells all that is known."


def full(audit: Audit, target: str, told: set[str]) -> Iterator[str]:
    """Yield all that is known of a file and of what it was made from; what was `told` before is only named."""
    for path, depth, again in _walk(audit, target, told):
        indent = "    " * depth
        yield f"{indent}{audit.verdict(path)} {path}" + (" (told above)" if again else "")
        yield from (f"{indent}  {line}" for line in _all(audit, path, told) if not again)


def _walk(audit: Audit, target: str, told: set[str]) -> Iterator[tuple[str, int, bool]]:
    """Yield each file behind another, its depth, and whether it was met before."""
    waiting = [(target, 0)]
    while waiting:
        path, depth = waiting.pop()
        again = path in told
        told.add(path)
        yield path, depth, again
        if not again:
            waiting += [(source, depth + 1) for source in reversed(audit.evidence.graph.sources(path))]


def _line(audit: Audit, path: str, told: set[str]) -> Iterator[str]:
    run = audit.evidence.graph.made_by.get(path)
    made = "" if run is None else f"  {run.stage}, record {run.id}"
    yield f"{audit.verdict(path)} {path}{made}"
    for check in audit.of(path):
        if check.verdict is not Verdict.OK:
            yield from (f"  {line}" for line in problem(check))
    if run is not None and run.record not in told:
        told.add(run.record)
        if audit.verdict(run.record) is not Verdict.OK:
            yield f"  {audit.verdict(run.record)} {run.record}"
            yield from (f"    {line}" for line in _problems(audit, run))


def _all(audit: Audit, path: str, told: set[str]) -> Iterator[str]:
    for check in audit.of(path):
        if check.verdict is Verdict.OK:
            yield f"{check.what:<12} {check.verdict} {(check.actual or '')[:16]} {check.note}".rstrip()
        else:
            yield from problem(check)
    run = audit.evidence.graph.made_by.get(path)
    if run is None:
        return
    yield f"made by      {audit.verdict(run.record)} {run.stage}, record {run.id}, {run.ended[:19]}"
    if run.record not in told:
        told.add(run.record)
        yield from (f"  {line}" for line in _run(audit, run))


def _run(audit: Audit, run: Run) -> Iterator[str]:
    commit = "no commit" if run.commit is None else run.commit[:12]
    yield f"command    {shlex.join(run.command)} @ {commit}"
    yield f"parameters {_short(json.dumps(run.parameters, sort_keys=True))}"
    fine = [check for check in audit.of(run.record) if check.verdict is Verdict.OK]
    if fine:
        yield f"checked    OK {'; '.join(f'{check.what}: {check.note}' for check in fine)}"
    yield from _problems(audit, run)
    yield f"hardware   {hardware(run)}"
    yield f"software   {software(run)}"
    yield f"seeds      {json.dumps(run.seeds)}"


def _problems(audit: Audit, run: Run) -> Iterator[str]:
    for check in audit.of(run.record):
        if check.verdict is not Verdict.OK:
            yield from problem(check)


def _short(text: str, length: int = 300) -> str:
    return text if len(text) <= length else f"{text[:length]} ... ({len(text)} characters)"
