"""Hook of mkdocs: a page for each package, written from its docstrings."""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

SOURCE = Path(__file__).resolve().parents[2] / "src/case_saliency"
PACKAGES = {
    "diagnosis": "Diagnosis: the study's questions, asked of a network of yours",
    "attribution": "Attribution: from activations and gradients to maps",
    "diagnostic": "Diagnostic: agreement, and what limits it",
    "fidelity": "Fidelity: confidence without the marked pixels",
    "statistics": "Statistics: tests, intervals and verdicts",
    "models": "Networks",
    "datasets": "Data sets",
    "figures": "Figures",
    "report": "Report, claims, side by side",
    "provenance": "Records, audit and export",
}
"""Packages of the reference -> the title of their page."""


def on_config(config: Any) -> Any:
    """Add the reference to the navigation."""
    config.nav.append({"API": [f"api/{package}.md" for package in PACKAGES]})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages."""
    for package in PACKAGES:
        files.append(File.generated(config, f"api/{package}.md", content=page(package)))
    return files


def page(package: str) -> str:
    """Return a page that asks mkdocstrings for every module of a package that is not private."""
    folder = SOURCE / package
    names = [
        ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts)
        for file in sorted(folder.rglob("*.py"))
        if file.name != "__init__.py"
    ]
    return "\n\n".join([f"# {PACKAGES[package]}", *(f"## {name}\n\n::: {name}" for name in names)])
