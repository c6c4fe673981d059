"""A map file that somebody else made, read once in a process of its own before this one reads it.

HDF5 is C code that a damaged file can crash or keep busy forever: its trees of blocks may lead in circles. A crash in
the other process is an error in this one.
"""

import resource
import signal
import subprocess
import sys
from pathlib import Path

from case_saliency.errors import CaseSaliencyError

_SECONDS = 60  # and one for each megabyte
_BATCH = 64  # images that are read at once
_REFUSED = 3  # exit status of a process that read the file and refused it


def maps(path: Path) -> None:
    """Read all of a map file in another process.

    Raises
    ------
    CaseSaliencyError
        If it is refused, crashes its reader, or takes it longer than any honest file of its size.
    """
    try:
        seconds = _SECONDS + path.stat().st_size // 10**6
        command = [sys.executable, "-P", "-m", __name__, str(path), str(seconds)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=2 * seconds)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise CaseSaliencyError(f"{path}: cannot be read, not even in {2 * seconds} s; make it again") from None
    except OSError as error:
        raise CaseSaliencyError(f"{path}: cannot be read ({error.strerror})") from error
    if done.returncode:
        said = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1]
        raise CaseSaliencyError(said if done.returncode == _REFUSED else f"{path}: cannot be read, {_why(done, said)}")


def _why(done: "subprocess.CompletedProcess[bytes]", said: str) -> str:
    """Return why the process ended that should have read a file."""
    if done.returncode == -signal.SIGXCPU:
        return "HDF5 was kept busy without an end; it is damaged, make it again"
    if done.returncode == -signal.SIGKILL:
        return "its reader was killed, perhaps for lack of memory"
    if done.returncode < 0:
        return f"its reader crashed ({signal.Signals(-done.returncode).name}); it is damaged, make it again"
    return f"its reader failed ({said})"


def main(path: str, seconds: str) -> None:
    """Read a map file to its end, in so many seconds of the processor; a refusal is the last line of standard error."""
    from case_saliency.storage.maps import open_maps

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    try:
        for layer in open_maps(path).values():
            for stored in layer.values():
                for start in range(0, len(stored.images), _BATCH):
                    stored.read(slice(start, start + _BATCH))
    except CaseSaliencyError as error:
        sys.stderr.write(str(error))
        sys.exit(_REFUSED)


if __name__ == "__main__":
    main(*sys.argv[1:])
