"""Archives are read in memory, and refused if they hold what would harm."""

import gzip
import io
import tarfile
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
