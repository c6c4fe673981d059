"""Analyses that draw maps of their own: which methods they explain, and which modules they load by name."""

from argparse import Namespace
from pathlib import Path

import pytest
import yaml

from case_saliency import params, storage
from case_saliency.analyses import ANALYSES
from case_saliency.cli import score_contrast
from case_saliency.cli.explaining import listed_methods

SHIPPED = yaml.safe_load((Path(__file__).resolve().parents[3] / "params.yaml").read_text())
LISTING = [name for name in ANALYSES if "methods" in SHIPPED.get(name, {})]


@pytest.mark.parametrize("analysis", LISTING)
def test_an_analysis_explains_the_methods_that_it_lists_or_all(analysis):
    settings = params.scoring(SHIPPED, "digits", analysis, "vgg_small")
    listed = SHIPPED[analysis]["methods"]
    wanted = [name for name in SHIPPED["experiments"]["digits"]["methods"] if listed is None or name in listed]
    assert [found.name for found in listed_methods(settings, analysis)] == wanted
    settings[analysis]["methods"] = ["gradcam", "sobel"]
    assert [found.name for found in listed_methods(settings, analysis)] == ["gradcam", "sobel"]


def test_the_analysis_of_contrast_sets_declares_case_where_the_experiment_lists_it_not(tmp_path):
    storage.write_json({"model": "vgg_small"}, tmp_path / "model.json")
    settings = {"methods": ["random"], "contrast": {"sources": ["logits"]}}
    arguments = Namespace(settings=settings, description=tmp_path / "model.json")
    assert "case_saliency.attribution.case" in score_contrast.modules(arguments)
