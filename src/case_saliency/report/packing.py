"""Content that the page carries compressed, and unpacks by its script."""

import base64
import gzip
import json


def packed(content: object) -> str:
    """Return JSON, compressed by gzip, in base64.

    Examples
    --------
    >>> json.loads(gzip.decompress(base64.b64decode(packed({"a": 1}))))
    {'a': 1}
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")
