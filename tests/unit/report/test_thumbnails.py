from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from case_saliency.report.thumbnails import jpeg


@pytest.mark.parametrize(("shape", "size"), [((240, 240), (128, 128)), ((100, 200), (128, 64)), ((20, 20), (20, 20))])
def test_a_thumbnail_is_small_and_keeps_its_shape_and_colour(shape, size) -> None:
    photograph = np.broadcast_to(np.array([200, 100, 50], dtype=np.uint8), (*shape, 3)).copy()
    content = jpeg(photograph)
    with Image.open(BytesIO(content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", size)
        assert np.asarray(picture).mean(axis=(0, 1)) == pytest.approx([200, 100, 50], abs=3)
    assert content == jpeg(photograph)
