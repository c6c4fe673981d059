"""The stage gives the rules the gains of CASE and, apart, those of its held-out variant."""

import argparse

import numpy as np
import pandas as pd
import pytest

from case_saliency import storage
from case_saliency.cli import decide_claims
from case_saliency.storage.tables import write_table

AGREEMENT = {"case": 10.0, "case_heldout": 40.0, "gradcam": 50.0, "integrated_gradients": 60.0}


def test_the_gains_of_the_held_out_variant_are_its_own(tmp_path) -> None:
    noise = np.random.default_rng(0).normal(0, 1, 20)
    scores = pd.DataFrame(
        {
            "experiment": "e", "dataset": "d", "model": "net", "seed": 0,
            "layer": "input" if method == "integrated_gradients" else "last_conv",
            "method": method, "image_id": f"image_{number:02d}", "k_percent": 5.0, "agreement": mean + noise[number],
            "degenerate": "", "qualified": True, "reason": "",
        }
        for method, mean in AGREEMENT.items()
        for number in range(20)
    )  # fmt: skip
    files = {name: tmp_path / f"{name}.csv" for name in ("agreement", "fidelity")}
    for file in files.values():
        write_table(pd.DataFrame({"model": ["net"]}), file)
    write_table(scores, tmp_path / "scores.parquet")
    storage.write_json({"model": "net", "target_layers": {"last_conv": "features"}}, tmp_path / "model.json")
    settings = {
        "seed": 0, "experiment": "e", "dataset": "d", "layers": {"net": ["last_conv"]},
        "diagnostic": {"alpha": 0.05, "threshold": 50.0, "k_percent": 5.0},
        "fidelity": {"equivalence_margin": 0.02, "measure": "relative_clipped", "k_percent": [5]},
    }  # fmt: skip
    arguments = argparse.Namespace(
        **files, settings=settings, agreement_scores=[tmp_path / "scores.parquet"],
        descriptions=[tmp_path / "model.json"], layers=None, layers_scores=None, activity_scores=None,
        curves_scores=None,
    )  # fmt: skip
    evidence = decide_claims._evidence(arguments)
    shift = noise.mean()
    for table, method in ((evidence.sensitivity, "case"), (evidence.sensitivity_heldout, "case_heldout")):
        gains = table.set_index("baseline")["gain"]
        for baseline in ("gradcam", "integrated_gradients"):
            ours, theirs = (100 - AGREEMENT[name] - shift for name in (method, baseline))
            assert gains[baseline] == pytest.approx(ours / theirs - 1)
