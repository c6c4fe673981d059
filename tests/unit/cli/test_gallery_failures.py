"""The gallery's images are chosen by the tables of every network that it shows."""

import argparse

import numpy as np
import pandas as pd
import pytest

from case_saliency.cli import gallery as module
from case_saliency.storage.tables import write_table

IMAGES = [f"image_{number:02d}" for number in range(60)]
SETTINGS = {"layers": {"first": ["last_conv"], "second": ["last_conv"]}}


@pytest.fixture
def arguments(tmp_path, monkeypatch):
    """Two networks: image 1 is wrong on the first; 3 has an empty map, and 5 one at another layer, on the second."""
    files = {"predictions": [], "agreement_scores": [], "maps": []}
    for model, wrong, empty in (("first", [1], []), ("second", [], [3, 5])):
        predictions, scores = (tmp_path / "e" / kind / model / "seed0.parquet" for kind in ("said", "scores"))
        correct = [number not in wrong for number in range(60)]
        write_table(pd.DataFrame({"image_id": IMAGES, "correct": correct}), predictions)
        defects = np.where(np.isin(range(60), empty), "zero", "")
        layers = np.where(np.arange(60) == 5, "early", "last_conv")
        write_table(pd.DataFrame({"image_id": IMAGES, "layer": layers, "degenerate": defects}), scores)
        files["predictions"].append(predictions)
        files["agreement_scores"].append(scores)
        files["maps"].append(tmp_path / "e" / model / "seed0" / "gradient" / "0-of-1.nc")
    monkeypatch.setattr("case_saliency.params.layers", lambda settings, _, model: settings["layers"][model])
    monkeypatch.setattr("case_saliency.params.fidelity", lambda *_: {"k_percent": [5.0], "fill": ["mean"]})
    monkeypatch.setattr(module, "_sights", lambda *given: list(given[3]["image_id"]))
    return argparse.Namespace(settings=SETTINGS, **files)


def test_an_image_on_which_any_network_fails_is_shown(arguments, tmp_path) -> None:
    selection = pd.DataFrame({"image_id": IMAGES, "label_name": "cat"})
    found = module.gallery(arguments, "e", selection, tmp_path)
    spaced = {IMAGES[position * 60 // 24] for position in range(24)}
    assert not spaced & {"image_01", "image_03"}, "they are shown in any case: this test sees nothing"
    assert set(found.images) == spaced | {"image_01", "image_03"}
    assert found.sights["first"] == found.sights["second"] == found.images
    assert (found.total, found.wrong, found.empty) == (60, {"image_01"}, {"image_03"})
    assert found.told.startswith("26 of 60 images are here, among them all 1 with a wrong prediction and all 1 with")
