"""A map file that somebody else made, read once in a process of its own before this one reads it.

HDF5 is C code that a damaged file can crash or keep busy forever: its trees of blocks may lead in circles. A crash in
the other process is an error in this one.
"""

import subprocess
import sys
from pathlib import Path

from case_saliency.errors import CaseSaliencyError

_SECONDS = 60  # and one for each megabyte
_BATCH = 64  # images that are read at once


def maps(path: Path) -> None:
    """Read all of a map file in another process.

    Raises
    ------
    CaseSaliencyError
        If it is refused, crashes its reader, or takes it longer than any honest file of its size.
    """
    try:
        seconds = _SECONDS + path.stat().st_size // 10**6
        command = [sys.executable, "-m", __name__, str(path)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=seconds)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise CaseSaliencyError(
            f"{path}: cannot be read, HDF5 was not done with it after {seconds} s; make it again"
        ) from None
    except OSError as error:
        raise CaseSaliencyError(f"{path}: cannot be read ({error.strerror})") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        damage = f"{path}: cannot be read, HDF5 ended with {done.returncode}; it is damaged, make it again"
        raise CaseSaliencyError(said[-1] if said and done.returncode > 0 else damage)


def main(path: str) -> None:
    """Read a map file to its end; an error is its last line on standard error."""
    import resource

    from case_saliency.storage.maps import open_maps

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for layer in open_maps(path).values():
            for stored in layer.values():
                for start in range(0, len(stored.images), _BATCH):
                    stored.read(slice(start, start + _BATCH))
    except CaseSaliencyError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1])
