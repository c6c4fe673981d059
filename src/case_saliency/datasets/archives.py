"""Reading of archives. They are untrusted: nothing is extracted to disk, and what unpacks to too much is refused."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

_MEMBERS = 10_000
_HEADERS = 2**25  # bytes beside the contents of 10,000 members: headers of 512, long names, contents filled up to 512
_GLOBAL = 100  # headers of all members, of which tarfile gives each member a copy
_PADDING = 2**20  # bytes of zeros after the last member; tar pads to 10 kB
_DAMAGE = (zlib.error, EOFError, OSError)


def gunzip(path: Path, limit: int) -> bytes:
    """Return the content of a gzip file of at most `limit` bytes.

    Raises
    ------
    CaseSaliencyError
        If it is damaged or unpacks to more.
    """
    try:
        with storage.open_regular(path) as file, gzip.open(file) as stream:
            content = stream.read(limit + 1)
    except _DAMAGE as error:
        raise _unreadable(path, error) from error
    if len(content) > limit:
        raise CaseSaliencyError(f"{path}: unpacks to more than {limit} bytes; use the published file")
    return content


def read_tar(path: Path, wanted: Collection[str], limit: int) -> dict[str, bytes]:
    """Return the wanted members of a tar archive, compressed with gzip or not, in memory.

    Parameters
    ----------
    path
        The archive.
    wanted
        Names of members.
    limit
        The largest sum of the sizes of all members, in bytes.

    Raises
    ------
    CaseSaliencyError
        If a member would leave the folder it is unpacked in, is a link or a device, or appears twice; if there are too
        many or too large members; if a wanted one is missing; or if the archive is damaged.
    """
    try:
        with storage.open_regular(path) as file:
            compressed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            with gzip.open(file) if compressed else file as content:
                stream = _Bounded(content, limit + _HEADERS, path)
                found = _members(stream, wanted, limit, path)
                _read_out(stream, path)
    except (CaseSaliencyError, MemoryError):
        raise
    except Exception as error:  # on damaged headers tarfile stumbles in every way
        raise _unreadable(path, error) from error
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise CaseSaliencyError(f"{path}: no file {missing[0]!r} inside; use the published file")
    return found


class _Bounded(io.BufferedIOBase):
    """A stream of at most `limit` bytes: tarfile reads the long headers of a member before it shows the member."""

    def __init__(self, stream: io.BufferedIOBase, limit: int, path: Path) -> None:
        self._stream, self._left, self._path = stream, limit, path

    def read(self, size: int | None = None) -> bytes:
        content = self._stream.read(self._left + 1 if size is None else min(size, self._left + 1))
        self._left -= len(content)
        if self._left < 0:
            raise CaseSaliencyError(f"{self._path}: unpacks to more than was published; use the published file")
        return content


def _members(stream: _Bounded, wanted: Collection[str], limit: int, path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    total = 0
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, member in enumerate(archive, start=1):
            _check(member, path)
            if len(archive.pax_headers) > _GLOBAL:
                raise CaseSaliencyError(f"{path}: more than {_GLOBAL} headers of all members; use the published file")
            total += member.size
            if total > limit or count > _MEMBERS:
                raise CaseSaliencyError(
                    f"{path}: more than {limit} bytes or {_MEMBERS} members found; use the published file"
                )
            if member.name in found:
                raise CaseSaliencyError(f"{path}: member {member.name!r} appears twice; use the published file")
            content = archive.extractfile(member) if member.name in wanted else None
            if content is not None:
                found[member.name] = content.read()
    return found


def _read_out(stream: _Bounded, path: Path) -> None:
    """Read what follows the last member: only at its end does a gzip file say whether it is whole."""
    if len(stream.read(_PADDING + 1)) > _PADDING:
        raise CaseSaliencyError(f"{path}: more than {_PADDING} bytes after the last member; use the published file")


def _check(member: tarfile.TarInfo, path: Path) -> None:
    """Refuse every link and device, and names that lead out of a folder (`tarfile.data_filter` is not in 3.11.2)."""
    name = PurePosixPath(member.name)
    if not (member.isreg() or member.isdir()) or member.issparse() or name.is_absolute() or ".." in name.parts:
        raise CaseSaliencyError(
            f"{path}: member {member.name!r} refused, as it is no plain file within a folder; use the published file"
        )


def _unreadable(path: Path, error: Exception) -> CaseSaliencyError:
    reason = str(error) or type(error).__name__
    return CaseSaliencyError(f"{path}: cannot be unpacked ({reason}); delete it and fetch the data set again")
