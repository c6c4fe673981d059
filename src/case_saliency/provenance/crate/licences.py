"""Licences of data and weights, in the words of manifests and of descriptions of networks."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.audit import manifests
from case_saliency.provenance.audit.measuring import measure
from case_saliency.provenance.audit.parsing import UnreadableError, parse
from case_saliency.provenance.audit.reading import read

_WEIGHTS, _DESCRIPTION, _MANIFEST = "weights.safetensors", "model.json", "manifest.csv"
TOLD = (_WEIGHTS, _DESCRIPTION, _MANIFEST)
"""Names of files whose licence is told."""


def licences(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield path and licence of data and weights among some files, as far as these are here.

    Raises
    ------
    CaseSaliencyError
        If a manifest or a description is not what a run writes.
    """
    named = [path for path in paths if Path(path).name in (_DESCRIPTION, _MANIFEST)]
    for path, found in measure(Path(), named).items():
        if found.problem:
            continue
        told = _told(path)
        yield path, told
        if Path(path).name == _DESCRIPTION:
            yield Path(path).with_name(_WEIGHTS).as_posix(), told


def _told(path: str) -> str:
    try:
        if Path(path).name == _MANIFEST:
            return "; ".join(sorted(set(manifests.rows(path)["licence"].astype(str))))
        return str(parse(read(Path(path).resolve())).get("licence"))
    except (KeyError, UnreadableError) as error:
        raise CaseSaliencyError(f"{path}: no licence can be read: {error}") from error
