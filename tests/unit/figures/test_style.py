import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from PIL import Image

from case_saliency.errors import CaseSaliencyError
from case_saliency.figures.agreement_heatmap import agreement_heatmap
from case_saliency.figures.style import house_style, save

RECORD = "0123456789abcdef"


@pytest.fixture(scope="module")
def saved(synthetic, tmp_path_factory) -> list[dict[str, Path]]:
    table = synthetic.agreement_table(synthetic.agreement_scores())
    found = []
    for attempt in ("first", "second"):
        folder = tmp_path_factory.mktemp(attempt)
        paths = {suffix: folder / f"figure.{suffix}" for suffix in ("pdf", "png", "svg")}
        save(agreement_heatmap(table), paths, RECORD, "A title")
        found.append(paths)
    return found


@pytest.mark.parametrize("suffix", ["pdf", "png", "svg"])
def test_the_same_figure_gives_the_same_bytes(saved, suffix) -> None:
    first, second = (paths[suffix].read_bytes() for paths in saved)
    assert first == second


def test_a_format_does_not_depend_on_which_others_are_saved(saved, synthetic, tmp_path) -> None:
    table = synthetic.agreement_table(synthetic.agreement_scores())
    for suffix in ("pdf", "png", "svg"):
        save(agreement_heatmap(table), {suffix: tmp_path / suffix}, RECORD, "A title")
        assert (tmp_path / suffix).read_bytes() == saved[0][suffix].read_bytes()


def test_another_process_gives_the_same_bytes(tmp_path) -> None:
    program = (
        "from pathlib import Path; import sys; from matplotlib.figure import Figure; from case_saliency.figures.style "
        "import house_style, save\nwith house_style():\n figure = Figure(); axes = figure.subplots()\n"
        "axes.plot([1, 2], clip_on=True); axes.imshow([[0, 1]])\n"
        "save(figure, {s: Path(sys.argv[1] + '.' + s) for s in ('pdf', 'svg')}, 'id', 't')"
    )
    for seed in "12":
        environment = {"PYTHONHASHSEED": seed, "MPLCONFIGDIR": str(tmp_path / seed), "PATH": ""}
        subprocess.run([sys.executable, "-c", program, tmp_path / f"figure{seed}"], check=True, env=environment)
    for suffix in ("pdf", "svg"):
        assert (tmp_path / f"figure1.{suffix}").read_bytes() == (tmp_path / f"figure2.{suffix}").read_bytes()


def test_the_record_id_can_be_read_back(saved) -> None:
    paths = saved[0]
    with Image.open(paths["png"]) as image:
        assert image.text["Record"] == RECORD
        assert image.text["Title"] == "A title"
    assert re.search(rb"/Keywords \((.*?)\)", paths["pdf"].read_bytes())[1].decode() == RECORD
    assert re.search(r"<dc:identifier>(.*?)</dc:identifier>", paths["svg"].read_text())[1] == RECORD


def test_no_date_is_written(saved) -> None:
    paths = saved[0]
    assert b"CreationDate" not in paths["pdf"].read_bytes()
    assert "<dc:date>" not in paths["svg"].read_text()


def test_fonts_are_embedded_as_text(saved) -> None:
    assert b"/FontFile2" in saved[0]["pdf"].read_bytes()
    assert b"/Type3" not in saved[0]["pdf"].read_bytes()


def test_png_has_print_resolution(saved) -> None:
    with Image.open(saved[0]["png"]) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_users_settings_have_no_say_and_come_back() -> None:
    with mpl.rc_context({"font.size": 30, "text.usetex": False}):
        with house_style():
            assert mpl.rcParams["font.size"] == 7
        assert mpl.rcParams["font.size"] == 30


def test_a_dollar_sign_is_not_a_formula(tmp_path) -> None:
    with house_style():
        figure = Figure()
        figure.text(0.5, 0.5, "costs $5 and $x^{")
    save(figure, {"svg": tmp_path / "figure.svg"}, RECORD, "")
    assert (tmp_path / "figure.svg").exists()


def test_an_unknown_format_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="'gif'"):
        save(Figure(), {"gif": tmp_path / "figure.gif"}, RECORD, "")


def test_a_failed_write_leaves_nothing(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CaseSaliencyError, match="cannot write"):
        save(Figure(), {"png": tmp_path / "file" / "figure.png"}, RECORD, "")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
