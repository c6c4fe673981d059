"""Where records and inventories of packages lie, relative to the working folder."""

from pathlib import Path

FOLDER = Path("results/provenance")
ENVIRONMENTS = "environments"


def first_output(record: Path) -> Path:
    """Return the first file of the run that a record tells of, by the record's place (see `Record.path`).

    A record lies under the path of that file, without `results/` in front: of a file elsewhere the path is whole.
    """
    inside = Path(*record.relative_to(FOLDER).parts[1:]).with_suffix("")
    return inside if inside.parts[0] in ("data", "models") or inside.exists() else FOLDER.parent / inside
