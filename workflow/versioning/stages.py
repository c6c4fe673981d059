"""Stages of DVC from the plan of the workflow: one for each step of a data set or an experiment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any

from workflow.versioning.plan import Job, Plan
from workflow.versioning.reading import shortest

# What each step makes, and nothing else does: folders, and single files of a folder that all experiments share.
OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "data": ("data/{name}",),
    "models": ("models/{name}",),
    "confusion": ("results/confusion/{name}",),
    "predictions": ("results/predictions/{name}",),
    "saliency": ("results/saliency/{name}",),
    "tables": ("results/tables/{name}", "results/metrics/{name}.json"),
    "claims": ("results/claims/{name}.json",),
    "figures": ("results/figures/{name}",),
}
SCORES = "results/scores/{name}/{step}"
# Made from the results of all experiments that run. They differ in bytes from run to run, so they are no part of
# dvc.lock: like the records, each is kept by a .dvc file of its own.
VIEWS = (
    "results/metrics.json",
    "results/claims.json",
    "results/claims.md",
    "results/side-by-side.md",
    "results/paper-consistency.csv",
    "results/report.html",
)
METRICS = ("results/metrics/", "results/claims/")  # in git, so that versions are compared without a remote
# What every stage depends on beside its own code: what builds its commands, and the locked versions of packages.
SHARED = ("requirements.lock", "workflow/rules/common.smk", "workflow/rules/steps.smk")


@dataclass(frozen=True)
class Stage:
    """A stage: its name, the rules it may run, and what it reads and makes.

    Attributes
    ----------
    name
        Step and data set or experiment, such as ``agreement-digits``; a target of Snakemake, too.
    rules, deps, params, outs
        Sorted. `deps` are source files, and outputs of other stages; `params` are dotted keys of params.yaml.
    files
        The single files that the stage makes.
    pending
        File -> why Snakemake would make it again; empty when the stage is done.
    """

    name: str
    rules: tuple[str, ...]
    deps: tuple[str, ...]
    params: tuple[str, ...]
    outs: tuple[str, ...]
    files: tuple[str, ...]
    pending: Mapping[str, str]

    @property
    def command(self) -> str:
        """The command that makes the stage, and nothing that belongs to another one."""
        return f"snakemake --allowed-rules {' '.join(self.rules)} {self.name} -- {self.name}"


def outputs(step: str, name: str) -> tuple[str, ...]:
    """Return what a step makes for a data set or an experiment.

    Examples
    --------
    >>> outputs("saliency", "digits"), outputs("agreement", "digits")
    (('results/saliency/digits',), ('results/scores/digits/agreement',))
    """
    return tuple(path.format(name=name, step=step) for path in OUTPUTS.get(step, (SCORES,)))


def stages(plan: Plan) -> list[Stage]:
    """Return the stages of a plan, upstream before downstream.

    Raises
    ------
    ValueError
        If a rule makes a file that belongs to no step: then `OUTPUTS` lacks it.
    """
    owners = {path: (step, name) for step, name in plan.stages for path in outputs(step, name)}
    jobs: dict[tuple[str, str], list[Job]] = {key: [] for key in plan.stages}
    for job in plan.jobs:
        if not set(job.outputs) <= set(VIEWS):
            jobs[_owner(job, owners)].append(job)
    return [_stage(key, jobs[key], plan, owners) for key in plan.stages]


def of(plan: Plan, found: Sequence[Stage], experiments: Iterable[str] = ()) -> list[Stage]:
    """Return the stages of experiments and their data sets; if none is named, of those under `run` in params.yaml.

    Raises
    ------
    ValueError
        If an experiment has no stages: it neither runs nor is published.
    """
    sections = plan.params["experiments"]
    asked = list(experiments) or list(plan.params["run"])
    known = {name for _, name in plan.stages}
    if unknown := [name for name in asked if name not in known or name not in sections]:
        raise ValueError(f"{', '.join(unknown)}: no stages; choose from {', '.join(sorted(known & set(sections)))}")
    wanted = {*asked, *(sections[name]["dataset"] for name in asked)}
    names = {f"{step}-{name}" for step, name in plan.stages if name in wanted}
    return [stage for stage in found if stage.name in names]


def finished(found: Sequence[Stage], own: Sequence[Stage]) -> list[Stage]:
    """Return, beside stages that must be done, those others that are done, with all that they read."""
    made = {out: stage for stage in found for out in stage.outs}
    lost = {stage.name for stage in found if stage.pending}
    for _ in found:
        lost |= {stage.name for stage in found for dep in stage.deps if dep in made and made[dep].name in lost}
    must = {stage.name for stage in own}
    return [stage for stage in found if stage.name in must or stage.name not in lost]


def last(found: Sequence[Stage]) -> list[str]:
    """Return the stages that no other one reads: with all that they depend on, they are all."""
    read = {dep for stage in found for dep in stage.deps}
    return [stage.name for stage in found if not read & set(stage.outs)]


def pending_views(plan: Plan) -> dict[str, str]:
    """Return view -> why Snakemake would make it again."""
    return {job.outputs[0]: job.pending for job in plan.jobs if job.pending and set(job.outputs) <= set(VIEWS)}


def _owner(job: Job, owners: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    for file in job.outputs:
        if (path := inside(file, owners)) is not None:
            return owners[path]
    raise ValueError(f"rule {job.rule} makes {job.outputs[0]}, which belongs to no step: tell OUTPUTS of {__name__}")


def inside(file: str, paths: Iterable[str]) -> str | None:
    """Return that of the paths that a file lies in, or is."""
    return next((path for path in paths if file == path or file.startswith(f"{path}/")), None)


def folded(rows: Iterable[str], made: Iterable[str]) -> list[str]:
    """Return leftovers by folder, where it holds nothing that the workflow makes.

    Examples
    --------
    >>> folded(["a/out/x/1.csv", "a/out/x/2.csv", "a/out/y/1.csv"], ["a/out", "a/out/y/2.csv"])
    ['a/out/x', 'a/out/y/1.csv']
    """
    kept = {parent for path in made for parent in (PurePosixPath(path), *PurePosixPath(path).parents)}
    found: dict[str, None] = {}
    for row in rows:
        above = takewhile(lambda parent: parent not in kept, PurePosixPath(row).parents)
        found[str([PurePosixPath(row), *above][-1])] = None
    return list(found)


def _stage(key: tuple[str, str], jobs: Sequence[Job], plan: Plan, owners: Mapping[str, tuple[str, str]]) -> Stage:
    own = outputs(*key)
    inputs = {inside(file, owners) or file for job in jobs for file in job.inputs}
    params = set(plan.stages[key]).union(*(job.params for job in jobs))
    return Stage(
        name="-".join(key),
        rules=tuple(sorted({job.rule for job in jobs})),
        deps=tuple(sorted((inputs | {job.rule_file for job in jobs} | set(SHARED)) - set(own))),
        params=tuple(".".join(path) for path in shortest(params)),
        outs=own,
        files=tuple(sorted(file for job in jobs for file in job.outputs)),
        pending={job.outputs[0]: job.pending for job in jobs if job.pending},
    )


def definition(stage: Stage) -> dict[str, Any]:
    """Return a stage as dvc.yaml has it."""
    metrics = [path for path in stage.outs if path.startswith(METRICS)]
    return {
        "cmd": stage.command,
        "deps": list(stage.deps),
        **({"params": list(stage.params)} if stage.params else {}),
        "outs": [path for path in stage.outs if path not in metrics],
        **({"metrics": [{path: {"cache": False}} for path in metrics]} if metrics else {}),
    }
