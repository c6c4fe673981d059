"""The synsets in `meta.mat` of the development kit of ILSVRC2012, read in a process of their own.

scipy's reader of MATLAB files is C code that a damaged file can crash or let allocate without end: a crash in the other
process is an error in this one.
"""

import io
import json
import subprocess
import sys
from typing import Any

_MEMORY = 2**31  # bytes
_SECONDS = 60


class UnreadableError(ValueError):
    """A file that is not what the kit has; the message says why."""


def read(meta: bytes) -> dict[int, str]:
    """Return ILSVRC2012_ID -> WordNet id of the synsets without children.

    Raises
    ------
    UnreadableError
        If the file is damaged, or another one.
    """
    try:
        done = subprocess.run(  # noqa: S603 (this module, in this Python)
            [sys.executable, "-P", "-m", __name__], input=meta, capture_output=True, check=False, timeout=_SECONDS
        )
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise UnreadableError(said[-1] if said else f"its reader ended with {done.returncode}")
        return dict(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, OSError) as error:
        raise UnreadableError(str(error)) from error


def main() -> None:
    """Read the file from standard input, and write pairs of number and WordNet id as JSON."""
    import resource

    from scipy.io import loadmat

    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    table: Any = loadmat(io.BytesIO(sys.stdin.buffer.read()), squeeze_me=True)["synsets"]  # type: ignore[arg-type]
    fields = table["ILSVRC2012_ID"], table["WNID"], table["num_children"]
    rows = [(int(number), str(name)) for number, name, children in zip(*fields, strict=True) if int(children) == 0]
    sys.stdout.write(json.dumps(rows))


if __name__ == "__main__":
    main()
