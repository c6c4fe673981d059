"""JSON."""

import json
import os
from collections.abc import Mapping
from typing import Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.files import read_bytes, write_text
from case_saliency.storage.schema import SCHEMA_VERSION, check_version, unreadable


def write_json(value: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a mapping as indented JSON with `schema_version` first; NaN is refused, use None."""
    body = {"schema_version": SCHEMA_VERSION, **value}
    write_text(json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n", path)


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `write_json` wrote; an unreadable file or another schema version is an error."""
    try:
        value = json.loads(read_bytes(path).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, error) from error
    if not isinstance(value, dict):
        raise CaseSaliencyError(f"{path}: a JSON object was expected, found {type(value).__name__}")
    check_version(value.get("schema_version"), path)
    return value
