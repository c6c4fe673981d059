from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from case_saliency.report.thumbnails import jpeg, said, shown


@pytest.mark.parametrize(("shape", "size"), [((240, 240), (128, 128)), ((100, 200), (128, 64)), ((20, 20), (20, 20))])
def test_a_thumbnail_is_small_and_keeps_its_shape_and_colour(shape, size) -> None:
    photograph = np.broadcast_to(np.array([200, 100, 50], dtype=np.uint8), (*shape, 3)).copy()
    content = jpeg(photograph)
    with Image.open(BytesIO(content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", size)
        assert np.asarray(picture).mean(axis=(0, 1)) == pytest.approx([200, 100, 50], abs=3)
    assert content == jpeg(photograph)


def test_few_photographs_are_all_shown_and_many_evenly() -> None:
    assert shown([1, 2, 3]) == [1, 2, 3]
    found = shown(list(range(200)))
    assert len(found) == 24
    assert set(np.diff(found)) == {8, 9}
    assert found[0] == 0


def test_seeds_that_disagree_are_counted() -> None:
    assert said([("3", 0.991), ("3", 0.992)]) == "3 (0.99)"
    assert said([("3", 0.9), ("3", 0.7)]) == "3 (0.70 to 0.90)"
    assert said([("8", 0.5), ("3", 0.9), ("3", 0.7)]) == "3 (2 of 3 seeds), 8 (1 of 3 seeds), 0.50 to 0.90"
