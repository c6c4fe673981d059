"""Manifests of data sets as untrusted data: read within limits, each content once."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.provenance.audit.measuring import measure
from case_saliency.provenance.audit.parsing import UnreadableError

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 256 * 2**20
"""Bytes of a manifest that is read: some million rows."""


def rows(path: str) -> "pd.DataFrame":
    """Return the rows of a manifest, which are not to be changed.

    Raises
    ------
    CaseSaliencyError, UnreadableError
        If it is not there, lies outside the repository, is too large, or is none.
    """
    found = measure(Path(), [path])[path]
    if found.problem:
        raise UnreadableError(f"{path}: {found.problem}")
    if found.bytes > LIMIT:
        raise UnreadableError(f"{path} is larger than {LIMIT} bytes")
    return _read(path, str(found.sha256))


@lru_cache(maxsize=16)
def _read(path: str, _sha256: str) -> "pd.DataFrame":
    return storage.read_csv(path)
