"""Runs of a crate: of each command, of the steps, of the whole workflow and of its engine."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from case_saliency import storage
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.crate.content import WORKFLOW, Content, Entity, action, many, refer, step, tool
from case_saliency.provenance.crate.entities import value_id

ENGINE, ENGINE_RUN, WHOLE, AGENT = "https://snakemake.github.io", "#engine-run", "#workflow-run", "#agent"
_DONE, _FAILED = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"


def actions(content: Content) -> Iterator[Entity]:
    """Yield all runs: of commands, of steps, of the workflow and of the engine."""
    runs = content.runs()
    for run in (*runs, *content.failed):
        yield from command(content, run)
    for stage in content.stages():
        yield {
            "@id": f"#control/{stage}",
            "@type": "ControlAction",
            "name": f"orchestrate {stage}",
            "instrument": refer(step(stage)),
            "object": many(action(run) for run in runs if run.stage == stage),
        }
    span = {"startTime": _time(min(run.started for run in runs)), "endTime": _time(max(run.ended for run in runs))}
    sources = [path for path in content.graph.made_by if content.graph.made_by[path].stage == "fetch_dataset"]
    read = {entry.path for run in runs for entry in run.inputs}
    results = [path for path in content.graph.made_by if path not in read]
    yield {
        "@id": WHOLE,
        "@type": "CreateAction",
        "name": "run of the study",
        "description": "All jobs that made what is here; some may be of earlier runs, whose results were still valid.",
        "instrument": refer(content.name(WORKFLOW)),
        "object": many([content.name("params.yaml"), *map(content.name, sources)]),
        "result": many(map(content.name, results)),
        "actionStatus": _DONE,
        **span,
        **_agent(content),
    }
    yield {
        "@id": ENGINE_RUN,
        "@type": "OrganizeAction",
        "name": "run of Snakemake",
        "instrument": refer(ENGINE),
        "object": many(f"#control/{stage}" for stage in content.stages()),
        "result": refer(WHOLE),
        **span,
        **_agent(content),
    }


def command(content: Content, run: Run) -> Iterator[Entity]:
    """Yield the run of a command, and what it says of machine and environment."""
    done = run.status == "completed"
    facts, seconds = list(_facts(run)), _seconds(run)
    given = [value_id(run.stage, name, value) for name, value in run.parameters.items()]
    yield {
        "@id": action(run),
        "@type": "CreateAction",
        "name": f"run of {run.stage}, record {run.id}",
        "description": " ".join(run.command),
        "instrument": refer(tool(run.stage)),
        "object": many([*(content.name(entry.path) for entry in run.inputs), *given]),
        "result": many(content.name(entry.path) for entry in run.outputs),
        "subjectOf": many([content.name(run.record), *_inventory(content, run)]),
        "startTime": _time(run.started),
        "endTime": _time(run.ended),
        "actionStatus": _DONE if done else _FAILED,
        "additionalProperty": many(entity["@id"] for entity in facts),
        "resourceUsage": refer(seconds["@id"]),
        **_agent(content),
    }
    yield from (*facts, seconds)


def _inventory(content: Content, run: Run) -> list[str]:
    path = f"results/provenance/environments/{run.environment}.txt"
    return [content.name(path)] if path in content.others else []


def _facts(run: Run) -> Iterator[Entity]:
    """Yield what the record tells of machine, versions and commit; runs share what they have in common."""
    used = run.machine.get("gpus_used")
    told: dict[str, Any] = {
        **{name: run.machine.get(name) for name in ("system", "processor", "cores", "threads")},
        "gpus": ", ".join(map(str, used if isinstance(used, list) else [])) or "none used",
        "python": run.versions.get("python"),
        "git commit": run.commit,
        "uncommitted changes": run.diff_sha256 if run.dirty else "none",
    }
    for name, value in told.items():
        if value is not None:
            found = f"#fact/{quote(name)}/{storage.digest(value)[:12]}"
            yield {"@id": found, "@type": "PropertyValue", "name": name, "value": str(value)}


def _seconds(run: Run) -> Entity:
    seconds = (datetime.fromisoformat(run.ended) - datetime.fromisoformat(run.started)).total_seconds()
    return {
        "@id": f"{action(run)}/seconds",
        "@type": "PropertyValue",
        "propertyID": "https://schema.org/duration",
        "name": "wall-clock time",
        "unitCode": "https://qudt.org/vocab/unit/SEC",
        "value": f"{seconds:.3f}",
    }


def _time(text: str) -> str:
    """Return a time of a record to the second."""
    return datetime.fromisoformat(text).replace(microsecond=0).isoformat()


def _agent(content: Content) -> Entity:
    return {} if content.agent is None else {"agent": refer(content.agent[1] or AGENT)}
