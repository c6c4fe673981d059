"""The record of a run: what went in, what came out, by which code, where and when.

A record is written while the stage runs, by the one command line that all stages share. Its `id` is the digest of the
deterministic part (stage, code, parameters, input hashes): equal ids mean that nothing that matters differed. Times,
machine and versions stand beside it and do not enter the id.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

FOLDER = Path("results/provenance")


@dataclass
class Record:
    """A run of one stage, from its start to its end.

    Attributes
    ----------
    stage
        Name of the stage, such as ``attribute``.
    command
        The command line, one item for each argument.
    parameters
        Named parameters of the stage.
    code
        File -> SHA-256 of the code that the stage can reach.
    inputs, outputs
        Role (the option's name) -> files.
    location
        Where to write the record; None: in `FOLDER`, under the path of the first output.
    """

    stage: str
    command: Sequence[str]
    parameters: Mapping[str, Any]
    code: Mapping[str, str]
    inputs: Mapping[str, Sequence[Path]]
    outputs: Mapping[str, Sequence[Path]]
    location: Path | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self._hashed_inputs = _describe(self.inputs)
        hashes = sorted((entry["role"], entry["path"], entry["sha256"]) for entry in self._hashed_inputs)
        parts = {"stage": self.stage, "code": self.code, "parameters": self.parameters, "inputs": hashes}
        self.id = storage.digest(parts)[:16]

    @property
    def path(self) -> Path:
        """Where the record lies: ``results/provenance/<stage>/<first output, without results/>.json`` by default."""
        if self.location is not None:
            return self.location
        first = next(path for paths in self.outputs.values() for path in paths)
        inside = first.resolve()
        root = Path.cwd()
        if not inside.is_relative_to(root):
            return first.with_name(f"{first.name}.record.json")
        relative = inside.relative_to(root)
        parts = relative.parts[1:] if relative.parts[0] == "results" else relative.parts
        return FOLDER / self.stage / Path(*parts[:-1]) / f"{parts[-1]}.json"

    def finish(self, error: BaseException | None = None) -> Path:
        """Hash the outputs and write the record; with `error`, write that the run failed, beside the last good one.

        Raises
        ------
        CaseSaliencyError
            If an output that was promised does not exist.
        """
        good, failed = self.path, self.path.with_suffix(".failed.json")
        ended = datetime.now(UTC)
        outcome: dict[str, Any] = {"status": "completed"}
        if error is not None:
            outcome = {"status": "failed", "error": f"{type(error).__name__}: {error}"}
        body = {
            "id": self.id,
            "stage": self.stage,
            **outcome,
            "command": list(self.command),
            "parameters": dict(self.parameters),
            "inputs": self._hashed_inputs,
            "outputs": [] if error is not None else _describe(self.outputs),
            "code": dict(self.code),
            "git": _git(),
            "lock_sha256": storage.sha256("requirements.lock") if Path("requirements.lock").exists() else None,
            "versions": _versions(),
            "machine": _machine(),
            "started": self.started.isoformat(),
            "ended": ended.isoformat(),
            "seconds": round((ended - self.started).total_seconds(), 3),
        }
        storage.write_json(body, failed if error is not None else good)
        if error is None:
            failed.unlink(missing_ok=True)
        return good


def _describe(files: Mapping[str, Sequence[Path]]) -> list[dict[str, Any]]:
    described = []
    for role, paths in files.items():
        for path in paths:
            try:
                entry = {"role": role, "path": _relative(path), "sha256": storage.sha256(path)}
            except OSError as error:
                raise CaseSaliencyError(f"{role}: cannot read {path}: {error.strerror or error}") from error
            described.append({**entry, "bytes": path.stat().st_size})
    return described


def _relative(path: Path) -> str:
    full = path.resolve()
    return (full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full).as_posix()


def _git() -> dict[str, Any]:
    """Commit of the working folder and whether tracked files differ from it; nulls outside a repository."""

    def ask(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)  # noqa: S603, S607
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    changes = ask("status", "--porcelain", "--untracked-files=no")
    return {"commit": ask("rev-parse", "HEAD"), "dirty": None if changes is None else bool(changes)}


def _versions() -> dict[str, str]:
    """Versions of the packages that this run has really imported, by the name they are imported under."""
    found = {"python": platform.python_version()}
    for name in sorted({module.split(".")[0] for module in sys.modules} - set(sys.stdlib_module_names)):
        try:
            found[name] = version(name)
        except (PackageNotFoundError, ValueError):  # PIL is installed as pillow, and says its version itself
            own = getattr(sys.modules.get(name), "__version__", None)
            if isinstance(own, str):
                found[name] = own
    return found


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
