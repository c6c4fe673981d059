"""Data sets: archives, records, images, the user's folders, manifests, and what a server answers."""

import bz2
import dataclasses
import gzip
import hashlib
import io
import lzma
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hostile import NAMES, NUMBERS, damaged, few, fewer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from case_saliency.cli import diagnose
from case_saliency.datasets import (
    archives,
    cifar,
    decoding,
    devkit,
    download,
    fashion_mnist,
    folders,
    images,
    labels,
    locations,
)
from case_saliency.datasets.folders import MANIFEST_COLUMNS


def _tar(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, kind, link, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(content) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


KINDS = [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
TAR_NAMES = NAMES.map(lambda name: name.replace("\0", "").replace("\ud800", "x") or "x")
MEMBERS = st.lists(
    st.tuples(TAR_NAMES | st.just("set/a"), st.sampled_from(KINDS), TAR_NAMES, st.sampled_from([b"", b"abc"])),
    max_size=4,
)
GOOD = _tar([("set/a", tarfile.REGTYPE, "", b"abc")])


def _headed(headers, repeated, compress):
    """Put headers that describe the next member before those of a good archive."""
    packed = b""
    for kind, body in headers:
        info = tarfile.TarInfo("header")
        info.type, info.size = kind, len(body)
        packed += info.tobuf(tarfile.GNU_FORMAT) + body + bytes(-len(body) % 512)
    return compress(packed * repeated + gzip.decompress(GOOD))


def _pax(keyword, value):
    text = f" {keyword}={value}\n".encode()
    return next(b"%d%b" % (n, text) for n in range(len(text), 10**6) if n == len(b"%d%b" % (n, text)))


PAX = st.builds(
    _pax,
    st.sampled_from(["path", "size", "mtime", "hdrcharset", "charset", "comment"])
    | st.sampled_from(["map", "size", "realsize", "major", "minor", "offset", "numbytes", "numblocks", "name"]).map(
        lambda key: f"GNU.sparse.{key}"
    ),
    NAMES.map(lambda name: name.replace("\ud800", "x"))
    | NUMBERS.map(str)
    | st.sampled_from(["1", "0,9999", "a,b", "-5"]),
)
HEADERS = st.tuples(st.sampled_from([b"x", b"g", b"X"]), PAX | st.binary(max_size=20)) | st.tuples(
    st.sampled_from([b"L", b"K", b"S", b"V", b"M"]), st.integers(0, 10**5).map(bytes) | st.binary(max_size=20)
)
HEADED = st.builds(
    _headed,
    st.lists(HEADERS, min_size=1, max_size=3),
    st.sampled_from([1, 2, 1500]),
    st.sampled_from([bytes, gzip.compress, bz2.compress, lzma.compress]),
)


@pytest.mark.reader("archives of data sets, tar")
@few
@given(content=damaged(GOOD) | MEMBERS.map(_tar) | HEADED)
def test_tar_archives(content, file, tally, tmp_path):
    tally.says = "a.tar.gz"
    found = tally.read(lambda: archives.read_tar(file("a.tar.gz", content), ["set/a"], 1000))
    assert found is None or set(found) == {"set/a"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"], "something was extracted"


@pytest.mark.reader("archives of data sets, gzip")
@few
@given(content=damaged(gzip.compress(b"abc" * 100)) | st.integers(0, 10**7).map(lambda n: gzip.compress(bytes(n))))
def test_gzip_files(content, file, tally):
    tally.says = "a.gz"
    found = tally.read(lambda: archives.gunzip(file("a.gz", content), 1000))
    assert found is None or len(found) <= 1000


@pytest.mark.reader("records of CIFAR")
@few
@given(content=st.binary(max_size=4000) | st.integers(1, 4).map(lambda n: bytes(3073 * n)), n_labels=st.integers(1, 2))
def test_cifar_records(content, n_labels, tally):
    tally.says = "a.bin"
    found = tally.read(lambda: cifar.parse_records(content, n_labels, Path("a.bin")))
    assert found is None or len(found[0]) == len(found[1]) > 0


@pytest.mark.reader("IDX files of Fashion-MNIST")
@few
@given(
    content=damaged(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, *range(8)]))
    | st.lists(st.integers(0, 2**32 - 1), max_size=255).map(
        lambda shape: bytes([0, 0, 8, len(shape)]) + b"".join(length.to_bytes(4, "big") for length in shape) + b"abc"
    )
)
def test_idx_files(content, tally):
    tally.says = "a.idx"
    found = tally.read(lambda: fashion_mnist.parse_idx(content, Path("a.idx")))
    assert found is None or found.dtype == np.uint8


def _kit():
    from scipy.io import savemat

    rows = np.array(
        [(1, labels.wordnet_ids()[5], 0), (2, labels.wordnet_ids()[7], 0)],
        dtype=[("ILSVRC2012_ID", "O"), ("WNID", "O"), ("num_children", "O")],
    )
    buffer = io.BytesIO()
    savemat(buffer, {"synsets": rows})
    return buffer.getvalue()


@pytest.mark.reader("development kit of ILSVRC2012")
@fewer
@given(meta=damaged(_kit()), truth=st.sampled_from([b"1\n2\n", b"", b"1\n-2", b"\xff", b"9" * 5000, b"1.5"]))
def test_development_kits(meta, truth, tmp_path, tally):
    tally.says = "ILSVRC2012_devkit_t12"
    folder = tmp_path / "ILSVRC2012_devkit_t12/data"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.mat").write_bytes(meta)
    (folder / "ILSVRC2012_validation_ground_truth.txt").write_bytes(truth)
    found = tally.read(lambda: devkit.classes(tmp_path))
    assert found is None or all(index is None or 0 <= index < 1000 for index in found)


def _image(kind):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, format=kind)
    return buffer.getvalue()


IMAGES = [_image(kind) for kind in ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF")]


def _huge(width, height):
    """A BMP whose header claims any size."""
    bmp = bytearray(_image("BMP"))
    bmp[18:26] = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    return bytes(bmp)


SIDES = st.sampled_from([0, 1, 100, 2**13, 2**16, 2**31 - 1, 2**32 - 1])


@pytest.mark.reader("images")
@few
@given(content=st.sampled_from(IMAGES).flatmap(damaged) | st.builds(_huge, SIDES, SIDES))
def test_images(content, tally):
    tally.says = "a.jpg"
    found = tally.read(lambda: decoding.decode(content, Path("a.jpg")))
    assert found is None or (found.mode == "RGB" and found.width * found.height <= decoding.MAX_PIXELS)


@pytest.mark.reader("folders of the user's images")
@few
@given(data=st.data())
def test_folders(data, tmp_path_factory, tally):
    root = tmp_path_factory.mktemp("folder")
    usable = 0
    for number in range(data.draw(st.integers(0, 3))):
        content = data.draw(st.just(IMAGES[1]) | damaged(IMAGES[1]))
        name = data.draw(st.sampled_from(["a b.png", "$(touch x).png", "x\n.png", b"\xff.png", "-rf.png", "ü.png"]))
        folder = root / f"c{number}"
        folder.mkdir()
        path = Path(str(folder)) / (name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"))
        path.write_bytes(content)
        usable += 1
    found = tally.read(lambda: folders.survey(root))
    assert len(found.manifest) + len(found.excluded) == usable, "a file was dropped in silence"
    assert found.excluded["reason"].astype(bool).all()


@pytest.mark.reader("names of classes")
@few
@given(content=damaged("tabby, tabby cat\nBohemian waxwing\n\n  ä\r\n".encode()) | st.binary(max_size=200))
def test_class_names(content, file, tally):
    tally.says = "names.txt"
    names = tally.read(lambda: diagnose.read_class_names(file("names.txt", content)))
    assert names is None or names == [line.strip() for line in content.decode().splitlines() if line.strip()]


@pytest.mark.reader("manifests: paths and hashes of images")
@few
@given(
    name=st.just("images/a.png") | NAMES | NAMES.map(lambda name: locations.REFERENCE + name),
    index=st.just(-1) | st.sampled_from([-1, 0, 1, 2**63, -(2**40), "x", None]) | NUMBERS,
    sha256=st.just(hashlib.sha256(IMAGES[1]).hexdigest()) | st.text(max_size=64),
)
def test_manifests(name, index, sha256, tmp_path, tally):
    (tmp_path / "images").mkdir(exist_ok=True)
    (tmp_path / "images/a.png").write_bytes(IMAGES[1])
    row = dict.fromkeys(MANIFEST_COLUMNS, "") | {"file": name, "index": index, "sha256": sha256}
    honest = (name, sha256) == ("images/a.png", hashlib.sha256(IMAGES[1]).hexdigest())
    honest &= index in (-1, -(2**40), -(2**63))  # any negative one tells that the file is an image
    assert (tally.read(lambda: images.read(tmp_path, row)) is not None) == honest


@dataclasses.dataclass
class Answer:
    """As much of an answer as is looked at before its body."""

    status_code: int
    headers: dict
    reason: str = "told"


HEADERS = st.sampled_from(["", "-1", "3", "10", "9" * 30, "1e3", "x", "bytes 3-9/10", "bytes 3-9/*", "bytes 9-3/10"])


@pytest.mark.reader("answers of a server")
@few
@given(
    status=st.sampled_from([200, 206, 416, 204, 301, 404, 500, 503, 999, -1]),
    length=HEADERS | st.none(),
    span=HEADERS | st.text(max_size=10),
    had=st.integers(0, 12),
)
def test_answers(status, length, span, had, tally):
    import requests

    tally.refusal = (download._Refused, requests.HTTPError)
    headers = {"Content-Range": span} | ({} if length is None else {"Content-Length": length})
    remote = download.RemoteFile(("https://example.org/a",), 10, "0" * 64)
    start = tally.read(lambda: download._start(Answer(status, headers), had, remote))
    assert start in (None, 0, had)
