import pandas as pd
import pytest
from matplotlib.colors import same_color

from case_saliency.figures import contrast as module

COLOURS = {"confusion": "#D55E00", "logits": "#0072B2", "weights": "#009E73"}


@pytest.fixture
def table():
    rows = []
    for model in ("net_a", "net_b", "net_c", "net_d"):
        for number, source in enumerate(("logits", "confusion")):
            for combined in ("mean", "span"):
                for k in (3, 1, 2):
                    median = 10.0 * k + number + (combined == "span") / 2
                    rows.append(
                        {
                            "model": model, "seed": 0, "layer": "last_conv", "source": source, "combined": combined,
                            "k": k, "k_percent": 5.0, "n": 18, "median_agreement": median, "ci_low": median - 4,
                            "ci_high": median + 6, "other_in_set": 0.2 * k,
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)


def test_lines_and_bands_follow_the_table_in_the_order_of_k(table) -> None:
    figure = module.contrast(table)
    visible = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in visible] == ["net_a", "net_b", "net_c", "net_d"]
    for axes in visible:
        drawn = [line for line in axes.lines if line.get_marker() != "None" and len(line.get_xdata())]
        found = {}
        for line in drawn:
            [source] = [name for name, colour in COLOURS.items() if same_color(colour, line.get_color())]
            found[source, "mean" if line.get_linestyle() == "-" else "span"] = line.get_xydata().tolist()
        assert found == {
            (source, combined): [[k, 10 * k + number + (combined == "span") / 2] for k in (1, 2, 3)]
            for number, source in enumerate(("logits", "confusion"))
            for combined in ("mean", "span")
        }
        ends = {(band.get_datalim(axes.transData).y0, band.get_datalim(axes.transData).y1) for band in axes.collections}
        assert ends == {(6 + shift, 36 + shift) for shift in (0, 0.5, 1, 1.5)}
        assert [line.get_ydata()[0] for line in axes.lines if line.get_linewidth() == 0.8] == [50]
        assert axes.get_xticks().tolist() == [1, 2, 3]


def test_the_key_names_what_occurs(table) -> None:
    def key(shown):
        return [text.get_text() for text in module.contrast(shown).legends[0].get_texts()]

    assert key(table) == ["confusion, mean", "confusion, span", "logits, mean", "logits, span"]
    assert key(table[(table["source"] == "logits") & (table["combined"] == "mean")]) == ["logits, mean"]


def test_an_empty_table_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.contrast(table.iloc[:0])


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n=7, k_percent=10.0))
    assert "n = 7 images" in text
    assert "top 10% of pixels" in text
    assert "stands in 20 to 60% of a variant's contrast sets" in text
