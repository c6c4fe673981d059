"""The record of a run: what went in, what came out, by which code, where and when.

A record is written while the stage runs, by the one command line that all stages share. Its `id` is the digest of the
deterministic part (stage, code, parameters, input hashes): equal ids mean that nothing that matters differed. Times,
machine and versions stand beside it and do not enter the id.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import environment, hashing, journal, repository, source
from case_saliency.provenance.folders import ENVIRONMENTS, FOLDER


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
    hashed_inputs
        Role, path, hash and size of each input that could be read, as found at the start.
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
        self.hashed_inputs, self._unread = _describe(self.inputs)
        self.id = identity(self.stage, self.code, self.parameters, self.hashed_inputs)
        self._before = {"git": repository.state(), "source": source.state()}  # what runs, not what is edited meanwhile

    def require_inputs(self) -> None:
        """Refuse to go on where an input could not be read; the run that fails of it can still be recorded.

        Raises
        ------
        CaseSaliencyError
            Names the first one.
        """
        if self._unread:
            raise self._unread[0]

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
            "seeds": environment.seeds(self.parameters),
            "inputs": self.hashed_inputs,
            "outputs": [] if error is not None else self._made(),
            "code": dict(self.code),
            **self._before,
            "lock_sha256": storage.sha256(source.LOCK) if Path(source.LOCK).exists() else None,
            **self._installed(),
            "versions": environment.versions(),
            "machine": environment.machine(),
            "started": self.started.isoformat(),
            "ended": ended.isoformat(),
            "seconds": round((ended - self.started).total_seconds(), 3),
        }
        written = failed if error is not None else good
        storage.write_json(body, written)
        if error is None:
            failed.unlink(missing_ok=True)
        if self._is_kept:
            journal.append(FOLDER, written, outcome["status"])
        return good

    def _made(self) -> list[dict[str, Any]]:
        described, unread = _describe(self.outputs)
        if unread:
            raise unread[0]
        return described

    @property
    def _is_kept(self) -> bool:
        """Whether the record lies in `FOLDER`, where the journal and the inventories are."""
        return self.path.is_relative_to(FOLDER)

    def _installed(self) -> dict[str, Any]:
        """Refer to the inventory of installed packages by its hash; a record that lies alone holds it itself."""
        packages = environment.inventory()
        digest = hashlib.sha256(packages.encode()).hexdigest()
        if not self._is_kept:
            return {"environment": digest, "packages": packages.splitlines()}
        kept = FOLDER / ENVIRONMENTS / f"{digest}.txt"
        if not kept.exists():
            storage.write_text(packages, kept)
        return {"environment": digest}


def identity(
    stage: str, code: Mapping[str, str], parameters: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]
) -> str:
    """Return a record's id: 16 hexadecimal digits of the digest of what determines the result."""
    hashes = sorted((entry["role"], entry["path"], entry["sha256"]) for entry in inputs)
    return storage.digest({"stage": stage, "code": code, "parameters": parameters, "inputs": hashes})[:16]


def _describe(files: Mapping[str, Sequence[Path]]) -> tuple[list[dict[str, Any]], list[CaseSaliencyError]]:
    """Return role, path, hash and size of each file, and what was wrong with those that cannot be read."""
    described, unread = [], []
    for role, paths in files.items():
        for path in paths:
            try:
                entry = {"role": role, "path": _relative(path), "sha256": hashing.sha256(path)}
                described.append({**entry, "bytes": path.stat().st_size})
            except OSError as error:
                unread.append(CaseSaliencyError(f"{role}: cannot read {path}: {error.strerror or error}"))
                unread[-1].__cause__ = error
    return described, unread


def _relative(path: Path) -> str:
    full = path.resolve()
    return (full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full).as_posix()
