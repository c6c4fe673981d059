"""Licences of data and weights, in the words of manifests and of descriptions of networks."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from case_saliency import storage
from case_saliency.provenance.audit.measuring import measure
from case_saliency.provenance.audit.parsing import parse
from case_saliency.provenance.audit.reading import read

_WEIGHTS, _DESCRIPTION, _MANIFEST = "weights.safetensors", "model.json", "manifest.csv"
TOLD = (_WEIGHTS, _DESCRIPTION, _MANIFEST)
"""Names of files whose licence is told."""


def licences(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield path and licence of data and weights among some files, as far as these are here.

    Raises
    ------
    CaseSaliencyError, UnreadableError
        If a manifest or a description is not what a run writes.
    """
    named = [path for path in paths if Path(path).name in (_DESCRIPTION, _MANIFEST)]
    for path, found in measure(Path(), named).items():
        if found.problem:
            continue
        if Path(path).name == _MANIFEST:
            yield path, "; ".join(sorted(set(storage.read_table(path)["licence"].astype(str))))
        else:
            told = str(parse(read(Path(path).resolve())).get("licence"))
            yield from ((path, told), (Path(path).with_name(_WEIGHTS).as_posix(), told))
