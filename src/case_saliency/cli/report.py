"""Report: one self-contained page with the answer, the figures, the tables and where they come from.

Files are told apart by their paths: results/tables/EXPERIMENT/..., results/figures/EXPERIMENT/...
Settings: the content of params.yaml.
"""

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency import __version__, storage
from case_saliency.analyses import ANALYSES
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

    from case_saliency.report.content import Experiment, ReportFigure, Settings
    from case_saliency.report.gallery import Gallery

_log = logging.getLogger(__name__)
_SHOWN_VERSIONS = ("torch", "torchvision", "numpy", "scipy", "statsmodels", "pandas", "snakemake")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    for name, description in (
        ("--tables", "agreement.csv, fidelity.csv, ranks.csv, ... of every experiment"),
        ("--figures", "figures to show (.png), in order"),
        ("--claims", "verdicts on the claims, of each experiment (.json)"),
        ("--manifests", "manifests of the data sets; the images lie beside them"),
        ("--selections", "selected images of every experiment (selection.csv)"),
        ("--predictions", "predictions of every network (.parquet)"),
        ("--descriptions", "descriptions of every network (.json)"),
    ):
        add_input(parser, name, description, many=True)
    for name, description in (
        ("--maps", "map files of the networks in the gallery (.nc)"),
        ("--agreement-scores", "agreement of their images (.parquet)"),
        ("--fidelity-scores", "confidence drops of their images (.parquet)"),
    ):
        add_input(parser, name, description, many=True, required=False)
    add_settings(parser, "the content of params.yaml")
    add_output(parser, "--page", "page to write (.html)")


def modules(arguments: argparse.Namespace) -> list[str]:
    """Return the modules that are loaded by name: the figures of the analyses, for their captions."""
    return [f"case_saliency.figures.{name}" for name in ANALYSES if name in {file.stem for file in arguments.figures}]


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.provenance.audit.records import records
    from case_saliency.report.content import Background
    from case_saliency.report.origins import origins
    from case_saliency.report.page import render
    from case_saliency.report.size import advice

    settings = arguments.settings
    page = render(
        [_experiment(arguments, name) for name in setting(settings, "run")],
        Background(
            parameters=settings,
            environment=_environment(),
            version=__version__,
            origins=origins(records(Path()).graph, [file.as_posix() for file in arguments.figures]),
        ),
        [record for file in arguments.claims for record in storage.read_json(file)["claims"]],
    )
    if told := advice(page):
        _log.warning(told)
    storage.write_text(page, arguments.page)


def _experiment(arguments: argparse.Namespace, name: str) -> "Experiment":
    from case_saliency.cli.captions import choices
    from case_saliency.cli.photographs import photographs, sources
    from case_saliency.datasets.sources import DATASETS
    from case_saliency.report.content import Experiment

    settings = arguments.settings
    tables = {file.stem: read_table(file) for file in arguments.tables if file.parent.name == name}
    chosen, selection = choices(settings, name), _selection(arguments, name)
    return Experiment(
        name=name,
        description=DATASETS[settings["experiments"][name]["dataset"]].description,
        agreement=tables["agreement"],
        fidelity=tables["fidelity"],
        attrition=tables["attrition"],
        figures=_figures(arguments, name, tables, chosen),
        settings=chosen,
        photographs=photographs(arguments, name, selection, _folder(arguments, name)),
        sources=sources(selection),
        ranks=tables["ranks"],
        pooled=tables["pooled"],
        cross_deletion=tables["cross_deletion"],
        curves=tables.get("curves"),
        paper=tables.get("paper"),
        gallery=_gallery(arguments, name),
        analyses={analysis: tables[analysis] for analysis in ANALYSES if analysis in tables},
    )


def _figures(
    arguments: argparse.Namespace, name: str, tables: "dict[str, pd.DataFrame]", chosen: "Settings"
) -> "list[ReportFigure]":
    from PIL import Image

    from case_saliency.cli.captions import captions, of_analysis
    from case_saliency.figures import map_panels
    from case_saliency.report.content import ReportFigure

    told = captions(tables, chosen)
    found = []
    for file in arguments.figures:
        if name not in {folder.name for folder in file.parents}:
            continue
        if file.parent.name == "map_panels":
            title, caption = map_panels.TITLE, map_panels.caption(file.stem.rpartition("-seed")[0], chosen.k_percent)
        elif file.stem in ANALYSES:
            title, caption = of_analysis(file.stem, tables[file.stem])
        else:
            title, caption = told[file.stem]
        analysis = file.stem if file.stem in ANALYSES else "curves" if file.stem == "perturbation_curves" else ""
        with Image.open(file) as picture:
            record_id = str(picture.info["Record"])
        found.append(ReportFigure(title=title, image=file, caption=caption, record_id=record_id, analysis=analysis))
    return found


def _gallery(arguments: argparse.Namespace, name: str) -> "Gallery | None":
    from case_saliency.cli.gallery import gallery

    return gallery(arguments, name, _selection(arguments, name), _folder(arguments, name))


def _folder(arguments: argparse.Namespace, name: str) -> Path:
    dataset = arguments.settings["experiments"][name]["dataset"]
    [folder] = {file.parent for file in arguments.manifests if file.parent.name == dataset}
    return Path(folder)


def _selection(arguments: argparse.Namespace, name: str) -> "pd.DataFrame":
    [selection] = [file for file in arguments.selections if file.parent.name == name]
    return storage.read_csv(selection)


def _environment() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    return {
        "python": platform.python_version(),
        **{name: version(name) for name in _SHOWN_VERSIONS},
        "system": f"{platform.system()} {platform.machine()}",
        "lock": storage.sha256("requirements.lock")[:16] if Path("requirements.lock").exists() else "none",
    }
