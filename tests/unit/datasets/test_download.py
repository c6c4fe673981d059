"""Downloads from a server on the loopback interface that fails in every usual way."""

import hashlib
import logging
from pathlib import Path

import numpy as np
import pytest
from server import Site

from case_saliency.datasets import download
from case_saliency.datasets.download import RemoteFile
from case_saliency.errors import CaseSaliencyError

CONTENT = np.random.default_rng(0).bytes(2_500_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def remote(site: Site, *more: str, content: bytes = CONTENT) -> RemoteFile:
    """The file at the site, with its pins; it is served if `content` is given to the site as well."""
    return RemoteFile((f"{site.url}/a/file.bin", *more), len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture(autouse=True)
def published(site: Site) -> None:
    site.files["/a/file.bin"] = CONTENT


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_whole_file_arrives_once(site: Site, tmp_path: Path) -> None:
    shown: list[tuple[int, str]] = []

    def progress(items, total, unit):
        shown.append((total, unit))
        return items

    path = download.download(remote(site), tmp_path / "new", progress)
    assert path == tmp_path / "new" / "file.bin"
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == {"file.bin"}
    assert shown == [(3, "MB of file.bin")]
    download.download(remote(site), tmp_path / "new")
    assert site.requests == [("/a/file.bin", "")]


def test_an_altered_file_is_fetched_again(site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file.bin").write_bytes(b"altered")
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert "not the published file any more" in caplog.text


def test_a_broken_connection_is_continued_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.broken = [1_200_000, 700_000]
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert [asked for _, asked in site.requests] == ["", "bytes=1200000-", "bytes=1900000-"]


def test_a_truncated_file_is_refused_and_kept_for_the_next_call(site: Site, tmp_path: Path) -> None:
    site.broken = [1_000_000, *[0] * download.ATTEMPTS]
    with pytest.raises(
        CaseSaliencyError, match=r"file\.bin: could not be .* 1000000 of 2500000 bytes are kept"
    ) as error:
        download.download(remote(site), tmp_path)
    assert "run again" in str(error.value)
    assert names(tmp_path) == {"file.bin.part"}
    site.requests.clear()
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert [asked for _, asked in site.requests] == ["bytes=1000000-"]
    assert names(tmp_path) == {"file.bin"}


def test_a_server_that_cannot_continue_sends_it_all(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    site.ranges = False
    (tmp_path / "file.bin.part").write_bytes(b"x" * 1000)  # other bytes: they must not be kept
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert site.requests == [("/a/file.bin", "bytes=1000-")]
    assert "cannot continue a file, starting again" in caplog.text


def test_a_part_that_is_whole_already_needs_no_server(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert site.requests == []


def test_a_part_that_is_too_long_is_thrown_away(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT + b"more")
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert site.requests == [("/a/file.bin", "")]


def test_a_range_that_the_server_denies_starts_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:10])
    site.statuses = [416]
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert [asked for _, asked in site.requests] == ["bytes=10-", ""]


@pytest.mark.parametrize("told", ["bytes 0-2499999/2500000", "bytes 10-99/100", "none"])
def test_another_range_than_asked_is_refused(site: Site, tmp_path: Path, told: str) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:10])
    site.content_range = told
    with pytest.raises(CaseSaliencyError, match=f"range '{told}' sent, 10 to the end of 2500000 asked"):
        download.download(remote(site), tmp_path)


def test_a_corrupted_file_is_deleted_and_named(site: Site, tmp_path: Path) -> None:
    corrupted = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    site.files["/a/file.bin"] = corrupted
    found = hashlib.sha256(corrupted).hexdigest()
    with pytest.raises(CaseSaliencyError, match=f"sha256 {found} found, {SHA256} expected; what was sent has been del"):
        download.download(remote(site), tmp_path)
    assert names(tmp_path) == set()


def test_a_part_of_something_else_is_found_out_by_the_hash(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"x" * 1000)
    with pytest.raises(CaseSaliencyError, match="what was sent has been deleted"):
        download.download(remote(site), tmp_path)
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT


def test_a_slow_server_is_waited_for(site: Site, tmp_path: Path) -> None:
    site.step, site.pause = 500_000, 0.15  # longer in all than the time that is allowed between two pieces
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert len(site.requests) == 1


def test_a_server_that_falls_silent_is_asked_again(site: Site, tmp_path: Path) -> None:
    site.step, site.pause = 1_500_000, 1.5  # the second piece comes after the time allowed
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    [first, second] = [asked for _, asked in site.requests]
    assert first == ""
    assert 1_500_000 - int(second.removeprefix("bytes=").removesuffix("-")) in range(2**16)


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_file_that_is_not_there_is_not_asked_for_twice(site: Site, tmp_path: Path, status: int) -> None:
    site.statuses = [status]
    with pytest.raises(CaseSaliencyError, match=rf"/a/file\.bin: status {status} .*check the connection and proxy"):
        download.download(remote(site), tmp_path)
    assert len(site.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again(site: Site, tmp_path: Path, status: int) -> None:
    site.statuses = [status, status]
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert len(site.requests) == 3


def test_the_next_place_is_asked(site: Site, tmp_path: Path) -> None:
    site.files = {"/b/other-name.bin": CONTENT}
    path = download.download(remote(site, f"{site.url}/b/other-name.bin"), tmp_path)
    assert path == tmp_path / "file.bin"
    assert [place for place, _ in site.requests] == ["/a/file.bin", "/b/other-name.bin"]


def test_a_mirror_is_asked_instead(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.files = {"/mirror/deep/file.bin": CONTENT}
    monkeypatch.setenv(download.MIRROR, f"{site.url}/mirror/deep/")
    assert download.download(remote(site), tmp_path).read_bytes() == CONTENT
    assert [place for place, _ in site.requests] == ["/mirror/deep/file.bin"]


def test_a_proxy_of_the_environment_is_used(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("http_proxy", site.url)  # a proxy is asked with the full address
    site.files = {"http://published.invalid/file.bin": CONTENT}
    file = RemoteFile(("http://published.invalid/file.bin",), len(CONTENT), SHA256)
    assert download.download(file, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"<html>Log in first</html>", "25 bytes offered, 2500000 expected"), (CONTENT + b"x", "2500001 bytes offered")],
)
def test_another_file_is_refused_by_its_length(site: Site, tmp_path: Path, content: bytes, message: str) -> None:
    site.files["/a/file.bin"] = content
    with pytest.raises(CaseSaliencyError, match=message):
        download.download(remote(site), tmp_path)


def test_a_body_without_end_is_cut(site: Site, tmp_path: Path) -> None:
    site.length, site.surplus = False, b"x" * 10**6
    with pytest.raises(CaseSaliencyError, match="more bytes sent than the file has"):
        download.download(remote(site), tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= len(CONTENT)


def test_no_server_is_told(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RemoteFile(("http://127.0.0.1:9/file.bin",), 3, SHA256)
    with pytest.raises(CaseSaliencyError, match=r"/file\.bin: Failed to .* Connection refused, 5 times\)"):
        download.download(file, tmp_path)


def test_what_is_no_address_is_told_at_once(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(download.MIRROR, "file:///etc")
    with pytest.raises(CaseSaliencyError, match="No connection adapters were found for 'file:///etc/"):
        download.download(remote(site), tmp_path)


def test_a_folder_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(CaseSaliencyError, match=r"cannot write .*taken/file\.bin\.part"):
        download.download(remote(site), tmp_path / "taken")
