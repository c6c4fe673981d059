"""Run sampled jobs again in a scratch folder, and compare the bytes they write with those that were recorded.

Only runs are taken whose record, code, inputs and outputs are as they were written, and whose command does what the
record tells of and no more.
"""

import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from case_saliency.cli.recorded import objection
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import environment, source
from case_saliency.provenance.audit.judge import Audit
from case_saliency.provenance.audit.measuring import measure
from case_saliency.provenance.audit.reading import Run, leaves
from case_saliency.provenance.audit.verdicts import Check, Verdict

_NOT = {"report", "diagnose"}
"""Stages whose bytes tell of the machine and the time."""


def reexecute(audit: Audit, number: int, seed: int | None, table: str | None = None) -> Audit:
    """Run up to `number` sampled jobs again, that of `table` first; return the audit with a check for each."""
    taken = [run for run in audit.evidence.runs if run.stage not in _NOT and _intact(audit, run)]
    if not taken:
        raise CaseSaliencyError("--reexecute: no run whose record, code, inputs and outputs are as they were written")
    drawn = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 (a sample, no secret)
    own = [run for run in taken if table is not None and run is audit.evidence.graph.made_by.get(table)]
    others = [run for run in taken if run not in own]
    sample = [*own, *drawn.sample(others, max(0, min(number - len(own), len(others))))]
    told = "%d of %d runs can be run again: record, code, inputs and outputs are as they were written"
    logging.getLogger(__name__).info(told, len(taken), len(audit.evidence.runs))
    checks = []
    for run in sample:
        logging.getLogger(__name__).info("running %s again (it took %s)", run.record, _took(run))
        with tempfile.TemporaryDirectory(prefix="case-saliency-") as scratch:
            found = _check(run, Path(scratch))
        logging.getLogger(__name__).info("%s: %s", found.verdict, found.note)
        checks.append(found)
    return replace(audit, checks=(*audit.checks, *checks))


def _intact(audit: Audit, run: Run) -> bool:
    told = {check.what: check.verdict for check in audit.of(run.record)}
    files = [*run.inputs, *run.outputs]
    return (
        all(told.get(what) is Verdict.OK for what in ("record", "inputs", "code"))
        and not any(leaves(entry.path) for entry in files)
        and all(audit.evidence.found[e.path].sha256 == e.sha256 for e in files if e.path in audit.evidence.found)
    )


def _check(run: Run, scratch: Path) -> Check:
    if reason := objection(run):
        return Check(run.record, "run again", Verdict.UNVERIFIABLE, reason)
    _prepare(run, scratch)
    command = [sys.executable, "-P", "-m", "case_saliency.cli.main", *run.command[1:]]
    paths = [str(scratch / source.IN_REPOSITORY.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(  # noqa: S603 (our own command, with arguments that were parsed)
        command,
        cwd=scratch,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        return Check(run.record, "run again", Verdict.UNVERIFIABLE, f"it failed: {said[0]}")
    found = measure(scratch, [entry.path for entry in run.outputs])
    differing = [entry for entry in run.outputs if found[entry.path].sha256 != entry.sha256]
    if not differing:
        return Check(run.record, "run again", Verdict.OK, f"{len(run.outputs)} files with the same bytes")
    first = differing[0]
    actual = found[first.path].sha256
    if other := _elsewhere(run):
        note = f"other bytes of {first.path}, on another machine ({other}): `make verify` compares numbers"
        return Check(run.record, "run again", Verdict.UNVERIFIABLE, note, first.sha256, actual)
    return Check(run.record, "run again", Verdict.MISMATCH, f"other bytes of {first.path}", first.sha256, actual)


def _prepare(run: Run, scratch: Path) -> None:
    """Copy what the run reads: the package, its inputs, the images beside a manifest, and code of the user's own.

    The package is that of the repository, whose source was compared, and without compiled code, which was not; the
    installed one if the repository has none.
    """
    package = Path(source.IN_REPOSITORY)
    compiled = shutil.ignore_patterns("__pycache__", "*.pyc")
    original = package if package.is_dir() else source.PACKAGE
    shutil.copytree(original, scratch / package, symlinks=True, ignore=compiled)
    code = [file for file in run.code if file.split("/")[0] != source.PACKAGE.name and not leaves(file)]
    for path in [*(entry.path for entry in run.inputs), *code, source.LOCK]:
        if Path(path).is_file():
            (scratch / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, scratch / path)
    for entry in run.inputs:
        images = Path(entry.path).with_name("images")
        if Path(entry.path).name == "manifest.csv" and images.is_dir():
            shutil.copytree(images, scratch / images, dirs_exist_ok=True)


def _elsewhere(run: Run) -> str:
    """Tell how this machine differs from the run's, where that changes bits; empty if it does not."""
    here = environment.machine()
    differing = [name for name in ("processor", "gpus") if run.machine.get(name, here[name]) != here[name]]
    return ", ".join(f"{name}: {run.machine.get(name)} then, {here[name]} now" for name in differing)


def _took(run: Run) -> str:
    return f"{run.started[11:19]} to {run.ended[11:19]} UTC then"
