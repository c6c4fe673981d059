"""Every figure says on its axes what is measured and over how many images, and draws the intervals of its tables."""

import importlib
import re
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from case_saliency.analyses import ANALYSES
from case_saliency.cli.plot import FIGURES
from case_saliency.figures.map_panels import Example
from case_saliency.storage.tables import read_table

ROOT = Path(__file__).resolve().parents[3]
RULES = (ROOT / "workflow/rules/figures.smk").read_text(encoding="utf-8")
TABLES = {  # of the figures that have a rule of their own
    "agreement_distributions": "agreement",
    "agreement_heatmap": "agreement",
    "confidence_drops": "fidelity",
    "critical_difference": "ranks",
    "cross_deletion": "cross_deletion",
    "perturbation_curves": "curves",
    "seeds": "pooled",
    **dict(re.findall(r'^    "(\w+)": "(\w+)",$', RULES, re.MULTILINE)),
    **{name: name for name in ANALYSES},
}
WITHOUT_INTERVALS = {"attrition": "counts, no estimates", "map_panels": "single images"}
SPEAKS = {  # where one axes speaks for others: it is told by this
    "pairwise": lambda axes: bool(axes.get_ylabel()),
    "map_panels": lambda axes: any("maximum of each map" in text.get_text() for text in axes.texts),
}
N = re.compile(r"\bn =\s?\d")
UNIT = re.compile(r"%|share|logits|probability|\brank\b|channels|layer|classes in the contrast set|ρ|λ")


def kinds() -> set[str]:
    """The figures that the workflow can draw, by its rules."""
    own = set(re.findall(r"^rule plot_(\w+):", RULES, re.MULTILINE)) - {"table"}
    return own | set(re.findall(r'^    "(\w+)": "\w+",$', RULES, re.MULTILINE)) | set(ANALYSES)


def table_of(kind: str, experiment: str) -> pd.DataFrame:
    table = read_table(ROOT / f"docs/results/{experiment}/{TABLES[kind]}.csv")
    return table.assign(ci_low=table["value"] - 1, ci_high=table["value"] + 1) if kind == "defects" else table


def drawn(kind: str, experiment: str, synthetic, *, blind: bool = False) -> Figure:
    """Draw a figure from published tables; `blind`: without what they say of intervals."""
    module = importlib.import_module(f"case_saliency.figures.{kind}")
    draw = getattr(module, kind)
    if kind == "map_panels":
        maps = synthetic.maps(0)
        agreements = dict.fromkeys(maps, 40.0)
        return draw([Example("0", "net", synthetic.photograph(0), maps, ("a", "b"), (0.6, 0.2), agreements, "a")], 5.0)
    table = table_of(kind, experiment)
    points = read_table(ROOT / "docs/results/digits/curve_points.csv")
    scores = synthetic.agreement_scores()
    if blind:
        table, points = (without_intervals(one) for one in (table, points))
    if kind == "attrition":
        return draw(table, {"random", "random_channels", "sobel"})
    if kind == "agreement_distributions":
        return draw(scores, table)
    return draw(points, table) if kind == "perturbation_curves" else draw(table)


def without_intervals(table: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in table if re.search(r"ci_.*(low|high)$|^least_margin$|^critical_difference$", name)]
    return table.assign(**dict.fromkeys(names, float("nan")))


def panels(kind: str, figure: Figure) -> list:
    shown = [axes for axes in figure.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]
    shown = [axes for axes in shown if axes.axison or axes.get_title()]
    return [axes for axes in shown if SPEAKS.get(kind, lambda _: True)(axes)]


def without_n(kind: str, figure: Figure) -> list[str]:
    """Labels of the axes that do not say how many images they show."""
    told = []
    for axes in panels(kind, figure):
        texts = [axes.get_xlabel(), axes.get_ylabel(), *(text.get_text() for text in axes.texts)]
        if not any(N.search(text) for text in texts):
            told.append(axes.get_xlabel() or axes.get_title())
    return told


def without_unit(kind: str, figure: Figure) -> list[str]:
    """Labels that do not say what the numbers of their axis are."""
    if kind in SPEAKS:
        return []
    labels = [label for axes in panels(kind, figure) for label in (axes.get_xlabel(), axes.get_ylabel()) if label]
    return [label for label in labels if not UNIT.search(label)]


def ink(figure: Figure) -> list:
    """Everything that is drawn, to be compared."""
    every = [axes for shown in figure.axes for axes in (shown, *shown.child_axes)]
    lines = [line.get_xydata().tolist() for axes in every for line in axes.lines]
    paths = [path.vertices.tolist() for axes in every for one in axes.collections for path in one.get_paths()]
    return [repr(lines), repr(paths), [text.get_text() for text in figure.findobj(Text)]]


def test_every_figure_of_the_workflow_is_looked_at() -> None:
    assert kinds() == set(FIGURES) == {*TABLES, "map_panels"}


@pytest.fixture(scope="module")
def figures(synthetic):
    """The figures of several trainings, each drawn once."""
    return {kind: drawn(kind, "digits", synthetic) for kind in sorted(FIGURES)}


@pytest.mark.parametrize("kind", sorted(FIGURES))
def test_every_axis_says_n_and_its_unit(kind, figures) -> None:
    figure = figures[kind]
    assert panels(kind, figure)
    assert not without_n(kind, figure)
    assert not without_unit(kind, figure)


@pytest.mark.parametrize("kind", ["agreement_distributions", "critical_difference", "sensitivity_fidelity"])
def test_so_does_every_axis_of_one_training(kind, synthetic) -> None:
    figure = drawn(kind, "imagenet-sample", synthetic)
    assert not without_n(kind, figure)
    assert not without_unit(kind, figure)


def test_a_figure_without_n_or_unit_is_found(synthetic) -> None:
    figure = drawn("pooling", "digits", synthetic)
    figure.axes[1].set_xlabel("mean agreement, all images")
    assert without_n("pooling", figure) == without_unit("pooling", figure) == ["mean agreement, all images"]


@pytest.mark.parametrize("kind", sorted(set(FIGURES) - set(WITHOUT_INTERVALS)))
def test_estimates_are_drawn_with_the_intervals_of_the_table(kind, figures, synthetic) -> None:
    assert ink(figures[kind]) != ink(drawn(kind, "digits", synthetic, blind=True))


@pytest.mark.parametrize("kind", sorted(FIGURES))
def test_no_text_is_cut_and_no_label_lies_over_another(kind, figures) -> None:
    assert not faults(figures[kind])


def test_labels_that_lie_over_each_other_are_found(synthetic) -> None:
    figure = drawn("pooling", "digits", synthetic)
    figure.axes[0].set_xlabel("a label that is far too long for the panel below which it stands (%)\nn = 18 images")
    assert any("far too long" in fault for fault in faults(figure))


def faults(figure: Figure) -> list[str]:
    """Texts that leave the figure, and labels of axes that lie over each other."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, page = canvas.get_renderer(), figure.bbox.padded(1)
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    hidden = {text for axes in figure.axes if not axes.get_visible() for text in axes.findobj(Text)}
    hidden |= {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in beyond(axis)}
    boxes = [(text, text.get_window_extent(renderer)) for text in texts if text not in hidden]
    cut = [text.get_text() for text, box in boxes if not (page.contains(*box.min) and page.contains(*box.max))]
    labels = {axes.xaxis.label for axes in figure.axes} | {axes.yaxis.label for axes in figure.axes}
    found = [(text, box) for text, box in boxes if text in labels]
    over = [
        f"{one.get_text()} / {other.get_text()}"
        for number, (one, box) in enumerate(found)
        for other, there in found[number + 1 :]
        if box.overlaps(there)
    ]
    return cut + over


def beyond(axis) -> list[Text]:
    """Labels of ticks that an axis does not reach to, which are not drawn."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high]
    return [label for tick in ticks for label in (tick.label1, tick.label2)]
