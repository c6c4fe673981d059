"""Does a saliency map change when the class changes, and is it faithful? The CASE study and its tools."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "diagnose"]


def __getattr__(name: str) -> Any:
    """Load `diagnose` when it is first asked for: importing the package loads no heavy library."""
    if name == "diagnose":
        # By name: an import statement would make the diagnosis part of what every stage of the workflow can reach.
        return import_module("case_saliency.diagnosis.study").diagnose
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
