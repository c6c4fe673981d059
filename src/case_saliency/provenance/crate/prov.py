"""The records as a W3C PROV document: entities, activities, agents, and how they are related."""

from typing import TYPE_CHECKING

from case_saliency.provenance.audit.graph import Graph

if TYPE_CHECKING:
    from prov.model import ProvDocument

_NAMESPACE = "urn:case-saliency:"


def document(graph: Graph, version: str) -> "ProvDocument":
    """Return the PROV document of some runs; `serialize()` gives PROV-JSON.

    Each version of a file is an entity, named by path and hash; each run is an activity, associated with the software.
    """
    from datetime import datetime

    from prov.model import ProvDocument

    made = ProvDocument()
    made.add_namespace("case", _NAMESPACE)
    software = made.agent(f"case:software/{version}", {"prov:type": "prov:SoftwareAgent", "case:version": version})
    for run in graph.runs_behind(graph.made_by):
        told = {
            "case:stage": run.stage,
            "case:command": " ".join(run.command),
            "case:commit": str(run.commit),
            "case:environment": str(run.environment),
        }
        started, ended = datetime.fromisoformat(run.started), datetime.fromisoformat(run.ended)
        activity = made.activity(f"case:run/{run.record}", started, ended, told)
        made.wasAssociatedWith(activity, software)
        inputs = [(f"case:file/{entry.sha256}/{entry.path}", entry) for entry in run.inputs]
        outputs = [(f"case:file/{entry.sha256}/{entry.path}", entry) for entry in run.outputs]
        for name, entry in (*inputs, *outputs):
            made.entity(name, {"case:path": entry.path, "case:sha256": entry.sha256, "case:bytes": entry.bytes})
        for name, entry in inputs:
            made.used(activity, name, None, None, {"prov:role": entry.role})
        for name, entry in outputs:
            made.wasGeneratedBy(name, activity, None, None, {"prov:role": entry.role})
            for source, _ in inputs:
                made.wasDerivedFrom(name, source, activity)
    return made.unified()
