"""The files that a diagnosis writes. Imports nothing heavy: the command line names them before anything is computed."""

from pathlib import Path

TABLES = (
    *("images.csv", "excluded.csv", "predictions.parquet", "scores-agreement.parquet", "scores-fidelity.parquet"),
    *("agreement.csv", "fidelity.csv", "cross_deletion.csv", "ranks.csv", "attrition.csv", "summary.csv"),
)
CURVE_TABLES = ("scores-curves.parquet", "curves.csv", "curve_points.csv")
FIGURES = ("agreement_distributions", "confidence_drops", "cross_deletion", "map_panels")
CURVE_FIGURES = ("perturbation_curves",)
ENDINGS = ("pdf", "png", "svg")
MAPS, SETTINGS, REPORT, RECORD = "maps.nc", "diagnosis.json", "report.html", "record.json"


def figure(folder: Path, name: str) -> dict[str, Path]:
    """Return the files of a figure: ending -> path."""
    return {ending: folder / "figures" / f"{name}.{ending}" for ending in ENDINGS}


def outputs(folder: Path, *, curves: bool = False) -> list[Path]:
    """Return every file that is written to `folder`, the record aside; `curves`: those of perturbation curves as well.

    Examples
    --------
    >>> [path.as_posix() for path in outputs(Path("out"))][:2], len(outputs(Path("out")))
    (['out/images.csv', 'out/excluded.csv'], 26)
    """
    tables, drawn = (*TABLES, *(CURVE_TABLES if curves else ())), (*FIGURES, *(CURVE_FIGURES if curves else ()))
    figures = [path for name in drawn for path in figure(folder, name).values()]
    return [*(folder / name for name in tables), folder / MAPS, folder / SETTINGS, *figures, folder / REPORT]
