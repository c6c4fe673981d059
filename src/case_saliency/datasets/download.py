"""Files from the internet, pinned by their content: resumed where they stopped, verified before anyone uses them.

Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`), as the library requests reads them. `MIRROR` in the
environment names a base URL that is asked instead of the published ones: it is a property of a machine, not of the
study, and whatever a mirror sends must have the pinned hash.
"""

import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from case_saliency import storage
from case_saliency.datasets.fetching import Progress, silently
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import requests

MIRROR = "CASE_SALIENCY_MIRROR"
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces of a file
ATTEMPTS = 5  # in a row that bring next to nothing
PAUSE = 1.0  # seconds after the first failure, doubled after each other
_SHOWN = 10**6  # bytes, one step of the progress
_PIECE = 2**16  # bytes written at a time: what of a piece has come is lost when the connection breaks
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteFile:
    """A published file, pinned by its content.

    Attributes
    ----------
    urls
        Where it is published; they are tried in order. The last part of the first is the file's name.
    size
        Number of bytes; 0 where it is not published: what the server offers is taken then.
    sha256
        Expected SHA-256 of its bytes, 64 hexadecimal digits, or its first digits where no more are published.
    """

    urls: tuple[str, ...]
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Name of the file, here and at a mirror."""
        return self.urls[0].rpartition("/")[2]

    def places(self) -> tuple[str, ...]:
        """Return the URLs to ask: the mirror's alone if one is set."""
        mirror = os.environ.get(MIRROR)
        return (f"{mirror.rstrip('/')}/{self.name}",) if mirror else self.urls


class _Refused(Exception):  # noqa: N818 (it says that asking this place again is of no use)
    """A place does not have the file."""


def download(file: RemoteFile, folder: Path, progress: Progress = silently) -> Path:
    """Return the file in `folder`, fetched if it is not there.

    Bytes arrive in `<name>.part`, which stays after a failure and is continued by the next call, if the server can. It
    gets the file's name when its hash is the pinned one, and is deleted when it is not.

    Parameters
    ----------
    file
        What to fetch.
    folder
        Where to; made if missing.
    progress
        Shows how much has arrived.

    Raises
    ------
    CaseSaliencyError
        If no place has the file, or it cannot be written; tells what each place answered.
    """
    target, part = folder / file.name, folder / f"{file.name}.part"
    if target.exists():
        if storage.sha256(target).startswith(file.sha256):
            return target
        log.warning("%s: not the published file any more, it is fetched again", target)
        target.unlink()
    answers = []
    for url in file.places():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _fetch(url, file if file.size else replace(file, size=_offered(url)), part, progress)
            _verify(file, part)
            part.replace(target)
        except _Refused as error:
            log.warning("%s: %s", url, error)
            answers.append(f"{url}: {error}")
        except OSError as error:
            raise CaseSaliencyError(
                f"cannot write {part}: {error.strerror or error}; free the cause and run again"
            ) from error
        else:
            return target
    raise CaseSaliencyError(
        f"{file.name}: could not be downloaded ({'; '.join(answers)}); check the connection and proxy and run "
        f"again, name a mirror ({MIRROR}=https://..., its base URL), or put the file into {folder}"
    )


def _fetch(url: str, file: RemoteFile, part: Path, progress: Progress) -> None:
    """Append to the part until it is complete; short interruptions are sat out."""
    import requests
    from urllib3.exceptions import HTTPError

    failures = 0
    while (had := _size(part)) != file.size:
        if had > file.size:
            part.unlink()
            continue
        try:
            _append(url, file, part, progress)
            reason = "the connection ended early"
        except (
            requests.exceptions.SSLError,
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
        ) as error:
            raise _Refused(str(error)) from error
        except (requests.RequestException, HTTPError) as error:
            reason = _reason(error)
        if (now := _size(part)) == file.size:
            return
        failures = 0 if now - had >= _SHOWN else failures + 1
        if failures == ATTEMPTS:
            kept = f"; {now} of {file.size} bytes are kept and will be continued" if now else ""
            raise _Refused(f"{reason}, {ATTEMPTS} times{kept}")
        log.info("%s: %s at %d of %d bytes, trying again", file.name, reason, now, file.size)
        time.sleep(PAUSE * 2 ** max(failures - 1, 0))


def _offered(url: str) -> int:
    """Return the size of the file that a server offers."""
    import requests

    try:
        with requests.get(url, headers={"Accept-Encoding": "identity"}, stream=True, timeout=TIMEOUT) as answer:
            length = answer.headers.get("Content-Length", "")
            if answer.status_code == 200 and length.isdecimal() and int(length):
                return int(length)
    except requests.RequestException as error:
        raise _Refused(_reason(error)) from error
    raise _Refused(f"status {answer.status_code} ({answer.reason}), size {length or 'not told'}")


def _reason(error: Exception) -> str:
    """Return what went wrong, without the objects that urllib3 wraps around it."""
    cause = str(getattr(error.args[0], "reason", error) if error.args else error)
    return cause.partition("): ")[2] or cause or type(error).__name__


def _append(url: str, file: RemoteFile, part: Path, progress: Progress) -> None:
    """Ask once for what is missing, and write what comes."""
    import requests

    had = _size(part)
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={had}-"} if had else {})}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        start = _start(answer, had, file)
        if start != had:
            log.info("%s: the server cannot continue a file, starting again", file.name)
        left = file.size - start
        with part.open("r+b" if had else "wb") as stream:
            stream.truncate(start)
            stream.seek(start)
            for _ in progress(_receive(answer, stream, left), -(-left // _SHOWN), f"MB of {file.name}"):
                pass
            stream.flush()
            os.fsync(stream.fileno())


def _start(answer: "requests.Response", had: int, file: RemoteFile) -> int:
    """Return the position at which the body of an answer begins; refuse an answer that is not the file."""
    import requests

    status, length = answer.status_code, answer.headers.get("Content-Length")
    if status in _TRANSIENT:
        raise requests.HTTPError(f"status {status} ({answer.reason})")
    if status == 416:  # the part is of another file
        start, expected = 0, 0
    elif status == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if not span or int(span[1]) != had or span[2] not in ("*", str(file.size)):
            raise _Refused(f"range {answer.headers.get('Content-Range')!r} sent, {had} to the end of {file.size} asked")
        start, expected = had, file.size - had
    elif status == 200:
        start, expected = 0, file.size
    else:
        raise _Refused(f"status {status} ({answer.reason})")
    if status != 416 and length is not None and length != str(expected):
        raise _Refused(f"{length} bytes offered, {expected} expected: another file")
    return start


def _receive(answer: "requests.Response", stream: BinaryIO, left: int) -> Iterator[None]:
    """Write the body as it was sent, never more than `left` bytes; yield at every step of the progress."""
    if answer.status_code == 416:
        return
    shown = 0
    for piece in answer.raw.stream(_PIECE, decode_content=False):
        stream.write(piece[:left])
        left, shown = left - len(piece), shown + len(piece)
        if left < 0:
            raise _Refused("more bytes sent than the file has: another file")
        if shown >= _SHOWN or left == 0:
            shown -= _SHOWN
            yield


def _verify(file: RemoteFile, part: Path) -> None:
    found = storage.sha256(part)
    if not found.startswith(file.sha256):
        part.unlink()
        raise _Refused(f"sha256 {found} found, {file.sha256} expected; what was sent has been deleted")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
