"""An audit as data, for other programs: what `--json` prints."""

from typing import Any

from case_saliency.provenance.audit.judge import Audit
from case_saliency.provenance.audit.text import LIMITS, commands
from case_saliency.provenance.audit.verdicts import exit_code, worst
from case_saliency.provenance.folders import FOLDER


def as_dict(audit: Audit, seconds: float) -> dict[str, Any]:
    """Return targets, files, runs and checks with their verdicts, and the commands that rebuild the targets."""
    evidence, verdicts = audit.evidence, [check.verdict for check in audit.checks]
    return {
        "verdict": worst(verdicts).value,
        "exit_code": exit_code(verdicts),
        "targets": list(evidence.targets),
        "checked": {
            "files": sum(not found.problem for found in evidence.found.values()),
            "bytes": sum(found.bytes for found in evidence.found.values()),
            "records": len(evidence.runs),
            "seconds": round(seconds, 3),
        },
        "files": [_file(audit, path) for path in evidence.scope],
        "runs": [
            {**{key: value for key, value in vars(run).items() if key not in _ELSEWHERE}, **_entries(run)}
            | {"verdict": audit.verdict(run.record).value}
            for run in evidence.runs
        ],
        "checks": [{**vars(check), "verdict": check.verdict.value} for check in audit.checks],
        "retired": [
            {"record": f"{FOLDER}/{line.record}", "line": line.number, "sha256": line.sha256}
            for line in evidence.retired
        ],
        "failed_runs": [run.record for run in evidence.failed],
        "commands": list(commands(audit, evidence.targets)),
        "limits": LIMITS.replace("\n", " "),
    }


_ELSEWHERE = {"inputs", "outputs"}


def _entries(run: Any) -> dict[str, Any]:
    return {key: [vars(entry) for entry in getattr(run, key)] for key in _ELSEWHERE}


def _file(audit: Audit, path: str) -> dict[str, Any]:
    graph, found, entry = audit.evidence.graph, audit.evidence.found[path], audit.evidence.graph.entry(path)
    run = graph.made_by.get(path)
    return {
        "path": path,
        "verdict": audit.verdict(path).value,
        "expected": None if entry is None else entry.sha256,
        "actual": found.sha256,
        "bytes": found.bytes,
        "made_by": None if run is None else run.record,
        "from": graph.sources(path),
    }
