from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from case_saliency.errors import CaseSaliencyError
from case_saliency.report.pictures import webp


def test_a_plot_stays_exact(tmp_path) -> None:
    pixels = np.full((60, 80, 3), 255, dtype=np.uint8)
    pixels[20:30, 10:70] = [213, 94, 0]
    Image.fromarray(pixels).save(tmp_path / "plot.png")
    with Image.open(BytesIO(webp(tmp_path / "plot.png"))) as picture:
        assert picture.format == "WEBP"
        np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_photographs_shrink_and_keep_their_size(tmp_path) -> None:
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 200, 120)[:, None, None] + rng.integers(0, 12, (120, 160, 3))
    pixels = smooth.astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photograph.png")
    content = webp(tmp_path / "photograph.png")
    assert len(content) < (tmp_path / "photograph.png").stat().st_size / 5
    with Image.open(BytesIO(content)) as picture:
        assert picture.size == (160, 120)
        assert np.abs(np.asarray(picture, dtype=float) - pixels).mean() < 5


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\n"])
def test_a_missing_or_broken_figure_is_named(tmp_path, content) -> None:
    path = tmp_path / "figure.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaseSaliencyError, match=r"cannot read figure .*figure\.png"):
        webp(path)
