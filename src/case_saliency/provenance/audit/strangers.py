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
_IGNORED, _MARK, _RECORDS = ".gitignore", ".snakemake_timestamp", f"{FOLDER}.dvc"


def strangers(root: Path, made: Collection[str], tracked: Collection[str] | None = None) -> Iterator[str]:
    """Yield files, and links to folders, that no record tells of and that are not known otherwise.

    Images are compared with their manifest elsewhere.

    Parameters
    ----------
    root
        The repository's folder.
    made
        Files that a record tells of.
    tracked
        Files that git holds: a pointer of DVC's or a ``.gitignore`` is known if it is one of them. None: each is.
    """
    depicted = tuple(images(made))
    for folder in MADE:
        for place in sorted(walking.below(root / folder)):
            path = place.relative_to(root).as_posix()
            explained = path in made or path in NOT_RECORDED or path.startswith(depicted)
            if not (explained or is_aid(place, path, tracked) or _kept(root, path)):
                yield path


def within(path: str, folders: Collection[str]) -> bool:
    """Tell whether a file lies in one of some folders; ``.`` is the repository.

    Examples
    --------
    >>> within("results/a/b.png", ["results/a"]), within("results/ab", ["results/a"]), within("a", ["."])
    (True, False, True)
    """
    return any(folder == "." or path.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def images(made: Collection[str]) -> dict[str, str]:
    """Return folder of images -> the manifest beside it, which tells of them.

    Examples
    --------
    >>> images(["data/digits/manifest.csv", "data/digits/exclusions.csv"])
    {'data/digits/images/': 'data/digits/manifest.csv'}
    """
    lists = [path for path in made if path.startswith("data/") and path.endswith("/manifest.csv")]
    return {f"{path.removesuffix('manifest.csv')}images/": path for path in lists}


def is_aid(place: Path, name: str, tracked: Collection[str] | None) -> bool:
    """Tell whether a file is an aid of a tool: an empty mark of Snakemake's, or what git holds for itself and DVC.

    The hash of the records is compared with them wherever it is.
    """
    if place.name == _MARK:
        return not place.is_symlink() and place.stat().st_size == 0
    pointer = name.endswith(".dvc") and name.count("/") == 1
    return (pointer or place.name == _IGNORED) and (tracked is None or name == _RECORDS or name in tracked)


def _kept(root: Path, name: str) -> bool:
    """Tell whether a file is a record, the journal, or an inventory whose name is its hash."""
    inside = name.removeprefix(f"{FOLDER.as_posix()}/")
    if inside.startswith(f"{ENVIRONMENTS}/"):
        return states.inventory(root, PurePosixPath(inside).stem) is not None and inside.endswith(".txt")
    return inside != name and (inside == journal.NAME or inside.endswith(".json"))
