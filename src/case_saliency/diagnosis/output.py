"""Write what a diagnosis found: tables, maps, figures and a report, in one folder."""

import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from case_saliency import __version__, storage
from case_saliency.diagnosis import files, pictures
from case_saliency.diagnosis.result import Diagnosis
from case_saliency.figures.style import save
from case_saliency.report.content import Background, ReportFigure
from case_saliency.report.page import render
from case_saliency.storage.maps import write_maps
from case_saliency.storage.tables import write_table

_SHOWN_VERSIONS = ("torch", "numpy", "scipy", "pandas")
_TARGETS = ("top1", "top2")


def write(diagnosis: Diagnosis, folder: Path, record_id: str = "none") -> None:
    """Write every file of `files.outputs`.

    Parameters
    ----------
    diagnosis
        What was found.
    folder
        Where to; made if missing. What an earlier diagnosis left there is replaced, or removed.
    record_id
        Id of the run's record, for the figures; the command line keeps one, a call from Python has none.

    Raises
    ------
    CaseSaliencyError
        If a file cannot be written.
    """
    scores = diagnosis.scores
    tables = (
        *(diagnosis.folder.manifest, diagnosis.folder.excluded, diagnosis.predictions),
        *(scores.agreement, scores.fidelity),
        *(diagnosis.agreement, diagnosis.fidelity, diagnosis.cross_deletion),
        *(diagnosis.ranks, diagnosis.attrition, diagnosis.summary),
    )
    for name, table in zip(files.TABLES, tables, strict=True):
        write_table(table, folder / name)
    followed = (scores.curves, diagnosis.curves, diagnosis.curve_points)
    for name, asked in zip(files.CURVE_TABLES, followed, strict=True):
        if asked is not None:
            write_table(asked, folder / name)
    write_maps(diagnosis.maps.datasets(_TARGETS), folder / files.MAPS)
    storage.write_json({**settings(diagnosis), "notes": diagnosis.notes()}, folder / files.SETTINGS)
    shown = []
    for name, picture in pictures.draw(diagnosis).items():
        paths = files.figure(folder, name)
        save(picture.figure, paths, record_id=record_id, title=picture.title)
        shown.append(ReportFigure(picture.title, paths["png"], picture.caption, record_id))
    page = render([diagnosis.experiment(shown)], _background(diagnosis))
    storage.write_text(page, folder / files.REPORT)
    written = files.outputs(folder, curves=diagnosis.curves is not None)
    for left in set(files.outputs(folder, curves=True)) - set(written):
        left.unlink(missing_ok=True)  # curves of an earlier diagnosis would pass for this one's


def settings(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return what was asked and what was chosen, ready for JSON."""
    return {
        "model": diagnosis.network.name,
        "layer": dict(diagnosis.layer),
        "images": diagnosis.folder.path.as_posix(),
        "labelled": diagnosis.labelled,
        "transform": diagnosis.network.transform.to_dict(),
        "methods": {method.name: {"method": method.base, **method.parameters} for method in diagnosis.methods},
        "controls": sorted(diagnosis.controls),
        "reference": diagnosis.reference,
        "options": asdict(diagnosis.options),
    }


def _background(diagnosis: Diagnosis) -> Background:
    return Background(
        parameters=settings(diagnosis),
        environment={
            "python": platform.python_version(),
            **{name: version(name) for name in _SHOWN_VERSIONS},
            "system": f"{platform.system()} {platform.machine()}",
        },
        version=__version__,
        occasion="Diagnosis of one network",
        origin="What was asked, and what was chosen.",
        records=files.RECORD,
    )
