"""Datasets of one file: the digits, and what happens when the file is not what the manifest says."""

import hashlib
from collections import Counter
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.datasets import load_digits

from case_saliency.datasets import digits, images, selection, sources, tensors
from case_saliency.datasets.images import Transform
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.tables import read_table, write_table

FILE = "images/images.safetensors"


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """The digits, and their manifest as a later stage reads it. Do not change them."""
    folder = tmp_path_factory.mktemp("digits")
    write_table(sources.fetch("digits", folder), folder / "manifest.csv")
    return folder, read_table(folder / "manifest.csv")


def test_the_digits_are_those_of_scikit_learn(fetched: tuple[Path, pd.DataFrame]) -> None:
    folder, manifest = fetched
    values, classes = load_digits(return_X_y=True)
    pixels = images.arrays(folder, manifest)
    assert (pixels.shape, pixels.dtype) == ((1797, 8, 8), np.uint8)
    np.testing.assert_array_equal(pixels.reshape(1797, 64), np.floor(values * 255 / 16 + 0.5))
    assert manifest["label"].tolist() == classes.tolist()
    assert manifest["label_name"].tolist() == [str(label) for label in classes]
    assert metadata.version("scikit-learn") == digits.FILE.version


def test_the_digits_have_all_four_splits(fetched: tuple[Path, pd.DataFrame]) -> None:
    _, manifest = fetched
    assert Counter(manifest["split"]) == sources.DATASETS["digits"].splits
    assert sources.DATASETS["digits"].n_images == len(manifest) == 1797
    shares = pd.crosstab(manifest["label"], manifest["split"], normalize="index")
    for split, share in digits.SHARES.items():
        assert (abs(shares[split] - float(share)) < 0.01).all()


def test_a_sample_is_drawn_from_the_test_split_alone(fetched: tuple[Path, pd.DataFrame]) -> None:
    _, manifest = fetched
    chosen = selection.select(manifest, 300, seed=0, split="test")
    assert len(chosen) == 300
    assert set(chosen["split"]) == {"test"}
    assert chosen["index"].dtype == np.int64


def test_the_file_is_plain_safetensors(fetched: tuple[Path, pd.DataFrame]) -> None:
    folder, manifest = fetched
    stored = load_file(folder / FILE)["images"]
    np.testing.assert_array_equal(stored.numpy(), images.arrays(folder, manifest))


def test_a_grey_row_becomes_a_colour_image_and_an_input(fetched: tuple[Path, pd.DataFrame]) -> None:
    folder, manifest = fetched
    row = manifest.iloc[1234].to_dict()
    image = images.read(folder, row)
    assert (image.mode, image.size) == ("RGB", (8, 8))
    expected = images.arrays(folder, manifest.iloc[[1234]])[0]
    np.testing.assert_array_equal(np.asarray(image), np.stack([expected] * 3, axis=2))
    plain = Transform(8, 8, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    [(ids, inputs)] = images.batches(folder, manifest.iloc[[1234]], plain, batch_size=4)
    assert ids == ["digits-1234"]
    torch.testing.assert_close(inputs[0], torch.from_numpy(expected).expand(3, 8, 8) / 255, rtol=0, atol=0)


def test_two_fetches_write_the_same_bytes(fetched: tuple[Path, pd.DataFrame], tmp_path: Path) -> None:
    folder, _ = fetched
    write_table(sources.fetch("digits", tmp_path), tmp_path / "manifest.csv")
    for name in (FILE, "manifest.csv"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


@pytest.fixture
def small(tmp_path: Path) -> pd.DataFrame:
    """Three images of 2 x 2 pixels in `tmp_path`."""
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    names = ["a", "b", "c"]
    return tensors.store(sources.DATASETS["digits"], tmp_path, pixels, [0, 1, 2], names, ["test"] * 3, names)


def test_a_changed_row_is_found_out(small: pd.DataFrame, tmp_path: Path) -> None:
    content = bytearray((tmp_path / FILE).read_bytes())
    content[-1] ^= 1
    (tmp_path / FILE).write_bytes(content)
    assert images.read(tmp_path, small.iloc[0].to_dict()).size == (2, 2)
    for read in (lambda: images.read(tmp_path, small.iloc[2].to_dict()), lambda: images.arrays(tmp_path, small)):
        with pytest.raises(
            CaseSaliencyError, match=r"images\.safetensors: image 2: sha256 .* expected; fetch it again"
        ):
            read()


def test_a_row_that_is_not_there_is_named(small: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(CaseSaliencyError, match="image 3 is missing, there are 3; fetch it again"):
        images.read(tmp_path, {**small.iloc[0].to_dict(), "index": 3})


@pytest.mark.parametrize("length", [0, 4, 60, -1])
def test_a_truncated_file_is_named(small: pd.DataFrame, tmp_path: Path, length: int) -> None:
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:length])
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*images\.safetensors"):
        images.read(tmp_path, small.iloc[0].to_dict())


def test_image_files_are_not_read_at_once(imagenet_sample: tuple[Path, pd.DataFrame]) -> None:
    folder, manifest = imagenet_sample
    with pytest.raises(CaseSaliencyError, match="20 image files found; only images that lie in one file"):
        images.arrays(folder, manifest)


def test_a_label_out_of_range_is_refused(tmp_path: Path) -> None:
    pixels = np.zeros((2, 2, 2), np.uint8)
    with pytest.raises(CaseSaliencyError, match="digits: image b has label 10, expected 0 to 9; 1 such labels"):
        tensors.store(sources.DATASETS["digits"], tmp_path, pixels, [9, 10], ["a", "b"], ["test"] * 2, ["a", "b"])


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4, 1), (2, 3, 4, 3, 1)])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_arrays_that_are_no_images_are_refused(tmp_path: Path, shape: tuple[int, ...], kind: type) -> None:
    pixels = np.zeros(shape, kind)
    known = hashlib.sha256(pixels[1].tobytes()).hexdigest()
    with pytest.raises(CaseSaliencyError, match=r"image 1: .* found, uint8 of \(H, W\) or \(H, W, 3\) needed"):
        tensors.verified(pixels, 1, known, tmp_path / "data/images/images.safetensors")
