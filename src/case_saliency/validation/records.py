"""Whether the records of runs can be read: asked whenever a run of everything is planned."""

from collections.abc import Iterator

from case_saliency.provenance.audit import reading
from case_saliency.provenance.audit.parsing import UnreadableError
from case_saliency.provenance.folders import FOLDER, first_output


def damaged() -> Iterator[tuple[str, str]]:
    """Yield each file whose record is damaged, and what is wrong with the record; of a run's files the first.

    Without its record nothing tells whether the file is what a run wrote; a record lies under the path of its file.
    Damaged records of failed runs, which tell of no file, are left to an audit.
    """
    for record in sorted(FOLDER.glob("*/**/[!.]*.json")):  # what begins with a dot is being written
        if record.name.endswith(".failed.json"):
            continue
        try:
            reading.load(record, record.as_posix())
        except UnreadableError as error:
            yield first_output(record).as_posix(), f"{record}: {error}"
