"""The ImageNet sample: its manifest and its files."""

import hashlib
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest

from case_saliency import storage
from case_saliency.datasets import labels, samples, sources
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.tables import write_table

NAME = "imagenet-sample"


def test_manifest_has_the_agreed_columns_and_one_row_for_each_image(imagenet_sample: tuple[Path, pd.DataFrame]) -> None:
    _, manifest = imagenet_sample
    assert tuple(manifest.columns) == sources.MANIFEST_COLUMNS
    assert len(manifest) == sources.DATASETS[NAME].n_images == 20
    assert manifest["image_id"].is_unique
    assert set(manifest["split"]) == {"test"}


def test_a_row_of_the_manifest(imagenet_sample: tuple[Path, pd.DataFrame]) -> None:
    _, manifest = imagenet_sample
    assert manifest.iloc[4].to_dict() == {
        "image_id": "imagenet_04_949",
        "file": "images/imagenet_04_949.jpg",
        "index": -1,
        "label": 949,
        "label_name": "strawberry",
        "split": "test",
        "sha256": "a7f62f3c1d214de4718c7253871ab38209283249e131faf65b8f2b7fdc970669",
        "source": "pkg:pypi/foolbox@3.3.4#foolbox/data/imagenet_04_949.jpg",
        "licence": "not stated for the photographs; the package that ships them is MIT-licensed",
    }


def test_files_are_those_of_the_package(imagenet_sample: tuple[Path, pd.DataFrame]) -> None:
    folder, manifest = imagenet_sample
    shipped = {file.name: file for file in metadata.files("foolbox") or [] if file.name.startswith("imagenet_")}
    assert len(shipped) == 20
    assert {path.name for path in (folder / "images").iterdir()} == set(shipped)
    for row in manifest.itertuples():
        content = (folder / row.file).read_bytes()
        assert content == shipped[Path(row.file).name].read_binary()
        assert hashlib.sha256(content).hexdigest() == row.sha256
        assert row.image_id == Path(row.file).stem


def test_class_names_match_what_the_photographs_show(imagenet_sample: tuple[Path, pd.DataFrame]) -> None:
    _, manifest = imagenet_sample
    seen = ["bull mastiff", "folding chair", "beaker", "buckeye", "strawberry", "thatch", "jeep", "jeep", "yurt"]
    seen += ["bottlecap", "drum", "Loafer", "prayer rug", "cannon", "spoonbill", "goose", "dalmatian", "bald eagle"]
    seen += ["leafhopper", "dung beetle"]
    assert manifest["label_name"].tolist() == seen


def test_two_fetches_write_identical_manifests(imagenet_sample: tuple[Path, pd.DataFrame], tmp_path: Path) -> None:
    _, first = imagenet_sample
    second = sources.fetch(NAME, tmp_path / "again")
    write_table(first, tmp_path / "first.csv")
    write_table(second, tmp_path / "second.csv")
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()


def test_fetching_replaces_a_damaged_file(tmp_path: Path) -> None:
    damaged = tmp_path / "images" / "imagenet_00_243.jpg"
    damaged.parent.mkdir()
    damaged.write_bytes(b"damaged")
    sources.fetch(NAME, tmp_path)
    assert storage.sha256(damaged) == samples.SHA256[NAME]["imagenet_00_243.jpg"]


def test_an_altered_source_is_refused_and_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(samples.SHA256, NAME, {"imagenet_00_243.jpg": "0" * 64})
    with pytest.raises(CaseSaliencyError, match=rf"imagenet_00_243\.jpg: sha256 28b7b9\w+ found, {'0' * 64} expected"):
        sources.fetch(NAME, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spec", sources.DATASETS.values(), ids=lambda spec: spec.name)
def test_specifications_agree_with_their_label_space(spec: sources.DatasetSpec) -> None:
    names = [] if spec.label_space == labels.USER else labels.names(spec.label_space)
    assert len(names) == len(set(names)) == spec.n_classes
    assert set(spec.splits or ()) <= set(sources.SPLITS)
    assert sources.DATASETS[spec.name] is spec


def test_unknown_names_are_refused() -> None:
    with pytest.raises(
        CaseSaliencyError, match=r"dataset 'imagenet-smaple' is unknown; known are: cifar10, .*imagenet-sample"
    ):
        sources.find("imagenet-smaple")
    with pytest.raises(
        CaseSaliencyError, match=r"label space 'imagenet-2k' is unknown; known are: cifar10, .*imagenet-1k"
    ):
        labels.names("imagenet-2k")
