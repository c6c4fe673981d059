"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): from a local folder, or downloaded.

The four files are compressed differently by different publishers (Debian leaves the name and date out of the gzip
header), so what is pinned of every copy is the content: the SHA-256 of the uncompressed file.
"""

import hashlib
import logging
import math
from pathlib import Path

import numpy as np

from case_saliency import storage
from case_saliency.datasets import archives, official, tensors
from case_saliency.datasets.download import RemoteFile, download
from case_saliency.datasets.fetching import Fetched, Options
from case_saliency.datasets.sources import DatasetSpec
from case_saliency.errors import CaseSaliencyError

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts the files."""
_PUBLISHED = (
    "https://fashion-mnist.s3.eu-central-1.amazonaws.com",  # torchvision's bucket, by its name that has a certificate
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
)
_BYTES = 0x08  # type of the values in an IDX file
log = logging.getLogger(__name__)


def _remote(name: str, size: int, sha256: str) -> RemoteFile:
    return RemoteFile(tuple(f"{base}/{name}.gz" for base in _PUBLISHED), size, sha256)


FILES = {
    file.name.removesuffix(".gz"): file
    for file in (
        _remote(
            "train-images-idx3-ubyte", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        _remote("train-labels-idx1-ubyte", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        _remote("t10k-images-idx3-ubyte", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        _remote("t10k-labels-idx1-ubyte", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    )
}
"""The published files by their uncompressed names; their MD5 are those that torchvision pins."""
CONTENT = {
    "train-images-idx3-ubyte": (47040016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    "train-labels-idx1-ubyte": (60008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    "t10k-images-idx3-ubyte": (7840016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    "t10k-labels-idx1-ubyte": (10008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
}
"""Size and SHA-256 of the uncompressed files."""


def fetch(spec: DatasetSpec, destination: Path, options: Options) -> Fetched:
    """Read the four files (see `sources.obtain`).

    They are looked for in the user's folder if one is named, then in `DEBIAN`, and else downloaded.
    """
    folder = options.folder(spec.name) or (DEBIAN if DEBIAN.is_dir() else None)
    log.info("Fashion-MNIST is %s", f"read from {folder}" if folder else "downloaded")
    parts: dict[str, tuple[tensors.Pixels, list[int], str]] = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        images, labels = f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
        pixels, classes = (_read(name, folder, destination, options) for name in (images, labels))
        if len(pixels) != len(classes):
            raise CaseSaliencyError(f"{images}: {len(pixels)} images found, but {len(classes)} labels in {labels}")
        parts[part] = (pixels, classes.tolist(), FILES[images].urls[-1])
    return official.divide(spec, destination, parts)


def _read(name: str, folder: Path | None, destination: Path, options: Options) -> tensors.Pixels:
    limit, sha256 = CONTENT[name]
    if folder is None:
        path = download(FILES[name], destination / "downloads", options.progress)
    else:
        path = next((file for file in (folder / f"{name}.gz", folder / name) if file.is_file()), folder / f"{name}.gz")
        if not path.exists():
            raise CaseSaliencyError(
                f"{path}: missing; put the four files of Fashion-MNIST there or set datasets.fashion-mnist.path to null"
            )
    content = archives.gunzip(path, limit) if path.suffix == ".gz" else storage.read_bytes(path, limit)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise CaseSaliencyError(
            f"{path}: content has sha256 {found}, {sha256} expected; replace it by the published file"
        )
    return parse_idx(content, path)


def parse_idx(content: bytes, path: Path) -> tensors.Pixels:
    """Read an IDX file of bytes: two zero bytes, the type, the number of dimensions, their lengths, the values.

    Raises
    ------
    CaseSaliencyError
        If it is no such file, or holds more or fewer values than it says.

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), Path("labels")).tolist()
    [7, 9]
    """
    n_dimensions = content[3] if len(content) > 3 else 0
    start = 4 + 4 * n_dimensions
    if content[:3] != bytes([0, 0, _BYTES]) or n_dimensions == 0 or len(content) < start:
        raise CaseSaliencyError(f"{path}: no IDX file of bytes; use the published file")
    shape = np.frombuffer(content[4:start], dtype=">u4").tolist()
    if len(content) - start != math.prod(shape):
        raise CaseSaliencyError(f"{path}: {len(content) - start} values found, {math.prod(shape)} expected")
    return np.frombuffer(content[start:], dtype=np.uint8).reshape(shape)
