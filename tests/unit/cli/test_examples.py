"""What the map panels show of a network that is explained at several layers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from case_saliency import storage
from case_saliency.cli import examples
from case_saliency.datasets import sources
from case_saliency.models import zoo
from case_saliency.storage.maps import write_maps
from case_saliency.storage.tables import write_table


@pytest.fixture
def arguments(tmp_path):
    """Two digits with maps of one method at two layers, and of one that knows no layer."""
    rows = sources.fetch("digits", tmp_path).query("split == 'test'").head(2)
    names = rows["image_id"].tolist()
    write_table(rows, tmp_path / "manifest.csv")
    known = {"correct": True, "top1": 1, "top2": 2, "p_top1": 0.9, "p_top2": 0.1}
    write_table(pd.DataFrame({"image_id": names, **known}), tmp_path / "predictions.parquet")
    told = {"model": "vgg_small", "classes": list("0123456789")}
    transform = zoo.find("vgg_small").transform.to_dict()
    storage.write_json({**told, "transform": transform}, tmp_path / "model.json")
    values = {"late": ("case", 0.75), "early": ("case", 0.25), "input": ("sobel", 0.5)}
    maps = {
        layer: xr.Dataset(
            {method: (("image", "target", "y", "x"), np.full((2, 2, 4, 4), value, dtype=np.float32))},
            {"image": names, "target": ["top1", "top2"]},
        )
        for layer, (method, value) in values.items()
    }
    write_maps(maps, tmp_path / "maps.nc")
    scores = [
        {"image_id": name, "layer": layer, "method": method, "agreement": 100 * value}
        for layer, (method, value) in values.items()
        for name in names
    ]
    write_table(pd.DataFrame(scores), tmp_path / "scores.parquet")
    return SimpleNamespace(
        description=tmp_path / "model.json",
        predictions=tmp_path / "predictions.parquet",
        selection=tmp_path / "manifest.csv",
        manifest=tmp_path / "manifest.csv",
        maps=[tmp_path / "maps.nc"],
        scores=[tmp_path / "scores.parquet"],
        settings={"example_images": 2, "methods": ["case", "sobel"]},
    )


@pytest.mark.parametrize(("layer", "value"), [("late", 0.75), ("early", 0.25)])
def test_maps_and_agreement_are_those_of_the_layer_that_is_shown(arguments, layer, value):
    arguments.settings["layer"] = layer
    for example in examples.examples(arguments):
        assert example.agreements == {"case": 100 * value, "sobel": 50}
        assert example.maps["case"].shape == (2, 32, 32)
        np.testing.assert_allclose(example.maps["case"], value)
        np.testing.assert_allclose(example.maps["sobel"], 0.5)
