"""The only reader and writer of artefacts.

Here are files, CSV tables, JSON, tensors and arrays, which every stage needs. Three modules are imported by name, so
that a stage that needs none of them does not run again when they change: `storage.tables` (tables of any kind),
`storage.columns` (some columns of many tables) and `storage.maps` (saliency maps).

Writing is atomic (a temporary file beside the target, flushed, then renamed), so that a killed process leaves no file
that looks finished, and deterministic: the same content gives the same bytes. Every artefact carries `SCHEMA_VERSION`.
Heavy libraries are imported by the functions that use them: not every command needs them.
"""

from case_saliency.storage.arrays import (
    open_array,
    read_matrix,
    read_metadata,
    read_tensors,
    write_arrays,
    write_matrix,
    write_tensors,
)
from case_saliency.storage.comma_separated import read_csv, write_csv
from case_saliency.storage.documents import read_json, write_json
from case_saliency.storage.files import atomic, digest, open_regular, read_bytes, sha256, write_text
from case_saliency.storage.schema import SCHEMA_VERSION

__all__ = [
    "SCHEMA_VERSION",
    "atomic",
    "digest",
    "open_array",
    "open_regular",
    "read_bytes",
    "read_csv",
    "read_json",
    "read_matrix",
    "read_metadata",
    "read_tensors",
    "sha256",
    "write_arrays",
    "write_csv",
    "write_json",
    "write_matrix",
    "write_tensors",
    "write_text",
]
