"""A flip and shifts on images of a few pixels, and the way back."""

import numpy as np
import pytest
import torch

from case_saliency.diagnostic.augmentation import Augmentation, augmentations
from case_saliency.errors import CaseSaliencyError

IMAGE = torch.arange(1, 13, dtype=torch.float32).reshape(1, 1, 3, 4)


@pytest.mark.parametrize(
    ("name", "changed", "valid"),
    [
        ("flip", [[4, 3, 2, 1], [8, 7, 6, 5], [12, 11, 10, 9]], [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]),
        ("left", [[2, 3, 4, 4], [6, 7, 8, 8], [10, 11, 12, 12]], [[2, 3, 4], [6, 7, 8], [10, 11, 12]]),
        ("right", [[1, 1, 2, 3], [5, 5, 6, 7], [9, 9, 10, 11]], [[1, 2, 3], [5, 6, 7], [9, 10, 11]]),
        ("up", [[5, 6, 7, 8], [9, 10, 11, 12], [9, 10, 11, 12]], [[5, 6, 7, 8], [9, 10, 11, 12]]),
        ("down", [[1, 2, 3, 4], [1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2, 3, 4], [5, 6, 7, 8]]),
    ],
)
def test_an_image_is_changed_and_brought_back(name, changed, valid):
    [one] = [one for one in augmentations(1, (3, 4)) if one.name == name]
    before = IMAGE.clone()
    found = one.apply(IMAGE)
    assert found[0, 0].tolist() == changed
    assert one.valid(IMAGE.numpy())[0, 0].tolist() == valid
    assert one.undone(found.numpy())[0, 0].tolist() == valid
    assert torch.equal(IMAGE, before)


@pytest.mark.parametrize("shift", [1, 3, 6])
def test_what_is_brought_back_is_the_valid_region_of_the_original(shift):
    images = torch.rand(2, 3, 12, 17, generator=torch.Generator().manual_seed(0))
    for one in augmentations(shift, (12, 17)):
        lost = (one.down != 0, one.right != 0)
        found = one.undone(one.apply(images).numpy())
        assert found.shape == (2, 3, 12 - shift * lost[0], 17 - shift * lost[1])
        np.testing.assert_array_equal(found, one.valid(images.numpy()))


def test_the_border_is_repeated():
    right = Augmentation("right", right=2)
    assert right.apply(IMAGE)[0, 0].tolist() == [[1, 1, 1, 2], [5, 5, 5, 6], [9, 9, 9, 10]]


def test_changed_images_have_names_of_their_own():
    names = [one.image_id("photo") for one in augmentations(1, (8, 8))]
    assert names == ["photo@flip", "photo@left", "photo@right", "photo@up", "photo@down"]


def test_a_shift_that_leaves_less_than_half_is_refused():
    with pytest.raises(CaseSaliencyError, match=r"reliability.shift: 2 found, images are 3 x 4 pixels; use 1 to 1"):
        augmentations(2, (3, 4))
