"""What decides the last bits of a result: where it was computed. Equal inputs make equal bytes in one environment."""

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workflow.versioning import lockfile

FILE = Path("results/environments.json")


def here(root: Path = Path()) -> dict[str, str]:
    """Return the environment of this process: processor and its instructions, system libraries, locked packages."""
    return {
        "machine": platform.machine(),
        **_processor(),
        "system": f"{platform.system()} {'-'.join(platform.libc_ver())}",
        "python": platform.python_version(),
        "requirements": hashlib.sha256((root / "requirements.lock").read_bytes()).hexdigest()[:16],
    }


def _processor(path: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {"processor": platform.processor(), "instructions": ""}
    found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    flags = " ".join(sorted(found.get("flags", found.get("Features", "")).split()))
    return {
        "processor": found.get("model name", platform.machine()),
        "instructions": hashlib.sha256(flags.encode()).hexdigest()[:16],
    }


def key(environment: Mapping[str, str]) -> str:
    """Return a short name of an environment: the same for equal ones."""
    return hashlib.sha256(json.dumps(environment, sort_keys=True).encode()).hexdigest()[:12]


def known(root: Path = Path()) -> dict[str, Any]:
    """Return which stage was recorded in which environment: `environments` by key, and `stages` by name.

    Raises
    ------
    LockFileError
        If the file cannot be read.
    """
    file = root / FILE
    return parsed(file.read_bytes(), file) if file.exists() else {"environments": {}, "stages": {}}


def parsed(text: bytes, file: Path) -> dict[str, Any]:
    """Return what the text of the file tells.

    Raises
    ------
    LockFileError
        If a stage is not told with an environment that is described.
    """
    try:
        content: dict[str, Any] = json.loads(text)
        environments = {name: dict(one) for name, one in content["environments"].items()}
        stages = {name: key for name, key in content["stages"].items() if environments[key] is not None}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise lockfile.unusable(file, FILE) from error
    return {"environments": environments, "stages": stages}


def remembering(stages: list[str], root: Path = Path()) -> bytes:
    """Return the file that tells stages were recorded here, without environments that no stage refers to any more."""
    content, environment = known(root), here(root)
    content["stages"] |= dict.fromkeys(stages, key(environment))
    content["environments"][key(environment)] = environment
    used = set(content["stages"].values())
    content["environments"] = {name: content["environments"][name] for name in sorted(used)}
    content["stages"] = dict(sorted(content["stages"].items()))
    return (json.dumps(content, indent=1) + "\n").encode()
