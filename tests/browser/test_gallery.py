"""The gallery and the long tables in a real browser."""

import html
import json
import re
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from case_saliency.report.content import Background, Experiment
from case_saliency.report.gallery import Gallery, Shown, Sight
from case_saliency.report.page import render
from case_saliency.report.tables import PRINTED
from case_saliency.report.thumbnails import jpeg

CHECK = """
<script>
window.addEventListener("load", async () => {
  const root = document.querySelector(".gallery");
  while (!root.dataset.ready) await new Promise((done) => setTimeout(done, 10));
  const settle = async () => {
    do await new Promise((done) => setTimeout(done, 20)); while (root.getAttribute("aria-busy") === "true");
  };
  const result = {};
  const scratch = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const corner = (canvas) => {
    scratch.drawImage(canvas, 0, 0);
    return [...scratch.getImageData(4, 4, 1, 1).data];
  };
  const look = (name) => {
    const canvases = [...root.querySelectorAll(".shown canvas")];
    result[name] = {
      told: root.querySelector(".told").textContent,
      images: [...root.querySelector("select.image").options].map((option) => option.textContent),
      methods: [...root.querySelectorAll("figure.maps b")].map((label) => label.textContent),
      captions: [...root.querySelectorAll("figure.maps figcaption")].map((text) => text.textContent),
      labels: canvases.map((canvas) => canvas.getAttribute("aria-label")),
      corners: canvases.map(corner),
    };
  };
  const choose = async (name, value) => {
    const control = root.querySelector(`select.${name}`);
    control.value = value;
    control.dispatchEvent(new Event("change"));
    await settle();
    look(`${name} ${value}`);
  };
  look("start");
  await choose("filter", "wrong");
  await choose("filter", "empty");
  await choose("filter", "all");
  await choose("order", "low");
  await choose("order", "apart");
  await choose("order", "given");
  root.querySelector(".next").click();
  await settle();
  look("next");
  await choose("model", "1");
  root.querySelector(".methods input").click();
  await settle();
  look("fewer");
  root.querySelectorAll(".methods input")[1].click();
  root.querySelector("select.filter").value = "empty";
  root.querySelector("select.filter").dispatchEvent(new Event("change"));
  await settle();
  look("nothing");
  const details = document.getElementById("imagenet-sample-attrition").closest("details");
  const table = details.querySelector("table");
  result.before = table.tBodies[0].rows.length;
  details.open = true;
  while (!table.tBodies[0].rows.length) await new Promise((done) => setTimeout(done, 20));
  const values = () => [...table.tBodies[0].rows].map((row) => Number(keyOf(row.cells[0])));
  result.after = values();
  table.querySelector("th button").click();
  result.sorted = values();
  document.documentElement.dataset.result = JSON.stringify(result);
});
</script>
"""
CORNER, OPPOSITE = np.zeros((2, 2)), np.zeros((2, 2))
CORNER[0, 0] = OPPOSITE[1, 1] = 1.0


def sight(correct, agreements, defect=""):
    maps = {
        method: Shown(np.stack([CORNER, OPPOSITE]), agreement, 0.25, defect if method == "gradcam" else "")
        for method, agreement in zip(("case", "gradcam"), agreements, strict=True)
    }
    grey = np.full((16, 16, 3), 128, np.uint8)
    return Sight(jpeg(grey), (("cat", 0.75), ("dog", 0.125)), correct, maps)


@pytest.fixture
def found(tmp_path, browse):
    synthetic = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "unit" / "figures" / "synthetic.py")))
    agreement = synthetic.agreement_table(synthetic.agreement_scores())
    long = pd.DataFrame({"n": np.random.default_rng(0).permutation(PRINTED + 50), "reason": "kept"})
    sights = {
        "a": sight(correct=True, agreements=(30.0, 50.0)),
        "b": sight(correct=False, agreements=(10.0, 20.0)),
        "c": sight(correct=True, agreements=(90.0, np.nan), defect="zero"),
    }
    gallery = Gallery(
        list("abc"), ["tabby", "</script>", "lynx"], {"net": sights, "vgg_small": sights}, "5%", 9, {"b"}, {"c", "d"}
    )
    experiment = Experiment("imagenet-sample", "3 photographs", agreement, synthetic.fidelity_table(), long, [])
    page = render([replace(experiment, gallery=gallery)], Background({"run": []}, {}, "0.1.0"))
    path = tmp_path / "report.html"
    path.write_text(page.replace("</body>", f"{CHECK}</body>"))
    done = browse(path, "--virtual-time-budget=20000")
    assert "CONSOLE" not in done.stderr
    return json.loads(html.unescape(re.search(r'data-result="(.*?)"', done.stdout)[1]))


def test_a_reader_finds_images_and_sees_their_maps(found):
    start = found["start"]
    assert start["images"] == ["tabby (a)", "</script> (b)", "lynx (c)"]
    assert start["told"] == ("Image 1 of 3: tabby. net says cat (0.75), then dog (0.13): right. Drop: 5%.")
    assert start["methods"] == ["CASE", "Grad-CAM"]
    assert start["captions"][0] == "CASE agreement 30.0%, drop 25.0%"
    assert start["labels"][:3] == ["CASE, top 1: cat", "CASE, top 2: dog", "CASE, difference"]
    first, second, difference = start["corners"][:3]
    assert first[0] > first[2] + 100  # the first class's map is orange there
    assert max(second[:3]) - min(second[:3]) < 10  # the other one leaves the photograph grey
    assert difference[0] > difference[2] + 100

    assert found["filter wrong"]["images"] == ["</script> (b)"]
    assert "wrong, and not counted" in found["filter wrong"]["told"]
    assert found["filter empty"]["images"] == ["lynx (c)"]
    assert found["filter empty"]["captions"][1] == "Grad-CAM not counted: zero map"
    assert [name[-2] for name in found["order low"]["images"]] == ["b", "a", "c"]
    assert [name[-2] for name in found["order apart"]["images"]] == ["a", "b", "c"]
    assert found["next"]["told"].startswith("Image 2 of 3")
    assert "VGG, small says" in found["model 1"]["told"]
    assert found["fewer"]["methods"] == ["Grad-CAM"]
    assert found["nothing"]["told"] == (
        "None of the 3 images here is of this kind; of 2 that are so on some network, 1 are not here."
    )


def test_a_long_table_is_filled_when_it_is_opened_and_sorts(found):
    assert found["before"] == 0
    assert sorted(found["after"]) == found["sorted"] == list(range(PRINTED + 50))
    assert found["after"] != found["sorted"]
