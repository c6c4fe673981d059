"""Files, commands, steps, parameters and values of a crate."""

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from case_saliency import storage
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.crate.content import WORKFLOW, Content, Entity, many, parameter, refer, step, tool

_FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".lock": "text/plain",
    ".md": "text/markdown",
    ".nc": "application/x-netcdf",
    ".npy": "application/x-npy",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".safetensors": "application/octet-stream",
    ".smk": "text/x-snakemake",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
}


def files(content: Content) -> Iterator[Entity]:
    """Yield every file with its SHA-256 and size, and the folders of images."""
    examples = _examples(content)
    for path in content.graph.behind(content.graph.made_by):
        entry = content.graph.entry(path)
        told = entry or next(e for run in content.runs() for e in run.inputs if e.path == path)
        yield _file(content, path, told.sha256, told.bytes) | {"exampleOfWork": many(examples[path])}
    for path, (digest, size) in content.others.items():
        if path != WORKFLOW:
            about = {"about": refer("./")} if path == "README.md" else {}
            yield _file(content, path, digest, size) | about
    for path, count in content.folders.items():
        yield {
            "@id": f"{content.name(path)}/",
            "@type": "Dataset",
            "name": path,
            "description": f"{count} files, each with its SHA-256 in the manifest beside this folder",
        }


def _file(content: Content, path: str, digest: str, size: int) -> Entity:
    found: Entity = {
        "@id": content.name(path),
        "@type": "File",
        "name": path,
        "sha256": digest,
        "contentSize": str(size),
        "encodingFormat": _FORMATS.get(PurePosixPath(path).suffix, "application/octet-stream"),
    }
    if path in content.licences:
        found["license"] = content.licences[path]
    return found


def _examples(content: Content) -> dict[str, list[str]]:
    """Return file -> the parameters that it was a value of."""
    found: dict[str, list[str]] = {}
    for run in content.runs():
        for entry in (*run.inputs, *run.outputs):
            found.setdefault(entry.path, []).append(parameter(run.stage, entry.role))
    return found


def commands(content: Content, version: str) -> Iterator[Entity]:
    """Yield the command and the step of each stage, and the parameters of the command."""
    for position, stage in enumerate(content.stages(), start=1):
        runs = [run for run in content.runs() if run.stage == stage]
        inputs = dict.fromkeys(parameter(stage, entry.role) for run in runs for entry in run.inputs)
        given = dict.fromkeys(parameter(stage, name) for run in runs for name in run.parameters)
        outputs = dict.fromkeys(parameter(stage, entry.role) for run in runs for entry in run.outputs)
        yield {
            "@id": tool(stage),
            "@type": "SoftwareApplication",
            "name": f"case-saliency {stage.replace('_', '-')}",
            "softwareVersion": version,
            "softwareRequirements": refer(content.name("requirements.lock")),
            "input": many([*inputs, *given]),
            "output": many(outputs),
        }
        yield {
            "@id": step(stage),
            "@type": "HowToStep",
            "name": stage,
            "position": str(position),
            "workExample": refer(tool(stage)),
            "connection": many(name for name, _ in _connections(content, stage)),
        }
        yield from (entity for _, entity in _connections(content, stage))
        yield from _parameters(content, stage, runs)


def _connections(content: Content, stage: str) -> Iterator[tuple[str, Entity]]:
    """Yield how inputs of a stage are outputs of others."""
    pairs = {
        (parameter(maker.stage, made.role), parameter(stage, entry.role)): None
        for run in content.runs()
        if run.stage == stage
        for entry in run.inputs
        if (maker := content.graph.made_by.get(entry.path)) is not None
        and (made := content.graph.entry(entry.path)) is not None
    }
    for source, target in pairs:
        name = f"#connection/{source.removeprefix('#parameter/')}/to/{target.removeprefix('#parameter/')}"
        yield (
            name,
            {
                "@id": name,
                "@type": "ParameterConnection",
                "sourceParameter": refer(source),
                "targetParameter": refer(target),
            },
        )


def _parameters(content: Content, stage: str, runs: list[Run]) -> Iterator[Entity]:
    values: dict[str, list[str]] = {}
    of_files: set[str] = set()
    for run in runs:
        for entry in (*run.inputs, *run.outputs):
            values.setdefault(entry.role, []).append(content.name(entry.path))
            of_files.add(entry.role)
        for name, value in run.parameters.items():
            values.setdefault(name, []).append(value_id(stage, name, value))
    for role, examples in values.items():
        yield {
            "@id": parameter(stage, role),
            "@type": "FormalParameter",
            "conformsTo": refer("https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"),
            "name": role,
            "additionalType": "File" if role in of_files else "PropertyValue",
            "workExample": many(examples),
        }


def value_id(stage: str, name: str, value: Any) -> str:
    """Return the id of a value of a named parameter: equal values share one entity."""
    return f"#value/{stage}/{name}/{storage.digest(value)[:12]}"


def values(content: Content) -> Iterator[Entity]:
    """Yield the values of named parameters, as JSON where they are no plain text."""
    told: set[str] = set()
    for run in (*content.runs(), *content.failed):
        for name, value in run.parameters.items():
            if (found := value_id(run.stage, name, value)) in told:
                continue
            told.add(found)
            yield {
                "@id": found,
                "@type": "PropertyValue",
                "name": name,
                "value": value if isinstance(value, str) else json.dumps(value, sort_keys=True),
                "exampleOfWork": refer(parameter(run.stage, name)),
            }
