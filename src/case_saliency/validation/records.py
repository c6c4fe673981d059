"""Whether the records of runs can be read: asked whenever a run of everything is planned."""

from collections.abc import Iterator
from pathlib import Path

from case_saliency.provenance.audit import reading
from case_saliency.provenance.audit.parsing import UnreadableError
from case_saliency.provenance.folders import FOLDER


def damaged() -> Iterator[tuple[str, str]]:
    """Yield each file whose record is damaged, and what is wrong with the record; of a run's files the first.

    Without its record nothing tells whether the file is what a run wrote; a record lies under the path of its file.
    Damaged records of failed runs, which tell of no file, are left to an audit.
    """
    for record in sorted(FOLDER.glob("*/**/*.json")):
        if record.name.endswith(".failed.json"):
            continue
        try:
            reading.load(record, record.as_posix())
        except UnreadableError as error:
            inside = Path(*record.relative_to(FOLDER).parts[1:]).with_suffix("")
            made = inside if inside.parts[0] in ("data", "models") else FOLDER.parent / inside
            yield made.as_posix(), f"{record}: {error}"
