"""Files among the results that no run tells of."""

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from case_saliency.provenance import journal, walking
from case_saliency.provenance.audit import states
from case_saliency.provenance.folders import ENVIRONMENTS, FOLDER

MADE = ("data", "models", "results")
NOT_RECORDED = {
    "results/workflow-report.html": "Snakemake's own report, which it writes after the last job",
    "results/environments.json": "on which kind of machine each stage was recorded, which `make commit` writes",
    "results/ro-crate-metadata.json": "the export of the records: what it says is compared with them",
}
_AIDS = {".gitignore", ".snakemake_timestamp"}


def strangers(root: Path, made: Collection[str]) -> Iterator[str]:
    """Yield files, and links to folders, that no record tells of and that are not known otherwise.

    Images are compared with their manifest elsewhere.

    Parameters
    ----------
    root
        The repository's folder.
    made
        Files that a record tells of.
    """
    depicted = tuple(images(made))
    for folder in MADE:
        for place in sorted(walking.below(root / folder)):
            path = place.relative_to(root).as_posix()
            explained = path in made or path in NOT_RECORDED or place.name in _AIDS or path.startswith(depicted)
            if not (explained or _pointer(path) or _kept(root, path)):
                yield path


def images(made: Collection[str]) -> dict[str, str]:
    """Return folder of images -> the manifest beside it, which tells of them.

    Examples
    --------
    >>> images(["data/digits/manifest.csv", "data/digits/exclusions.csv"])
    {'data/digits/images/': 'data/digits/manifest.csv'}
    """
    lists = [path for path in made if path.startswith("data/") and path.endswith("/manifest.csv")]
    return {f"{path.removesuffix('manifest.csv')}images/": path for path in lists}


def _pointer(name: str) -> bool:
    """Tell whether a file is DVC's hash of records or views, such as ``results/provenance.dvc``."""
    return name.endswith(".dvc") and name.count("/") == 1


def _kept(root: Path, name: str) -> bool:
    """Tell whether a file is a record, the journal, or an inventory whose name is its hash."""
    inside = name.removeprefix(f"{FOLDER.as_posix()}/")
    if inside.startswith(f"{ENVIRONMENTS}/"):
        return states.inventory(root, PurePosixPath(inside).stem) is not None and inside.endswith(".txt")
    return inside != name and (inside == journal.NAME or inside.endswith(".json"))
