"""What the workflow would make, from Snakemake's own graph of jobs. The only module that reaches into Snakemake."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.exceptions import WorkflowError
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
    StorageSettings,
)

from workflow.versioning.reading import Path as Keys
from workflow.versioning.reading import Readings


class PlanError(ValueError):
    """A workflow that cannot be planned."""


@dataclass(frozen=True)
class Job:
    """One job: its rule and where that stands, its files, why it would run (empty: it is done), and its shell line."""

    rule: str
    rule_file: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: frozenset[Keys]
    pending: str
    command: str


@dataclass(frozen=True)
class Plan:
    """All jobs behind the stages, and of each stage the step, what it is made for and the parameters of its files."""

    params: Mapping[str, Any]
    jobs: tuple[Job, ...]
    stages: Mapping[tuple[str, str], frozenset[Keys]]


def read(root: Path, also: Iterable[str] = (), max_checksum_bytes: int = 4 * 10**9) -> Plan:
    """Plan the workflow in folder `root`, which is the working folder, and run nothing; `also` are files to plan for.

    Raises
    ------
    PlanError
        If params.yaml or the Snakefile is not valid.
    """
    try:
        return _read(root, also, max_checksum_bytes)
    except WorkflowError as error:
        raise PlanError(f"the workflow cannot be planned: {error}") from error


def _read(root: Path, also: Iterable[str], max_checksum_bytes: int) -> Plan:
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        made = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(),
            storage_settings=StorageSettings(),
            snakefile=root / "Snakefile",
        )
        workflow = made._workflow
        known = workflow.globals
        config = Readings(known["config"])
        known["config"] = config
        stages = {}
        for step, name, _ in known["stages"]():
            config.seen.clear()
            known["step_files"](step, name)
            stages[step, name] = frozenset(config.seen)
        targets = {f"{step}-{name}" for step, name in stages} | set(also)
        workflow.dag_settings = DAGSettings(
            targets=targets, force_incomplete=True, max_checksum_file_size=max_checksum_bytes
        )
        workflow._prepare_dag(forceall=False, ignore_incomplete=False, lock_warn_only=True, nolock=True)
        workflow._build_dag()
        changed = known["changed_images"]
        jobs = tuple(_job(workflow.dag, job, config, changed) for job in workflow.dag.jobs if job.output)
        return Plan(dict(config), jobs, stages)


def _job(dag: Any, job: Any, config: Readings, changed_images: Callable[[str], str]) -> Job:
    config.seen.clear()
    job.rule.expand_params(job.wildcards_dict, job.input, job.output, job)
    reason = dag.reason(job) if dag.needrun(job) else ""
    if reason and job.rule.name == "fetch_dataset":
        reason = changed_images(job.wildcards.dataset) or reason
    return Job(
        rule=job.rule.name,
        rule_file=_relative(job.rule.snakefile),
        inputs=tuple(_relative(file) for file in job.input),
        outputs=tuple(str(file) for file in job.output),
        params=frozenset(config.seen),
        pending=str(reason),
        command=job.shellcmd or "",
    )


def _relative(file: Any) -> str:
    path = Path(str(file))
    return os.path.relpath(path) if path.is_absolute() and path.is_relative_to(Path.cwd()) else str(path)
