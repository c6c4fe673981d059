"""The only reader and writer of artefacts: maps, tables, tensors, arrays and JSON.

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
from case_saliency.storage.documents import read_json, write_json
from case_saliency.storage.files import atomic, digest, sha256, write_text
from case_saliency.storage.maps import StoredMaps, open_maps, write_maps
from case_saliency.storage.schema import SCHEMA_VERSION
from case_saliency.storage.tables import read_table, write_table

__all__ = [
    "SCHEMA_VERSION",
    "StoredMaps",
    "atomic",
    "digest",
    "open_array",
    "open_maps",
    "read_json",
    "read_matrix",
    "read_metadata",
    "read_table",
    "read_tensors",
    "sha256",
    "write_arrays",
    "write_json",
    "write_maps",
    "write_matrix",
    "write_table",
    "write_tensors",
    "write_text",
]
