"""What a plan finds of images that came, went or changed since their manifest was written."""

import os
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from case_saliency import storage
from case_saliency.datasets import locations, sources
from case_saliency.datasets.fetching import Options
from case_saliency.provenance import hashing
from case_saliency.storage.tables import write_table
from case_saliency.validation import images


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch):
    """Keep what is remembered below the test's folder, and remember files however new they are."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(hashing, "SETTLED", -1)
    return tmp_path / "cache/case-saliency/images"


def fetched(dataset: str, root: Path, options: Options | None = None) -> Path:
    """Fetch a data set as its stage does."""
    write_table(sources.fetch(dataset, root / dataset, options), root / dataset / "manifest.csv")
    return root / dataset


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Two data sets, fetched once: each image is flushed to the disk. Do not change them: take a copy."""
    root = tmp_path_factory.mktemp("data")
    return {name: fetched(name, root) for name in ("imagenet-sample", "digits")}


@pytest.fixture
def sample(published, tmp_path):
    return Path(shutil.copytree(published["imagenet-sample"], tmp_path / "data/imagenet-sample"))


@pytest.fixture
def digits(published, tmp_path):
    return Path(shutil.copytree(published["digits"], tmp_path / "data/digits"))


@pytest.fixture
def photographs(tmp_path):
    """Two class folders of a user, with a note that is no image."""
    for number, name in enumerate(("cat", "dog")):
        (tmp_path / "photographs" / name).mkdir(parents=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "photographs" / name / "a.png")
    (tmp_path / "photographs/cat/note.txt").write_text("mine")
    return tmp_path / "photographs"


def flip(file: Path) -> None:
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)


def image(folder: Path) -> Path:
    return sorted((folder / "images").iterdir())[3]


@pytest.mark.parametrize("known", [False, True])
def test_a_flipped_bit_is_seen_and_its_file_named(sample, known):
    assert not known or images.changed(sample) == ""
    good = storage.sha256(image(sample))
    flip(image(sample))
    bad = storage.sha256(image(sample))
    expected = f"{image(sample)} is not what the manifest says (sha256 {bad}, not {good})"
    assert [images.changed(sample), images.changed(sample)] == [expected, expected]
    flip(image(sample))
    assert images.changed(sample) == ""


def test_an_edit_that_keeps_size_and_time_is_seen(sample):
    assert images.changed(sample) == ""
    before = image(sample).stat()
    flip(image(sample))
    os.utime(image(sample), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "is not what the manifest says" in images.changed(sample)


def test_what_is_as_it_was_is_not_read_again(sample, monkeypatch):
    assert images.changed(sample) == ""
    read = []
    original = storage.sha256
    monkeypatch.setattr(storage, "sha256", lambda path: read.append(path) or original(path))
    assert (images.changed(sample), read) == ("", [])
    os.utime(image(sample))  # touched: read, and found the same
    assert (images.changed(sample), read) == ("", [str(image(sample))])
    assert (images.changed(sample), read) == ("", [str(image(sample))])


def test_files_that_changed_a_moment_ago_are_not_remembered(sample, memory, monkeypatch):
    monkeypatch.setattr(hashing, "SETTLED", 3600)
    assert images.changed(sample) == ""
    assert not memory.exists()


def test_another_manifest_is_compared_with_all_images(sample):
    assert images.changed(sample) == ""
    manifest = sample / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(storage.sha256(image(sample)), "0" * 64))
    assert f"{image(sample)} is not what the manifest says" in images.changed(sample)


def test_missing_images_and_strangers_are_seen(sample):
    image(sample).rename(sample / "images/other.jpg")
    said = images.changed(sample)
    assert said.endswith("cannot be read (No such file or directory), and 1 more")
    shutil.move(sample / "images/other.jpg", sample / "images/imagenet_03_990.jpg")
    assert images.changed(sample) == ""
    (sample / "images/other.jpg").write_bytes(b"")
    assert images.changed(sample) == f"{sample}/images/other.jpg is not in the manifest"
    shutil.rmtree(sample / "images")
    assert images.changed(sample).endswith("(No such file or directory), and 19 more")


def test_a_changed_pixel_of_a_file_of_many_images_is_seen(digits):
    assert images.changed(digits) == ""
    file = digits / "images/images.safetensors"
    body = bytearray(file.read_bytes())
    body[-1] ^= 1
    file.write_bytes(body)
    assert f"{file}: image 1796: sha256" in images.changed(digits)
    file.write_bytes(bytes(body[:100]))
    assert str(file) in images.changed(digits)


def test_a_damaged_manifest_is_a_change_and_a_missing_one_is_not(sample):
    (sample / "manifest.csv").write_bytes(b"image_id\n\xff")
    assert str(sample / "manifest.csv") in images.changed(sample)
    (sample / "manifest.csv").unlink()
    assert images.changed(sample) == ""  # Snakemake sees that itself


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: flip(root / "dog/a.png"), "dog/a.png is not what the manifest says"),
        (lambda root: (root / "dog/a.png").unlink(), "dog/a.png cannot be read"),
        (lambda root: shutil.copy(root / "dog/a.png", root / "dog/b.png"), "dog/b.png is new"),
        (lambda root: (root / "cat/note.txt").write_text("an image now"), "cat/note.txt is new, or has changed"),
        (lambda root: (root / "cat/note.txt").unlink(), "cat/note.txt is gone"),
        (lambda root: (root / "cat/.hidden").write_text("not looked at"), ""),
    ],
)
def test_a_change_of_a_users_folder_is_seen_where_it_lies(photographs, tmp_path, change, said):
    options = Options(path=str(photographs))
    folder = fetched("folder", tmp_path / "data", options)
    assert images.changed(folder) == ""
    change(photographs)
    found = images.changed(folder)
    assert said in found
    assert bool(said) == bool(found)
    fetched("folder", tmp_path / "data", options)  # what the workflow does then
    assert images.changed(folder) == ""


def test_a_users_folder_that_is_elsewhere_now_leaves_results_as_they_are(photographs, tmp_path):
    folder = fetched("folder", tmp_path / "data", Options(path=str(photographs)))
    shutil.rmtree(photographs)
    assert images.changed(folder) == ""


def test_beside_the_images_of_a_fixed_set_there_may_be_other_files(photographs, tmp_path):
    folder, file = tmp_path / "data/imagenet", photographs / "dog/a.png"
    row = {"file": f"{locations.REFERENCE}dog/a.png", "index": -1, "sha256": storage.sha256(file)}
    write_table(pd.DataFrame([row]), folder / "manifest.csv")
    locations.refer(folder, photographs)
    assert images.changed(folder) == ""
    (photographs / "dog/other.txt").write_text("mine")
    assert images.changed(folder) == ""
    flip(file)
    assert f"{file} is not what the manifest says" in images.changed(folder)


def test_a_memory_that_is_damaged_or_cannot_be_written_costs_time_only(sample, memory):
    assert images.changed(sample) == ""
    [note] = memory.iterdir()
    for content in ("", "[" * 10**5, "[]", '{"a": 1}'):
        note.write_text(content)
        assert images.changed(sample) == ""
    shutil.rmtree(memory)
    memory.write_text("a file where a folder should be")
    assert images.changed(sample) == ""


def test_ten_thousand_images_take_a_moment(tmp_path, memory):
    """The second look reads no image: at most 40 microseconds of processor time each, ten times what was measured."""
    rows, folder = [], tmp_path / "data/imagenet-sample"
    (folder / "images").mkdir(parents=True)
    (folder / "images/a.jpg").write_bytes(b"content")
    digest = storage.sha256(folder / "images/a.jpg")
    for number in range(10_000):
        os.link(folder / "images/a.jpg", folder / f"images/{number}.jpg")
        rows.append({"file": f"images/{number}.jpg", "index": -1, "sha256": digest})
    (folder / "images/a.jpg").unlink()
    write_table(pd.DataFrame(rows), folder / "manifest.csv")
    assert images.changed(folder) == ""
    start = time.process_time()
    assert images.changed(folder) == ""
    assert time.process_time() - start < 0.4
