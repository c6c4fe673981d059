"""Images as arrays: what is read, how it is normalised, and how it is augmented."""

from pathlib import Path

import numpy as np
import pytest
import torch

from case_saliency.datasets import images
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import pixels, zoo
from case_saliency.models.pixels import Normalise, Pixels
from case_saliency.storage.tables import read_table

TRANSFORM = zoo.find("resnet_small").transform


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_normalised_crops_are_what_the_other_stages_see(digits: Path) -> None:
    manifest = read_table(digits)
    found = pixels.read(digits.parent, manifest, "validation", TRANSFORM)
    rows = manifest[manifest["split"] == "validation"]
    (batch,) = (inputs for _, inputs in images.batches(digits.parent, rows, TRANSFORM, len(rows)))
    normalised = Normalise(TRANSFORM.mean, TRANSFORM.std, torch.device("cpu"))(found.crops)
    assert torch.equal(normalised, batch)
    assert found.labels.tolist() == rows["label"].tolist()


def test_image_files_are_read_one_by_one(imagenet_sample: tuple[Path, object]) -> None:
    folder, manifest = imagenet_sample
    found = pixels.read(folder, manifest.head(2), "test", TRANSFORM)
    expected = [TRANSFORM.crop(images.read(folder, row)) for row in manifest.head(2).to_dict("records")]
    assert found.crops.numpy().tolist() == [crop.tolist() for crop in expected]


def test_a_missing_split_is_named(digits: Path) -> None:
    manifest = read_table(digits)
    with pytest.raises(CaseSaliencyError, match=r"split 'training' holds no image.*heldout, test, train, validation"):
        pixels.read(digits.parent, manifest, "training", TRANSFORM)


def test_images_that_do_not_fit_into_memory_are_refused(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "MAX_BYTES", 60 * 32 * 32 * 3 - 1)
    with pytest.raises(CaseSaliencyError, match="60 images of 32 x 32 pixels need"):
        pixels.read(digits.parent, read_table(digits), "heldout", TRANSFORM)


def test_moments_are_those_of_the_pixels() -> None:
    crops = torch.randint(0, 256, (5, 4, 4, 3), generator=generator(), dtype=torch.uint8)
    crops[..., 2] = 51
    mean, std = Pixels(crops, torch.zeros(5, dtype=torch.int64)).moments()
    values = crops.numpy().reshape(-1, 3) / 255
    np.testing.assert_allclose(mean, values.mean(0), rtol=1e-12)
    np.testing.assert_allclose(std[:2], values.std(0)[:2], rtol=1e-12)
    assert std[2] == 1.0  # a channel that never changes


def test_augmentation_cuts_padded_images_and_mirrors_some() -> None:
    crops = torch.randint(1, 256, (64, 5, 5, 3), generator=generator(), dtype=torch.uint8)
    found = pixels.augment(crops, 2, flip=True, generator=generator(1))
    padded = np.pad(crops.numpy(), ((0, 0), (2, 2), (2, 2), (0, 0)))
    offsets, mirrored = set(), 0
    for image, original in zip(found.numpy(), padded, strict=True):
        cuts = {
            (top, left, step): original[top : top + 5, left : left + 5][:, ::step]
            for top in range(5)
            for left in range(5)
            for step in (1, -1)
        }
        (where,) = (key for key, cut in cuts.items() if np.array_equal(cut, image))
        offsets.add(where[:2])
        mirrored += where[2] == -1
    assert len(offsets) > 15  # of 25
    assert 16 < mirrored < 48


def test_without_padding_and_mirroring_nothing_is_changed() -> None:
    crops = torch.randint(0, 256, (3, 4, 4, 3), generator=generator(), dtype=torch.uint8)
    assert torch.equal(pixels.augment(crops, 0, flip=False, generator=generator()), crops)
    mirrored = pixels.augment(crops, 0, flip=True, generator=generator())
    assert all(torch.equal(a, b) or torch.equal(a, b.flip(1)) for a, b in zip(mirrored, crops, strict=True))


def test_an_epoch_sees_every_image_once_but_a_single_left_over() -> None:
    images_ = Pixels(torch.zeros(7, 2, 2, 3, dtype=torch.uint8), torch.arange(7))
    batches = [labels.tolist() for _, labels in pixels.shuffled(images_, 3, generator())]
    assert [len(batch) for batch in batches] == [3, 3]
    whole = [labels.tolist() for _, labels in pixels.shuffled(images_, 5, generator())]
    assert sorted(label for batch in whole for label in batch) == list(range(7))
    assert whole != [[0, 1, 2, 3, 4], [5, 6]]
