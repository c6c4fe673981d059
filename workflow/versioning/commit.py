"""The gate before dvc.lock: what a workflow has finished is recorded, and nothing else.

`dvc commit` believes whatever lies on the disk. After a kill it would record half a result, and a corrupted table as a
valid one; so what is wrong is refused first, and an unexplained change is taken back.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from case_saliency.cli.main import leave
from workflow.versioning import (
    crate,
    document,
    environment,
    gates,
    history,
    lockfile,
    objects,
    plan,
    readable,
    stages,
    store,
    writing,
)
from workflow.versioning.gates import SHOWN, GateError, listing
from workflow.versioning.lockfile import LOCK, RECORDS, Entries, LockFileError
from workflow.versioning.stages import Stage

APART = (str(RECORDS), *stages.VIEWS)
WRITTEN = (str(LOCK), str(environment.FILE), *(f"{path}.dvc" for path in APART))


def unexplained(before: Entries, after: Entries, names: Iterable[str]) -> list[str]:
    """Return the stages whose outputs changed though command, parameters and everything they read did not."""
    cause = ("cmd", "deps", "params")
    return [
        name
        for name in names
        if name in before
        and all(before[name].get(part) == after[name].get(part) for part in cause)
        and before[name].get("outs") != after[name].get("outs")
    ]


def forced(found: Iterable[Stage], differing: Iterable[str]) -> list[str]:
    """Return what Snakemake is told to make again, where files differ: outputs that rules name, or, of many, the rules.

    A file may lie in a folder that a rule names as a whole; and of a folder all that is made in it is meant.
    """
    names: dict[str, Stage] = {}
    for path in differing:
        for stage in found:
            named = stages.inside(path, stage.files)
            names |= {file: stage for file in stage.files if file == named or stages.inside(file, [path])}
    if len(names) <= SHOWN:
        return list(names)
    return sorted({rule for stage in names.values() for rule in stage.rules})


def commit(root: Path, within_run: bool) -> str:
    """Record what the workflow has finished; return what was recorded, in a sentence.

    Raises
    ------
    GateError, LockFileError
        If something is unfinished, left over, damaged, or changed without a cause, a file of DVC cannot be read, or DVC
        is at work; dvc.lock is then as it was.
    """
    if not (root / ".dvc").is_dir() or not (root / ".git").exists():
        raise GateError(f"{root.resolve()} is no repository of git and DVC: clone the project with git")
    if not within_run:
        gates.refuse_locked(root)
    writing.finish(root, WRITTEN)
    readable.refuse_unreadable(root)
    before = lockfile.locked(root)
    planned = plan.read(root, stages.VIEWS)
    found = stages.stages(planned)
    committed = history.entries(root, before)
    history.refuse_lacking(committed, before, {stage.name for stage in found})
    own = stages.of(planned, found)
    gates.refuse_pending(own, stages.pending_views(planned))
    own = stages.finished(found, own)
    gates.refuse_leftovers(own, root)
    gates.refuse_altered([(stage.name, stage.files) for stage in own] + [("views", stages.VIEWS)], root)
    gates.refuse_otherwise(planned.jobs, {*stages.VIEWS, *(file for stage in own for file in stage.files)}, root)
    rewritten = document.write(found, root)
    return _record(root, own, before, committed, rewritten)


def _record(root: Path, own: Sequence[Stage], before: Entries, committed: Entries, rewritten: bool) -> str:
    old = {name: (root / name).read_bytes() if (root / name).exists() else None for name in WRITTEN}
    names = [stage.name for stage in own]
    new = store.stored(root, names, APART, before)
    after = lockfile.parsed(new[str(LOCK)], root / LOCK)
    said = []
    told = [(before, environment.known(root)), (committed, history.environments(root))]
    if changed := [one for recorded, known in told for one in _changed(root, own, recorded, after, known["stages"])]:
        count = len({name for name, _ in changed})
        said.append(
            f"{count} stages differ in bytes from those recorded on another machine, which is to be expected "
            "in the last digits: make verify compares the numbers"
        )
    new[str(environment.FILE)] = environment.remembering(names, root)
    try:
        writing.together(root, old, new)
    except writing.ChangedError as error:
        raise GateError(str(error)) from error
    said += crate.write(root)
    updated = [name for name in names if before.get(name) != after[name]]
    said.insert(0, f"dvc.lock: {len(names)} stages recorded, {len(updated)} of them new or changed")
    if rewritten:
        said.append("dvc.yaml was written anew")
    kept = f"{RECORDS}.dvc"
    if (now := lockfile.record_count(new.get(kept, old[kept]))) < (count := lockfile.record_count(old[kept])):
        said.append(
            f"results/provenance.dvc lists {now} records, {count} before: the others were retired, or are not here"
        )
    return "; ".join(said)


def _changed(
    root: Path, own: Sequence[Stage], recorded: Entries, after: Entries, known: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return stage and file of what was recorded with other bytes elsewhere; refuse it if that was here."""
    changed = unexplained(recorded, after, [stage.name for stage in own])
    kept = store.cache_folder(root)
    rows = [(name, file) for name in changed for file in objects.differing(recorded[name], after[name], kept)]
    if any(known.get(name) in (None, environment.key(environment.here(root))) for name in changed):
        raise GateError(
            "the same code, parameters and inputs gave other bytes here than before; dvc.lock and .dvc files are "
            f"as before:\n{listing(f'{name}: {file}' for name, file in rows)}\n"
            "Run them again to see which is right: snakemake --cores all --forcerun "
            f"{' '.join(forced(own, [file for _, file in rows]))}"
        )
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `make commit`."""
    parser = argparse.ArgumentParser(prog="python -m workflow.versioning.commit", description=__doc__)
    parser.add_argument(
        "--within-run", nargs="+", metavar="EXPERIMENT", help="called by a run of these that has just finished"
    )
    running = parser.parse_args(arguments).within_run
    if running and ("DVC_STAGE" in os.environ or not Path(".dvc").is_dir()):
        return 0  # DVC records what it runs itself, and a copy may be without versions
    if running and running != yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["run"]:
        print("not recorded: these are other experiments than params.yaml lists under `run`")
        return 0
    try:
        print(commit(Path(), within_run=bool(running)))
    except (GateError, plan.PlanError, LockFileError) as error:
        print(f"not recorded: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"not recorded: {error}. Nothing is half written: make room, then make commit again", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    leave(main())
