import hashlib
import os
import time

import pytest

from case_saliency import storage
from case_saliency.provenance import hashing


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A large file that settled, and the list of files that were really read."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(hashing, "LARGE", 10)
    monkeypatch.setattr(hashing, "SETTLED", 0.05)
    read = []
    monkeypatch.setattr(
        storage, "sha256", lambda path: read.append(path) or hashlib.sha256(path.read_bytes()).hexdigest()
    )
    file = tmp_path / "weights"
    file.write_bytes(b"a" * 20)
    time.sleep(0.1)
    return file, read


def test_a_large_file_is_read_once_for_each_content(large):
    file, read = large
    expected = hashlib.sha256(b"a" * 20).hexdigest()
    assert [hashing.sha256(file) for _ in range(3)] == [expected] * 3
    assert len(read) == 1
    file.write_bytes(b"b" * 20)
    assert hashing.sha256(file) == hashlib.sha256(b"b" * 20).hexdigest()


def test_an_edit_that_keeps_size_and_mtime_is_seen(large):
    file, _ = large
    before = file.stat()
    hashing.sha256(file)
    file.write_bytes(b"b" * 20)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert hashing.sha256(file) == hashlib.sha256(b"b" * 20).hexdigest()


def test_a_file_that_just_changed_is_not_remembered(large):
    file, read = large
    file.write_bytes(b"c" * 20)
    hashing.sha256(file)
    hashing.sha256(file)
    assert len(read) == 2


def test_a_damaged_cache_is_no_obstacle(large, tmp_path):
    file, _ = large
    hashing.sha256(file)
    [note] = (tmp_path / "cache/case-saliency/sha256").iterdir()
    for content in ("", "[]", '{"stamp": 1}', "\0"):
        note.write_text(content)
        assert hashing.sha256(file) == hashlib.sha256(b"a" * 20).hexdigest()


def test_without_a_cache_folder_it_hashes(large, tmp_path, monkeypatch):
    file, _ = large
    (tmp_path / "blocked").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "blocked"))
    assert hashing.sha256(file) == hashlib.sha256(b"a" * 20).hexdigest()
