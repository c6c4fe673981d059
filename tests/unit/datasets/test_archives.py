"""Archives are read in memory, and refused if they hold what would harm."""

import bz2
import gzip
import io
import tarfile
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from case_saliency.datasets import archives
from case_saliency.errors import CaseSaliencyError


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", content: bytes = b"x") -> tuple:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content) if kind == tarfile.REGTYPE else 0
    return info, io.BytesIO(content)


def packed(path: Path, *members: tuple) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            content.seek(0)
            archive.addfile(info, content)
    return path


GOOD = member("set/a.bin", content=b"abc")


def test_wanted_members_are_read_and_nothing_is_written(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz", member("set", tarfile.DIRTYPE), GOOD, member("set/b.bin", content=b"de"))
    assert archives.read_tar(path, ["set/b.bin"], 100) == {"set/b.bin": b"de"}
    assert [file.name for file in tmp_path.iterdir()] == ["a.tar.gz"]


@pytest.mark.parametrize(
    "bad",
    [
        member("../escape"),
        member("set/../../escape"),
        member("/etc/passwd"),
        member("set/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("set/link", tarfile.SYMTYPE, "a.bin"),
        member("set/link", tarfile.LNKTYPE, "set/a.bin"),
        member("set/link", tarfile.LNKTYPE, "../../etc/passwd"),
        member("set/null", tarfile.CHRTYPE),
        member("set/disk", tarfile.BLKTYPE),
        member("set/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda found: f"{found[0].name}-{found[0].type.decode()}-{found[0].linkname}",
)
def test_members_that_escape_links_and_devices_are_refused(tmp_path: Path, bad: tuple) -> None:
    path = packed(tmp_path / "a.tar.gz", GOOD, bad)
    with pytest.raises(CaseSaliencyError, match=r"a\.tar\.gz: member .*; use the published file"):
        archives.read_tar(path, ["set/a.bin"], 10**6)


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "a.tar.gz", GOOD, member("set/zeros", content=bytes(10**6)))
    assert path.stat().st_size < 10**4
    assert archives.read_tar(path, ["set/a.bin"], 10**6 + 3) == {"set/a.bin": b"abc"}
    with pytest.raises(CaseSaliencyError, match="more than 1000002 bytes or 10000 members found"):
        archives.read_tar(path, ["set/a.bin"], 10**6 + 2)
    monkeypatch.setattr(archives, "_MEMBERS", 1)
    with pytest.raises(CaseSaliencyError, match="or 1 members found"):
        archives.read_tar(path, ["set/a.bin"], 10**7)


def headed(kind: bytes, body: bytes, repeated: int = 1) -> bytes:
    """A good archive behind headers that describe its member, compressed."""
    info = tarfile.TarInfo("header")
    info.type, info.size = kind, len(body)
    header = info.tobuf(tarfile.GNU_FORMAT) + body + bytes(-len(body) % 512)
    good = io.BytesIO()
    with tarfile.open(fileobj=good, mode="w") as archive:
        GOOD[1].seek(0)
        archive.addfile(*GOOD)
    return gzip.compress(header * repeated + good.getvalue())


def test_a_long_name_is_not_unpacked_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(headed(tarfile.GNUTYPE_LONGNAME, bytes(10**8)))
    assert path.stat().st_size < 10**6
    tracemalloc.start()
    with pytest.raises(CaseSaliencyError, match="unpacks to more than was published"):
        archives.read_tar(path, ["set/a.bin"], 10**6)
    assert tracemalloc.get_traced_memory()[1] < 8 * 10**7
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (headed(b"x", b"23 GNU.sparse.map=a,b\n"), "cannot be unpacked"),
        (headed(b"x", b"21 GNU.sparse.size=x\n"), "cannot be unpacked"),
        (headed(b"x", b"27 GNU.sparse.map=0,9999999\n".replace(b"27", b"28")), "no plain file"),
        (headed(b"g", b"".join(b"12 k%03d=abc\n" % number for number in range(200))), "more than 100 headers of all"),
        (headed(b"L", b"a", repeated=3000), "recursion"),
        (headed(b"x", b"13 comment=x\n", repeated=3000), "recursion"),
        (bz2.compress(gzip.decompress(headed(b"L", b"a"))), "cannot be unpacked"),
    ],
    ids=[
        "sparse map",
        "sparse size",
        "sparse file",
        "headers of all members",
        "long names of long names",
        "headers of headers",
        "bz2",
    ],
)
def test_headers_on_which_tarfile_stumbles_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(content)
    with pytest.raises(CaseSaliencyError, match=rf"a\.tar\.gz: .*{reason}"):
        archives.read_tar(path, ["set/a.bin"], 10**8)


def test_a_tail_without_end_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz", GOOD)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(2**21)))
    with pytest.raises(CaseSaliencyError, match="more than 1048576 bytes after the last member"):
        archives.read_tar(path, ["set/a.bin"], 100)


def test_a_member_that_is_missing_a_folder_or_there_twice_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz", GOOD, member("set/c", tarfile.DIRTYPE))
    for name in ("set/b", "set/c"):
        with pytest.raises(CaseSaliencyError, match=f"no file '{name}' inside"):
            archives.read_tar(path, [name], 100)
    twice = packed(tmp_path / "b.tar.gz", GOOD, member("set/a.bin", content=b"other"))
    with pytest.raises(CaseSaliencyError, match=r"member 'set/a\.bin' appears twice"):
        archives.read_tar(twice, ["set/a.bin"], 100)


@settings(deadline=None, max_examples=60)
@given(cut=st.booleans(), place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_a_damaged_archive_is_read_whole_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cut: bool, place: float, change: int
) -> None:
    path = packed(tmp_path_factory.mktemp("damaged") / "a.tar.gz", GOOD)
    content = bytearray(path.read_bytes())
    position = int(place * len(content))
    if cut:
        del content[position:]
    else:
        content[position] ^= change
    path.write_bytes(content)
    with suppress(CaseSaliencyError):
        assert archives.read_tar(path, ["set/a.bin"], 100) == {"set/a.bin": b"abc"}


def test_gzip_files(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"a" * 100))
    assert archives.gunzip(path, 100) == b"a" * 100
    with pytest.raises(CaseSaliencyError, match="unpacks to more than 99 bytes"):
        archives.gunzip(path, 99)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(CaseSaliencyError, match=r"a\.gz: cannot be unpacked \(.*\); delete it and fetch"):
        archives.gunzip(path, 100)
    path.write_bytes(b"no gzip")
    with pytest.raises(CaseSaliencyError, match="cannot be unpacked"):
        archives.gunzip(path, 100)
