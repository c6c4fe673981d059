"""What a run computes with: the installed packages, the processor, the graphics cards, the threads, the seeds."""

import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_INSTALLED = re.compile(r"(?P<name>[A-Za-z0-9._]+?)-(?P<version>[^-]+)(-py[\d.]+)?\.(dist-info|egg-info)")


def inventory() -> str:
    """Return every installed package as ``name==version``, a line each, after one that tells the interpreter.

    The names are those of the folders that installers make (``<name>-<version>.dist-info``), read without opening any:
    a few milliseconds. A package that is found twice on the path is the first one, as it is for an import.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        for name, version in _packages(Path(folder or ".")):
            found.setdefault(name, version)
    lines = [f"{name}=={found[name]}" for name in sorted(found)]
    return "\n".join([f"# {platform.python_implementation()} {platform.python_version()}", *lines]) + "\n"


def _packages(folder: Path) -> Iterator[tuple[str, str]]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 (scanned for each run: strings are enough)
    except OSError:
        return
    for name in names:
        if name.endswith("-info") and (match := _INSTALLED.fullmatch(name)):
            yield re.sub(r"[-_.]+", "-", match["name"]).lower(), match["version"]


def versions() -> dict[str, str]:
    """Return the versions of the packages that this run has really imported, by the name they are imported under."""
    found = {"python": platform.python_version()}
    for name in sorted({module.split(".")[0] for module in sys.modules} - set(sys.stdlib_module_names)):
        try:
            found[name] = importlib.metadata.version(name)
        except (
            importlib.metadata.PackageNotFoundError,
            ValueError,
        ):  # PIL is installed as pillow, and says its version itself
            own = getattr(sys.modules.get(name), "__version__", None)
            if isinstance(own, str):
                found[name] = own
    return found


def machine() -> dict[str, Any]:
    """Return system, processor, memory, graphics cards (`gpus`: there, `gpus_used`: by this run) and threads."""
    torch: Any = sys.modules.get("torch")
    used = torch is not None and torch.cuda.is_initialized()
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": _memory(),
        "gpus": _gpus(),
        "gpus_used": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if used else [],
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "torch_threads": None if torch is None else torch.get_num_threads(),
    }


def seeds(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the parameters that are seeds, by their dotted names.

    Examples
    --------
    >>> seeds({"seed": 0, "settings": {"n_images": 20, "seed": 7}})
    {'seed': 0, 'settings.seed': 7}
    """
    found: dict[str, Any] = {}
    for key, value in parameters.items():
        if isinstance(value, Mapping):
            found |= seeds(value, f"{prefix}{key}.")
        elif key in {"seed", "seeds"}:
            found[f"{prefix}{key}"] = value
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _gpus() -> list[str]:
    """Names of NVIDIA cards, as the driver tells them in /proc: no library is loaded."""
    found = []
    for file in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        found += [line.split(":", 1)[1].strip() for line in lines if line.startswith("Model:")]
    return found
