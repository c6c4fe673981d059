"""The gate before dvc.lock: what a workflow has finished is recorded, and nothing else.

`dvc commit` believes whatever lies on the disk. After a kill it would record half a result, and a corrupted table as a
valid one; so what is wrong is refused first, and an unexplained change is taken back.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from case_saliency.cli.main import leave
from case_saliency.provenance.audit.records import records as all_records
from workflow.versioning import crate, document, environment, history, plan, readable, records, stages, store, writing
from workflow.versioning.stages import Stage

SHOWN = 5
APART = (str(store.RECORDS), *stages.VIEWS)
WRITTEN = (str(store.LOCK), str(environment.FILE), *(f"{path}.dvc" for path in APART))


class GateError(Exception):
    """What keeps a tree from being recorded or restored, and what to do about it."""


def listing(items: Iterable[str]) -> str:
    """Return items one below the other; of many, the first and how many more there are."""
    rows = list(items)
    more = [f"... and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return "\n".join(f"  {row}" for row in [*rows[:SHOWN], *more])


def brief(reason: str) -> str:
    """Return a reason of Snakemake's with the first two files of each list.

    Examples
    --------
    >>> brief("Updated input files: a.py, b.py, c.py, d.py; Code has changed since last execution")
    'Updated input files: a.py, b.py and 2 more; Code has changed since last execution'
    """
    parts = []
    for part in reason.split("; "):
        names = part.split(", ")
        parts.append(f"{', '.join(names[:2])} and {len(names) - 2} more" if len(names) > 2 else part)
    return "; ".join(parts)


def refuse_locked(root: Path) -> None:
    """Refuse while a run holds the folder, or has died holding it."""
    if any((root / ".snakemake/locks").glob("*")):
        raise GateError(
            "Snakemake holds this folder. If it still runs, wait for it; if it was killed:\n"
            "  snakemake --unlock && snakemake --cores all"
        )


def refuse_pending(found: Iterable[Stage], views: Mapping[str, str]) -> None:
    """Refuse stages and views that Snakemake has not finished."""
    rows = [f"{stage.name}: {file} ({brief(reason)})" for stage in found for file, reason in stage.pending.items()]
    rows += [f"views: {file} ({brief(reason)})" for file, reason in views.items()]
    if rows:
        raise GateError(f"{len(rows)} jobs are not done:\n{listing(rows)}\nFinish them first: snakemake --cores all")


def refuse_leftovers(found: Iterable[Stage], root: Path) -> None:
    """Refuse files in a stage's folders that the workflow does not make: those of a network that was taken out."""
    rows, own = list[str](), list(found)
    for stage in own:
        for out in stage.outs:
            files = [path for path in (root / out).rglob("*") if path.is_file() and path.name != ".snakemake_timestamp"]
            names = [path.relative_to(root).as_posix() for path in files]
            rows += [name for name in sorted(names) if stages.inside(name, stage.files) is None]
    if rows:
        made = [path for stage in own for path in (*stage.outs, *stage.files)]
        raise GateError(
            f"{len(rows)} files are not made by the workflow as it is now:\n{listing(rows)}\n"
            "They are left from other parameters, or were put there by hand. Retire them, with the records of their "
            f"runs:\n  case-saliency retire {shlex.join(stages.folded(rows, made))} && make commit"
        )


def refuse_altered(found: Iterable[tuple[str, Sequence[str]]], root: Path) -> None:
    """Refuse files, by stage, that are no longer what their run wrote."""
    known = all_records(root)
    rows = [f"{name}: {file}" for name, files in found for file in records.altered(files, known, root)]
    if rows:
        files = " ".join(row.partition(": ")[2] for row in rows)
        damaged = [f"{record}: {reason}" for record, reason in known.unreadable.items()]
        unread = f"Records that cannot be read, so that nothing is known of their files:\n{listing(damaged)}\n"
        raise GateError(
            f"{len(rows)} files are not what the run that made them wrote (results/provenance has its hashes):\n"
            f"{listing(rows)}\n{unread if damaged else ''}"
            "They, or their records, were changed or damaged since. Make them, and what depends on them, again:\n"
            f"  rm {files if len(rows) <= SHOWN else '<the files>'} && snakemake --cores all"
        )


def refuse_otherwise(jobs: Sequence[plan.Job], files: Collection[str], root: Path) -> None:
    """Refuse files whose runs did otherwise than the workflow does now, though Snakemake takes them for current."""
    rows = records.otherwise(jobs, files, all_records(root), root)
    if rows:
        rules = sorted({job.rule for job in jobs if not rows.keys().isdisjoint(job.outputs)})
        raise GateError(
            f"{len(rows)} files only look current, as `snakemake --touch` makes them; the workflow as it is now would "
            f"make them otherwise:\n{listing(f'{file}: {why}' for file, why in rows.items())}\n"
            f"Make them: snakemake --cores all --forcerun {' '.join(rows if len(rows) <= SHOWN else rules)}"
        )


def unexplained(before: store.Entries, after: store.Entries, names: Iterable[str]) -> list[str]:
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
        refuse_locked(root)
    writing.finish(root, WRITTEN)
    readable.refuse_unreadable(root)
    before = store.locked(root)
    planned = plan.read(root, stages.VIEWS)
    found = stages.stages(planned)
    committed = history.entries(root, before)
    history.refuse_lacking(committed, before, {stage.name for stage in found})
    own = stages.of(planned, found)
    refuse_pending(own, stages.pending_views(planned))
    own = stages.finished(found, own)
    refuse_leftovers(own, root)
    refuse_altered([(stage.name, stage.files) for stage in own] + [("views", stages.VIEWS)], root)
    refuse_otherwise(planned.jobs, {*stages.VIEWS, *(file for stage in own for file in stage.files)}, root)
    rewritten = document.write(found, root)
    return _record(root, own, before, committed, rewritten)


def _record(root: Path, own: Sequence[Stage], before: store.Entries, committed: store.Entries, rewritten: bool) -> str:
    old = {name: (root / name).read_bytes() if (root / name).exists() else None for name in WRITTEN}
    names = [stage.name for stage in own]
    new = store.stored(root, names, APART, before)
    after = store.parsed(new[str(store.LOCK)], root / store.LOCK)
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
    kept = f"{store.RECORDS}.dvc"
    if (now := store.record_count(new.get(kept, old[kept]))) < (count := store.record_count(old[kept])):
        said.append(
            f"results/provenance.dvc lists {now} records, {count} before: the others were retired, or are not here"
        )
    return "; ".join(said)


def _changed(
    root: Path, own: Sequence[Stage], recorded: store.Entries, after: store.Entries, known: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return stage and file of what was recorded with other bytes elsewhere; refuse it if that was here."""
    changed = unexplained(recorded, after, [stage.name for stage in own])
    rows = [
        (name, file) for name in changed for file in store.differing(recorded[name], after[name], store.objects(root))
    ]
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
    except (GateError, plan.PlanError, store.LockFileError) as error:
        print(f"not recorded: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"not recorded: {error}. Nothing is half written: make room, then make commit again", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    leave(main())
