"""The report in a real browser: it renders, sorts, complains of nothing and asks the network for nothing."""

import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from case_saliency.figures.agreement_heatmap import TITLE, agreement_heatmap, caption
from case_saliency.figures.style import save
from case_saliency.report.content import Background, Experiment, ReportFigure
from case_saliency.report.page import render

CHECK = """
<script>
window.addEventListener("load", () => {
  const table = document.getElementById("imagenet-sample-agreement");
  const headings = [...table.tHead.rows[0].cells];
  const column = headings.findIndex((cell) => cell.textContent === "median_agreement");
  const values = () => [...table.tBodies[0].rows].map((row) => Number(row.cells[column].dataset.key));
  const result = { given: values() };
  headings[column].firstChild.click();
  result.ascending = values();
  headings[column].firstChild.click();
  result.descending = values();
  result.state = headings[column].getAttribute("aria-sort");
  result.pictures = [...document.images].map((image) => image.complete && image.naturalWidth > 0);
  const claims = document.querySelectorAll("details.for-print");
  window.dispatchEvent(new Event("beforeprint"));
  result.printed = [...claims].map((details) => details.open);
  window.dispatchEvent(new Event("afterprint"));
  result.after = [...claims].map((details) => details.open);
  result.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  document.documentElement.dataset.result = JSON.stringify(result);
});
</script>
"""


@pytest.fixture
def page(tmp_path) -> Path:
    synthetic = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "unit" / "figures" / "synthetic.py")))
    agreement = synthetic.agreement_table(synthetic.agreement_scores())
    picture = tmp_path / "figure.png"
    save(agreement_heatmap(agreement), {"png": picture}, "0123456789abcdef", TITLE)
    figure = ReportFigure(TITLE, picture, caption(agreement), "0123456789abcdef")
    experiment = Experiment(
        "imagenet-sample", "20 photographs", agreement, synthetic.fidelity_table(), agreement.head(2), [figure]
    )
    path = tmp_path / "report.html"
    path.write_text(render([experiment], Background({"run": []}, {}, "0.1.0")).replace("</body>", f"{CHECK}</body>"))
    return path


def requests(log: Path) -> set[str]:
    """Addresses that the page asked for; what the browser asks for on its own account has no origin."""
    events = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    return {event["url"] for event in events if event.get("initiator", "not an origin") != "not an origin"}


def test_the_page_works_and_stays_offline(page, browse, tmp_path) -> None:
    done = browse(page, f"--log-net-log={tmp_path / 'log.json'}", "--window-size=500,900")
    result = json.loads(re.search(r'data-result="(.*?)"', done.stdout)[1].replace("&quot;", '"'))
    assert sorted(result["given"]) == result["ascending"] == result["descending"][::-1]
    assert result["given"] != result["ascending"]
    assert result["state"] == "descending"
    assert result["pictures"] == [True]
    assert result["overflow"] == 0
    assert set(result["printed"]) == {True}  # nothing can be opened on paper
    assert set(result["after"]) == {False}
    assert "CONSOLE" not in done.stderr
    assert requests(tmp_path / "log.json") == set()


def test_a_request_and_a_complaint_would_be_noticed(browse, tmp_path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<img src='http://localhost:8099/picture.png'><script>console.error('ouch')</script>")
    done = browse(page, f"--log-net-log={tmp_path / 'log.json'}")
    assert requests(tmp_path / "log.json") == {"http://localhost:8099/picture.png"}
    assert "ouch" in done.stderr
    assert "CONSOLE" in done.stderr
