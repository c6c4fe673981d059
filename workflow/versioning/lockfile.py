"""What dvc.lock and .dvc files say, read as plain data."""

import re
from pathlib import Path
from typing import Any

import yaml

from case_saliency.provenance.audit.reading import leaves

LOCK = Path("dvc.lock")
RECORDS = Path("results/provenance")
MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")

Entries = dict[str, dict[str, Any]]


class LockFileError(ValueError):
    """A file of DVC that cannot be read."""


def locked(root: Path) -> Entries:
    """Return the stages of dvc.lock, name -> entry.

    Raises
    ------
    LockFileError
        If the file is no YAML, or an entry lacks something: a hash that was cut off, a command.
    """
    file = root / LOCK
    return parsed(file.read_bytes(), file) if file.exists() else {}


def parsed(text: bytes, file: Path) -> Entries:
    """Return the stages that the text of dvc.lock lists; errors as `locked`."""
    try:
        return _stages(load(text))
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise unusable(file, LOCK) from error


def unusable(file: Path, name: Path) -> LockFileError:
    """Return the error of a file that is no longer what was written."""
    return LockFileError(
        f"{file} is damaged: take the version of the last commit (git checkout HEAD -- {name}), run snakemake, "
        "then make commit"
    )


def _stages(content: Any) -> Entries:
    stages: dict[Any, Any] = content["stages"]
    for name, entry in stages.items():
        if not (isinstance(name, str) and isinstance(entry["cmd"], str)):
            raise TypeError("a stage without its command")
        for one in [*entry.get("deps", []), *entry.get("outs", [])]:
            if leaves(one["path"]) or not MD5.fullmatch(one["md5"]):
                raise ValueError("no file of this folder with its hash")
        if not all(isinstance(values, dict) for values in entry.get("params", {}).values()):
            raise TypeError("parameters are no mapping")
    return stages


def load(text: bytes) -> Any:
    """Read YAML as plain data, in C where that is built in: dvc.lock has thousands of lines."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def blocks(text: str) -> dict[str, str]:
    """Return stage -> its lines in dvc.lock."""
    parts = re.split(r"^  (?=[^ ])", text.partition("stages:\n")[2], flags=re.MULTILINE)[1:]
    return {part.partition(":")[0]: f"  {part}" for part in parts}


def pointer(root: Path, path: str) -> dict[str, Any] | None:
    """Return what a .dvc file tells of the path that it keeps, as dvc.lock does of an output; None without such a file.

    Raises
    ------
    LockFileError
        If the file cannot be read.
    """
    name = Path(f"{path}.dvc")
    file = root / name
    if not file.exists():
        return None
    try:
        return _pointed(file.read_bytes(), path)
    except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise unusable(file, name) from error


def _pointed(text: bytes, path: str) -> dict[str, Any]:
    out = load(text)["outs"][0]
    if not MD5.fullmatch(out["md5"]):
        raise ValueError("no hash")
    return {**out, "nfiles": int(out.get("nfiles", 0)), "path": path}


def record_count(text: bytes | None) -> int:
    """Return how many records the text of results/provenance.dvc lists."""
    return 0 if text is None else int(_pointed(text, str(RECORDS))["nfiles"])
