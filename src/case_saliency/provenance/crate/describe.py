"""The crate: Provenance Run Crate 0.5 on RO-Crate 1.1, as one JSON-LD document."""

from collections.abc import Iterator
from typing import Any

from case_saliency.provenance.crate import actions, entities
from case_saliency.provenance.crate.content import LICENCE, WORKFLOW, Content, Entity, action, many, refer, step, tool

FILE = "ro-crate-metadata.json"
_CRATE = "https://w3id.org/ro/crate/1.1"
_TERMS = "https://w3id.org/ro/terms/workflow-run#"
_OWN_TERMS = ("ParameterConnection", "connection", "sourceParameter", "targetParameter", "resourceUsage", "sha256")
_WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    _WORKFLOW_CRATE: "Workflow RO-Crate",
}
_LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"


def describe(content: Content, version: str, snakemake: str) -> dict[str, Any]:
    """Return the crate's JSON-LD document.

    Parameters
    ----------
    content
        What is described.
    version, snakemake
        Versions of this package and of Snakemake.
    """
    files = list(entities.files(content))
    graph = [
        _descriptor(),
        _root(content, files),
        *_standards(snakemake),
        _workflow(content, version),
        *files,
        *entities.commands(content, version),
        *entities.values(content),
        *actions.actions(content),
        *_people(content),
    ]
    unique = {entity["@id"]: entity for entity in graph}
    kept = [{key: value for key, value in entity.items() if value != []} for entity in unique.values()]
    return {"@context": [f"{_CRATE}/context", {term: _TERMS + term for term in _OWN_TERMS}], "@graph": kept}


def _descriptor() -> Entity:
    return {
        "@id": FILE,
        "@type": "CreativeWork",
        "about": refer("./"),
        "conformsTo": refer(_CRATE, _WORKFLOW_CRATE),
    }


def _root(content: Content, files: list[Entity]) -> Entity:
    runs = (*content.runs(), *content.failed)
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": "CASE study: results and how they were made",
        "description": "Data, networks, saliency maps, scores, tables and figures of a run of the CASE study, with a "
        "record of every job.",
        "datePublished": max(run.ended for run in runs)[:10],
        "license": refer(LICENCE),
        "conformsTo": many(_PROFILES),
        "mainEntity": refer(content.name(WORKFLOW)),
        "author": [] if content.agent is None else refer(content.agent[1] or actions.AGENT),
        "hasPart": many([content.name(WORKFLOW), *(entity["@id"] for entity in files)]),
        "mentions": many([actions.WHOLE, actions.ENGINE_RUN, *map(action, runs)]),
    }


def _workflow(content: Content, version: str) -> Entity:
    digest, size = content.others[WORKFLOW]
    return {
        "@id": content.name(WORKFLOW),
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": "CASE study",
        "conformsTo": refer(_BIOSCHEMAS),
        "programmingLanguage": refer(_LANGUAGE),
        "license": refer(LICENCE),
        "version": version,
        "sha256": digest,
        "contentSize": str(size),
        "encodingFormat": "text/x-snakemake",
        "creator": many(_author(number) for number, _ in enumerate(content.authors)),
        "hasPart": many(map(tool, content.stages())),
        "step": many(map(step, content.stages())),
    }


def _standards(snakemake: str) -> Iterator[Entity]:
    for name, title in _PROFILES.items():
        yield {"@id": name, "@type": "CreativeWork", "name": title, "version": name.rsplit("/", 1)[1]}
    yield {"@id": _BIOSCHEMAS, "@type": "CreativeWork", "name": "Bioschemas ComputationalWorkflow", "version": "1.0"}
    yield {
        "@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE",
        "@type": "CreativeWork",
        "name": "Bioschemas FormalParameter",
        "version": "1.0",
    }
    snake = {"name": "Snakemake", "url": refer("https://snakemake.readthedocs.io")}
    yield {"@id": _LANGUAGE, "@type": "ComputerLanguage", "identifier": refer("https://snakemake.github.io"), **snake}
    yield {"@id": actions.ENGINE, "@type": "SoftwareApplication", "softwareVersion": snakemake, **snake}
    yield {"@id": LICENCE, "@type": "CreativeWork", "name": "MIT License", "identifier": "MIT"}


def _people(content: Content) -> Iterator[Entity]:
    for number, name in enumerate(content.authors):
        yield {"@id": _author(number), "@type": "Organization", "name": name}
    if content.agent is not None:
        name, url = content.agent
        yield {"@id": url or actions.AGENT, "@type": "Person", "name": name}


def _author(number: int) -> str:
    return f"#author/{number}"
