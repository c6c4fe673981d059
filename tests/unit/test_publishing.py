"""Copies of figures for pages: few colours, and those of areas as they are."""

import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from workflow.publishing import COLOURS, WIDTH, few_colours, figure

GREY, MARK = (226, 228, 230), (213, 94, 0)


@pytest.fixture
def drawing() -> Image.Image:
    """A grey band and a small mark on white, beside a photograph's worth of colours."""
    pixels = np.full((200, 300, 3), 255, dtype=np.uint8)
    pixels[:, 40:90] = GREY
    pixels[100:106, 200:206] = MARK
    pixels[150:, 100:200] = np.random.default_rng(0).integers(0, 256, (50, 100, 3))
    return Image.fromarray(pixels)


def test_areas_keep_their_colour_and_marks_theirs(drawing) -> None:
    few = few_colours(drawing)
    assert len(few.getcolors()) <= COLOURS
    shown = np.asarray(few.convert("RGB"))
    assert (shown[:, 40:90] == GREY).all()
    assert (shown[:20] == np.asarray(drawing)[:20]).all()
    assert (shown[100:106, 200:206] == MARK).all()
    spread = np.asarray(drawing.quantize(COLOURS, Image.Quantize.MAXCOVERAGE).convert("RGB"))
    assert (spread[:, 40:90] != GREY).any()  # what a palette over all colours does


def test_an_image_of_one_colour_stays(drawing) -> None:
    plain = Image.new("RGB", (4, 4), GREY)
    assert few_colours(plain).convert("RGB").tobytes() == plain.tobytes()


def test_a_copy_has_the_records_id_and_the_width_of_a_page(drawing, tmp_path) -> None:
    note = PngImagePlugin.PngInfo()
    note.add_text("Record", "0123456789abcdef")
    drawing.save(tmp_path / "figure.png", pnginfo=note)
    content = figure(tmp_path / "figure.png")
    assert content == figure(tmp_path / "figure.png")
    with Image.open(io.BytesIO(content)) as image:
        assert image.text["Record"] == "0123456789abcdef"
        assert image.size == (WIDTH, 800)
        assert image.mode == "P"
