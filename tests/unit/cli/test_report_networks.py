"""The report tells networks of one name apart by the data set that they know."""

import argparse
from pathlib import Path

import pandas as pd

from case_saliency import storage
from case_saliency.cli import photographs
from case_saliency.storage.tables import write_table


def test_a_prediction_is_told_in_the_classes_of_its_own_data_set(tmp_path) -> None:
    described = []
    for dataset, classes in (("digits", ["zero", "one"]), ("clothes", ["shirt", "shoe"])):
        file = tmp_path / f"{dataset}.json"
        storage.write_json({"dataset": dataset, "model": "net", "seed": 0, "classes": classes}, file)
        described.append(file)
    predictions = tmp_path / "first" / "net" / "seed0.parquet"
    predictions.parent.mkdir(parents=True)
    write_table(pd.DataFrame({"image_id": ["a", "b"], "top1": [1, 0], "p_top1": [0.75, 0.5]}), predictions)
    arguments = argparse.Namespace(
        settings={"experiments": {"first": {"dataset": "digits"}}},
        descriptions=described,
        predictions=[Path(predictions)],
    )
    [told] = photographs._predictions(arguments, "first", ["a"])["a"]
    assert "one" in told
    assert "shoe" not in told
