import cv2
import numpy as np
import pytest
import torch

from case_saliency.attribution.resample import upsample


@pytest.mark.parametrize(("native", "size"), [((7, 7), (224, 224)), ((8, 9), (240, 260)), ((1, 1), (5, 6))])
def test_equals_torch_and_opencv(native, size):
    maps = np.random.default_rng(0).normal(size=(3, *native)).astype(np.float32)
    ours = upsample(maps, size)
    theirs = torch.nn.functional.interpolate(torch.from_numpy(maps)[None], size, mode="bilinear", align_corners=False)
    np.testing.assert_allclose(ours, theirs[0], atol=5e-6)
    np.testing.assert_allclose(ours, [cv2.resize(m, size[::-1]) for m in maps], atol=5e-6)


def test_same_size_is_the_same_map():
    maps = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    np.testing.assert_array_equal(upsample(maps, (5, 4)), maps)


def test_equal_values_stay_exactly_equal():
    assert (upsample(np.full((7, 7), 0.1, np.float32), (224, 224)) == np.float32(0.1)).all()


def test_input_is_not_changed():
    maps = np.eye(3, dtype=np.float32)
    upsample(maps, (9, 9))
    np.testing.assert_array_equal(maps, np.eye(3))
