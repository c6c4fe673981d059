"""Files: written whole or not at all, and named by their hash."""

import errno
import glob
import hashlib
import io
import json
import os
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from case_saliency.errors import CaseSaliencyError

_A_DAY = 24 * 3600


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, delete it on any failure.

    Parameters
    ----------
    path
        The file to create or replace. Missing parent folders are made.

    Raises
    ------
    CaseSaliencyError
        If the file cannot be written (disk full, no permission); names the file and the reason.

    Examples
    --------
    >>> target = getfixture("tmp_path") / "note.txt"
    >>> with atomic(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for other in target.parent.glob(f".{glob.escape(target.name)}.*.tmp*"):
            if _is_left_over(other):
                other.unlink(missing_ok=True)
        writer = f".{target.name}.{os.getpid()}@{socket.gethostname()}."
        handle, name = tempfile.mkstemp(prefix=writer, suffix=f".tmp{target.suffix}", dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise CaseSaliencyError(f"cannot write {target}: {error.strerror or error}") from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise CaseSaliencyError(
            f"cannot write {target}: {error.strerror or error}; nothing was kept, free the cause and run again"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _is_left_over(temporary: Path) -> bool:
    """Whether the process that wrote a temporary file was killed; of another machine's, one day is waited for."""
    process, _, rest = temporary.name.rpartition("@")
    if not rest.startswith(f"{socket.gethostname()}."):
        with suppress(FileNotFoundError):
            return time.time() - temporary.stat().st_mtime > _A_DAY
        return False
    try:
        os.kill(int(process.rpartition(".")[2]), 0)  # signal 0 only asks whether the process is there
    except (ProcessLookupError, ValueError):
        return True
    except PermissionError:  # somebody else's process
        return False
    return False


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def open_regular(path: str | os.PathLike[str]) -> io.BufferedReader:
    """Open a file to read its bytes; a pipe, on which a reader would wait, a device or a socket is an `OSError`."""
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115 - returned
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return file


def read_bytes(path: str | os.PathLike[str], largest: int | None = None) -> bytes:
    """Return the content of a regular file; one of more than `largest` bytes is an `OSError`, and is not read."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if largest is not None and size > largest:
            raise OSError(errno.EFBIG, f"{size} bytes found, at most {largest} expected", str(path))
        return file.read()


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-serialisable value in canonical form (sorted keys, no spaces).

    Examples
    --------
    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write `text` as UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
