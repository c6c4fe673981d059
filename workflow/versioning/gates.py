"""What is refused before a tree is recorded or restored: what a run holds, did not finish, or left otherwise."""

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from case_saliency.provenance.audit.records import records as all_records
from workflow.versioning import plan, records, stages
from workflow.versioning.stages import Stage

SHOWN = 5


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
