"""Every analysis through the real workflow, on one small network that is trained here."""

import html
import importlib

import numpy as np
import pytest

from case_saliency import storage
from case_saliency.analyses import ANALYSES
from case_saliency.cli.main import STAGES
from case_saliency.figures import perturbation_curves

CHANGES = "src/case_saliency/statistics"


def test_every_analysis_leaves_its_scores_table_and_figure(analysed):
    made = set(analysed.results())
    for name in (*ANALYSES, "curves"):
        figure = "perturbation_curves" if name == "curves" else name
        promised = {f"results/figures/digits/{figure}.{ending}" for ending in ("pdf", "png", "svg")}
        promised |= {f"results/scores/digits/{name}/vgg_small/seed0.parquet", f"results/tables/digits/{name}.csv"}
        assert promised <= made
    assert analysed.pending() == set()
