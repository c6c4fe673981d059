from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from case_saliency.errors import CaseSaliencyError
from case_saliency.report.pictures import picture


def test_a_plot_stays_exact(tmp_path) -> None:
    pixels = np.full((60, 80, 3), 255, dtype=np.uint8)
    pixels[20:30, 10:70] = [213, 94, 0]
    Image.fromarray(pixels).save(tmp_path / "plot.png")
    with Image.open(BytesIO(picture(tmp_path / "plot.png").webp)) as image:
        assert image.format == "WEBP"
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_photographs_shrink_and_keep_their_size(tmp_path) -> None:
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 200, 120)[:, None, None] + rng.integers(0, 12, (120, 160, 3))
    pixels = smooth.astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photograph.png")
    found = picture(tmp_path / "photograph.png")
    assert (found.width, found.height) == (160, 120)
    assert len(found.webp) < (tmp_path / "photograph.png").stat().st_size / 5
    with Image.open(BytesIO(found.webp)) as image:
        assert image.size == (160, 120)
        assert np.abs(np.asarray(image, dtype=float) - pixels).mean() < 5


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\n"])
def test_a_missing_or_broken_figure_is_named(tmp_path, content) -> None:
    path = tmp_path / "figure.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaseSaliencyError, match=r"cannot read figure .*figure\.png"):
        picture(path)


def test_a_figure_that_the_format_cannot_hold_is_reduced(tmp_path) -> None:
    Image.new("RGB", (100, 20_000), "white").save(tmp_path / "tall.png")
    found = picture(tmp_path / "tall.png")
    assert (found.width, found.height) == (82, 16_383)
