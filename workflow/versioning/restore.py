"""The gate after a clone: results come back from DVC, and Snakemake is told of those alone that prove to be current.

A result is current when the code, the parameters and the inputs recorded with it in dvc.lock are those of this tree,
and when its bytes have the recorded hashes. What is not is left out, with all that depends on it: Snakemake runs it.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from case_saliency.provenance.audit.records import records as all_records
from workflow.versioning import (
    crate,
    document,
    history,
    lockfile,
    objects,
    plan,
    readable,
    records,
    stages,
    store,
    writing,
)
from workflow.versioning.commit import WRITTEN
from workflow.versioning.gates import GateError, listing, refuse_locked
from workflow.versioning.stages import VIEWS, Stage

REMOTE = """
Or, if the remote should have them: where they are whole, first delete these objects in the remote, since a push takes
all files of a folder for sent while its list is there; then dvc push the stages, and make restore here:
{objects}"""


def outdated(stage: Stage, entry: Mapping[str, Any] | None, params: Mapping[str, Any], root: Path) -> str:
    """Return why a stage's entry in dvc.lock does not hold for this tree; nothing where it does."""
    if entry is None:
        return "not in dvc.lock"
    if entry["cmd"] != stage.command:
        return "its command has changed"
    if {out["path"] for out in entry.get("outs", [])} != set(stage.outs):
        return "its outputs have other names"
    recorded = {dep["path"]: dep["md5"] for dep in entry.get("deps", [])}
    if set(recorded) != set(stage.deps):
        return f"it reads other files: {', '.join(sorted(set(recorded) ^ set(stage.deps)))}"
    own = [path for path in stage.deps if not path.startswith(("data/", "models/", "results/"))]
    if changed := [path for path in own if objects.md5(root / path) != recorded[path]]:
        return f"changed since: {', '.join(changed)}"
    values = entry.get("params", {}).get("params.yaml", {})
    if changed := [key for key in {*values, *stage.params} if key not in values or values[key] != _value(params, key)]:
        return f"changed since: params.yaml, {', '.join(sorted(changed))}"
    return ""


def _value(params: Mapping[str, Any], key: str) -> Any:
    found: Any = params
    for part in key.split("."):
        found = found[part] if isinstance(found, Mapping) and part in found else None
    return found


def downstream(reasons: dict[str, str], own: Sequence[Stage], entries: lockfile.Entries) -> dict[str, str]:
    """Add to the stages that cannot be restored, with the reason, those that read what they make."""
    makers = {out: stage.name for stage in own for out in stage.outs}
    made = {out["path"]: out["md5"] for entry in entries.values() for out in entry.get("outs", [])}
    found = dict(reasons)
    for _ in own:  # at most so many steps down
        for stage in own:
            if stage.name in found:
                continue
            read = [dep for dep in entries[stage.name]["deps"] if dep["path"] in makers]
            if lost := [makers[dep["path"]] for dep in read if makers[dep["path"]] in found]:
                found[stage.name] = f"reads {', '.join(lost)}"
            elif other := [dep["path"] for dep in read if made[dep["path"]] != dep["md5"]]:
                found[stage.name] = f"was made from another {', '.join(other)} than dvc.lock has"
    return found


def restore(root: Path, experiments: Sequence[str] = ()) -> str:
    """Restore what dvc.lock has of experiments, or of those that run; return what was done, in a sentence.

    Raises
    ------
    GateError, LockFileError
        If not everything could be restored: then the rest is restored all the same, and the message tells what
        Snakemake would run; or if nothing can be done.
    """
    refuse_locked(root)
    writing.finish(root, WRITTEN)
    readable.refuse_unreadable(root)
    entries = lockfile.locked(root)
    committed = history.entries(root, entries)
    if not entries and not committed:
        raise GateError("there is no dvc.lock here, so nothing to restore: snakemake --cores all makes the results")
    planned = plan.read(root)
    found = stages.stages(planned)
    history.refuse_lacking(committed, entries, {stage.name for stage in found})
    try:
        own = stages.of(planned, found, experiments)
    except ValueError as error:
        raise GateError(str(error)) from error
    if (root / document.FILE).read_text(encoding="utf-8") != document.text(found):
        raise GateError(
            "dvc.yaml is not what the Snakefile says (other experiments or rules): make dvc.yaml, then again"
        )
    reasons = {stage.name: outdated(stage, entries.get(stage.name), planned.params, root) for stage in own}
    lost = downstream({name: reason for name, reason in reasons.items() if reason}, own, entries)
    apart = () if experiments else VIEWS
    amiss = _bring(root, stages.last(own), [str(lockfile.RECORDS), *apart])
    damaged = {
        stage.name: files
        for stage in own
        if stage.name not in lost and (files := objects.damaged(root, entries[stage.name]))
    }
    for name, files in damaged.items():
        lost[name] = f"missing or damaged: {', '.join(files[:3])}{', ...' if len(files) > 3 else ''}"
    asked = not amiss or amiss.startswith(store.INCOMPLETE)
    named = {name: objects.mending(root, entries[name]) for name in damaged if asked}
    mending = [f"{name}: {' '.join(found)}" for name, found in named.items() if found]
    unrecorded = objects.damaged_apart(root, str(lockfile.RECORDS))
    lost |= unproven(planned, [stage for stage in own if stage.name not in lost], root, unrecorded)
    lost = downstream(lost, own, entries)
    for stage in own:
        if stage.name in lost.keys() & entries.keys():
            objects.forget(root, entries[stage.name], stage.outs)
    told = dict(lost)
    if unrecorded:  # a file without a record is not known to be of any run
        told[str(lockfile.RECORDS)] = (
            "records are missing or damaged, without which no file counts as that of a run; where they are: "
            f"dvc push {lockfile.RECORDS.with_suffix('.dvc')}"
        )
    kept = [] if told.keys() - lost.keys() else [stage.name for stage in own if stage.name not in lost]
    views = [path for path in apart if not lost and not objects.damaged_apart(root, path)]
    for path in set(apart) - set(views):
        (root / path).unlink(missing_ok=True)
    if kept:
        _snakemake("--touch", "--forceall", "--cores", "1", "--", *kept, *views)
    if told:
        raise GateError(
            f"{len(kept)} of {len(own)} stages are restored. {amiss[:1].upper() + amiss[1:] + '. ' if amiss else ''}"
            "Snakemake will run the others:\n"
            + "\n".join(f"  {name}: {reason}" for name, reason in told.items())
            + "\nTo make them: snakemake --cores all"
            + (REMOTE.format(objects=listing(mending)) if mending else "")
        )
    if len(views) < len(apart):
        _snakemake("--cores", "all", "--", *VIEWS)
    again = plan.read(root)
    if pending := [row for stage in stages.of(again, stages.stages(again), experiments) for row in stage.pending]:
        raise GateError(f"restored, but Snakemake would still make:\n{listing(pending)}")
    confined = f" {' '.join(stages.last(own))}" if experiments else ""
    return "; ".join(
        [f"{len(kept)} stages are restored and verified", f"snakemake{confined} has nothing to do", *crate.write(root)]
    )


def unproven(planned: plan.Plan, own: Sequence[Stage], root: Path, unrecorded: bool) -> dict[str, str]:
    """Return stage -> why its files do not count: dvc.lock has them, but the records tell of another run or bytes."""
    known = all_records(root)
    files = {file for stage in own for file in stage.files}
    why = records.otherwise(planned.jobs, files, known, root)
    if not unrecorded:
        told = [file for file in sorted(files) if file in known.graph.made_by]
        why = dict.fromkeys(records.altered(told, known, root), "its bytes are not those that its run wrote") | why
    made = {stage.name: next((file for file in stage.files if file in why), "") for stage in own}
    return {name: f"{file}: {why[file]}" for name, file in made.items() if file}


def _bring(root: Path, final: Sequence[str], apart: Sequence[str]) -> str:
    amiss = store.fetch(root, final, apart)
    try:
        store.checkout(root, final, apart)
    except store.OverwriteError as error:
        raise GateError(str(error)) from error
    return amiss


def _snakemake(*arguments: str) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "snakemake", "--quiet", "all", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise GateError(f"snakemake {' '.join(arguments[:4])} failed:\n{done.stdout}{done.stderr}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `make restore`."""
    parser = argparse.ArgumentParser(prog="python -m workflow.versioning.restore", description=__doc__)
    parser.add_argument("experiments", nargs="*", help="experiments to restore; those that run, if none is named")
    try:
        print(restore(Path(), parser.parse_args(arguments).experiments))
    except (GateError, plan.PlanError, lockfile.LockFileError) as error:
        print(f"not restored in full: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
