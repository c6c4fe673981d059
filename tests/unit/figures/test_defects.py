import pandas as pd
import pytest
from matplotlib.colors import to_hex

from case_saliency.diagnostic.defects import ALL, DEFECTS, NONE
from case_saliency.figures.defects import caption, defects
from case_saliency.figures.names import method_style
from case_saliency.report.content import Settings
from case_saliency.report.evidence.defects import defects as say


@pytest.fixture
def table():
    rows = []
    for number, defect in enumerate((NONE, *DEFECTS, ALL)):
        for method, base in (("case", 10.0), ("gradcam", 60.0)):
            for outcome, scale in (("agreement", 1.0), ("drop", 0.01)):
                moved = number if defect == "threshold_70" else 0
                rows.append(
                    {
                        "model": "net", "seed": 0, "layer": "late", "method": method, "k_percent": 5.0,
                        "defect": defect, "outcome": outcome, "n": 18, "value": scale * (base + moved), "p": 0.5,
                        "value_without": scale * base,
                        "ci_low": scale * (base + moved - 3), "ci_high": scale * (base + moved + 4),
                        "p_without": 0.5,
                        "significant": method == "case", "change": scale * moved,
                        "flipped": bool(moved) and method == "gradcam" and outcome == "agreement",
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def test_a_mark_stands_at_its_value_in_its_defects_row_and_is_filled_where_significant(table):
    figure = defects(table)
    agreement, drop = (axes for axes in figure.axes if axes.get_title())
    marks = [line for line in agreement.lines if line.get_marker() not in ("None", "none", None, "")]
    places = sorted((round(line.get_ydata()[0]), line.get_xdata()[0]) for line in marks)
    row = 1 + list(DEFECTS).index("threshold_70")
    assert [value for place, value in places if place == row] == [10.0 + row, 60.0 + row]
    assert [value for place, value in places if place == 0] == [10.0, 60.0]
    filled = {to_hex(line.get_markeredgecolor()): to_hex(line.get_markerfacecolor()) for line in marks}
    assert filled[method_style("gradcam").colour.lower()] == "#ffffff"
    assert filled[method_style("case").colour.lower()] == method_style("case").colour.lower()
    labels = [text.get_text() for text in agreement.get_yticklabels()]
    assert labels[0] == "as this study measures"
    assert labels[row] == "8: threshold of 70%"
    assert drop.get_xlabel() == "mean drop (share)\nn = 18 images"
    bars = [line for line in agreement.lines if line.get_linewidth() == 0.6 and len(set(line.get_ydata())) == 1]
    ends = sorted(tuple(line.get_xdata()) for line in bars if round(line.get_ydata()[0]) == row)
    assert ends == [(7.0 + row, 14.0 + row), (57.0 + row, 64.0 + row)]


def test_the_caption_names_n_and_k(table):
    assert "(top 5% of pixels), n = 18" in caption(table)
    assert "90% intervals" in caption(table, alpha=0.1)


def test_the_report_says_what_moves_and_which_decisions_turn_round(table):
    told = dict(sentence.split(": ", 1) for sentence in say(table, Settings()))
    row = 1 + list(DEFECTS).index("threshold_70")
    assert told["Mask of removed pixels transposed"] == "nothing moves."
    assert told["Threshold of 70%"] == (
        f"median agreement +{row}.0 points, 1 of 2 decisions turn round (Grad-CAM); mean drop +{row / 100:.3f}, 0 of 2 "
        "decisions turn round."
    )
    assert list(told)[-1] == "All of them together"


def test_the_report_says_what_is_lost_with_case(table):
    without = table["defect"] == "case_missing"
    table.loc[without & (table["method"] == "case"), ["value", "p"]] = float("nan")
    table.loc[without & (table["outcome"] == "drop"), "p"] = float("nan")
    told = dict(sentence.split(": ", 1) for sentence in say(table, Settings()))
    assert told["CASE fails, and the error is swallowed"] == (
        "no median agreement of CASE, and 1 of 2 tests are lost; no mean drop of CASE, and 2 of 2 tests are lost."
    )


def test_cells_without_images_are_no_part_of_the_captions_n(table):
    table.loc[table["defect"] == "case_missing", "n"] = 0
    assert "n = 18; filled" in caption(table)
