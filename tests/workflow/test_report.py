"""The report of a finished run, as a person has it: in a browser, in both colour schemes, by keyboard alone."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.storage.tables import read_table

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))  # tests are no package
from devtools import tab

MEGABYTES = 25
NAME = "digits"
FAINT = """
(() => {
  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = colour(getComputedStyle(one).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
      if (found[3] > 0) throw new Error(`half transparent: ${one.outerHTML.slice(0, 80)}`);
    }
    throw new Error("nothing behind the text");
  };
  const texts = [...document.querySelectorAll("body *")].filter((element) =>
    !["SCRIPT", "NOSCRIPT", "OPTION"].includes(element.tagName) && element.checkVisibility({ visibilityProperty: true })
    && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
  const faint = [];
  for (const element of texts) {
    const [one, two] = [colour(getComputedStyle(element).color), behind(element)].map(luminance).sort((a, b) => b - a);
    const contrast = (one + 0.05) / (two + 0.05);
    if (contrast < 4.5) faint.push([contrast.toFixed(2), element.outerHTML.slice(0, 90)]);
  }
  return { count: texts.length, faint };
})()
"""
FOCUSED = """
(() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return document.activeElement.matches(":focus-visible") && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
})()
"""


@pytest.fixture(scope="module")
def page(analysed):
    return analysed.root / "results/report.html"


@pytest.fixture
def opened(chromium, page, tmp_path):
    """The page in a window, its gallery drawn; when the test is over nothing was complained of or asked for."""
    with tab(chromium, tmp_path / "profile") as found:
        found.open(page)
        found.show()
        found.until("document.querySelector('.gallery').dataset.ready")
        yield found
        assert found.complaints() == []
        assert {address.partition(":")[0] for address in found.requests()} <= {"file", "data", "blob"}
        assert {address for address in found.requests() if address.startswith("file")} == {page.as_uri()}


def settle(opened):
    opened.until("document.querySelector('.gallery').getAttribute('aria-busy') === 'false'")


def choose(opened, control, value):
    """Choose an entry of the gallery, and return the images that it then lists."""
    opened.value(
        f"(() => {{ const one = document.querySelector('.gallery .{control}'); one.value = '{value}';"
        "one.dispatchEvent(new Event('change')); })()"
    )
    settle(opened)
    return images(opened)


def images(opened):
    found = opened.value("[...document.querySelectorAll('.gallery select.image option')].map((one) => one.text)")
    return [text.rpartition("(")[2].rstrip(")") for text in found]


def reach(opened, selector, most=400):
    """Press Tab until the element has the focus, which is visible at every stop."""
    for _ in range(most):
        opened.press("Tab")
        assert opened.value(FOCUSED), opened.value("document.activeElement.outerHTML.slice(0, 200)")
        if opened.value(f"document.activeElement.matches({selector!r})"):
            return
    raise AssertionError(f"{selector} is not reached by keyboard")


def test_the_page_is_small_enough(page):
    assert page.stat().st_size <= MEGABYTES * 1e6


def test_it_renders(opened, page, analysed):
    assert opened.value("document.querySelector('h1').checkVisibility()")
    assert opened.value("document.querySelector('.lead').getBoundingClientRect().bottom") < 900  # without scrolling
    assert opened.value("document.querySelector('.lead').textContent").startswith("Of the paper's 3 claims about CASE ")
    opened.value("for (const one of document.images) one.loading = 'eager'")
    widths = opened.value("Promise.all([...document.images].map((one) => one.decode().then(() => one.naturalWidth)))")
    figures = {file.stem for file in (analysed.root / f"results/figures/{NAME}").glob("*.png")}
    assert len(widths) > len(figures) > 10
    assert min(widths) > 0
    opened.value("for (const one of document.querySelectorAll('details')) one.open = true")
    opened.show(width=390)
    assert opened.value("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_the_gallery_finds_the_failures_that_the_tables_know(opened, analysed):
    folder = analysed.root / "results"
    predictions = read_table(folder / f"predictions/{NAME}/vgg_small/seed0.parquet").set_index("image_id")
    scores = read_table(folder / f"scores/{NAME}/agreement/vgg_small/seed0.parquet")
    chosen = opened.value(
        "[...document.querySelectorAll('.methods label')].slice(0, 4).map((one) => one.textContent.trim())"
    )
    methods = ordered_methods(scores["method"])[: len(chosen)]
    assert chosen == [method_style(name).label for name in methods]
    of_chosen = scores[scores["method"].isin(methods)]
    shown = images(opened)
    assert len(shown) >= min(24, len(predictions))
    wrong, right = (set(predictions.index[predictions["correct"] == told]) for told in (False, True))
    assert wrong, "no prediction is wrong: this test sees nothing"
    assert set(choose(opened, "filter", "wrong")) == wrong
    assert set(choose(opened, "filter", "right")) == right & set(shown)
    assert set(choose(opened, "filter", "empty")) == set(of_chosen.loc[of_chosen["degenerate"] != "", "image_id"])
    choose(opened, "filter", "all")
    of_chosen = of_chosen[of_chosen["image_id"].isin(shown)]
    means = of_chosen.groupby("image_id")["agreement"].mean().dropna()
    listed = [means[image] for image in choose(opened, "order", "low") if image in means]
    assert listed == pytest.approx(sorted(listed), abs=0.1)  # the page has one decimal
    drawn = opened.value("document.querySelectorAll('.gallery .shown canvas').length")
    assert drawn == 3 * len(chosen)


def test_tables_sort_and_download_with_all_their_digits(opened, analysed, tmp_path):
    table = read_table(analysed.root / f"results/tables/{NAME}/agreement.csv")
    body = f"document.getElementById('{NAME}-agreement')"
    opened.value(f"{body}.closest('details').open = true")
    heading = f"[...{body}.tHead.rows[0].cells].findIndex((one) => one.textContent === 'median_agreement')"
    shown = f"[...{body}.tBodies[0].rows].map((row) => Number(keyOf(row.cells[{heading}])))"
    assert opened.value(shown) == table["median_agreement"].tolist()
    opened.value(f"{body}.tHead.rows[0].cells[{heading}].querySelector('button').click()")
    assert opened.value(shown) == sorted(table["median_agreement"])

    opened.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    opened.value(f"{body}.closest('details').querySelector('.download').click()")
    file = tmp_path / f"{NAME}-agreement.csv"
    opened.wait(file.exists, f"download {file.name}")
    published = pd.read_csv(analysed.root / f"results/tables/{NAME}/agreement.csv")
    pd.testing.assert_frame_equal(pd.read_csv(file), published.drop(columns="schema_version"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_contrasts_with_what_is_behind_it(opened, scheme):
    opened.show(scheme)
    dark = opened.value("matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == (scheme == "dark")
    opened.value("for (const one of document.querySelectorAll('details')) one.open = true")
    found = opened.value(FAINT)
    assert found["count"] > 1000
    assert found["faint"] == []


def test_the_gallery_works_by_keyboard_alone(opened):
    opened.press("Tab")
    assert opened.value("document.activeElement.className") == "skip"
    opened.press("Enter")
    reach(opened, ".gallery select.filter")
    before = images(opened)
    opened.press("ArrowDown")
    settle(opened)
    assert opened.value("document.activeElement.value") == "wrong"
    assert len(images(opened)) < len(before)
    opened.press("ArrowUp")
    settle(opened)
    choose(opened, "image", 0)
    reach(opened, ".gallery select.image")
    opened.press("ArrowDown")
    settle(opened)
    told = "document.querySelector('.gallery .told').textContent"
    assert opened.value(told).startswith("Image 2 of")
    reach(opened, ".gallery .next")
    opened.press("Enter")
    settle(opened)
    assert opened.value(told).startswith("Image 3 of")
    drawn = "document.querySelectorAll('.gallery .shown .maps').length"
    many = opened.value(drawn)
    reach(opened, ".gallery .methods input")
    opened.press("Space")
    settle(opened)
    assert opened.value(drawn) == many - 1


def test_claims_and_tables_open_and_sort_by_keyboard_alone(opened):
    reach(opened, ".claims summary")
    opened.press("Enter")
    assert opened.value("document.activeElement.parentElement.open")
    reach(opened, f"#{NAME}-agreement th:nth-child(2) button")
    opened.press("Enter")
    assert opened.value("document.activeElement.parentElement.getAttribute('aria-sort')") == "ascending"
    opened.press("Enter")
    assert opened.value("document.activeElement.parentElement.getAttribute('aria-sort')") == "descending"


def test_a_caption_leads_to_the_runs_behind_its_figure_and_back(opened):
    top = "document.querySelector(':target').getBoundingClientRect().top"
    seen = f"({top} >= 0 && {top} < innerHeight)"
    links = opened.value("[...document.querySelectorAll('figcaption .record a')].map((one) => one.hash)")
    assert len(links) == opened.value("document.querySelectorAll('figcaption .record').length") > 10
    for hash_ in (links[0], links[-1]):
        anchor = opened.value(f"document.querySelector('figcaption a[href=\"{hash_}\"]').closest('figure').id")
        opened.value(f"document.querySelector('figcaption a[href=\"{hash_}\"]').click()")
        opened.until(seen)
        assert opened.value("document.querySelector(':target').checkVisibility()")
        assert opened.value("document.querySelector(':target + ol li').textContent").startswith(
            f"plot: {hash_.removeprefix('#record-')}"
        )
        opened.value("document.querySelector(':target a').click()")
        opened.until(f"location.hash === '#{anchor}' && {seen}")
