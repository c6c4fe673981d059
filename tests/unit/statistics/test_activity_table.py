import numpy as np
import pandas as pd
import pytest

from case_saliency.statistics.activity import activity_table

IDENTITY = {"experiment": "e", "dataset": "d", "model": "m", "seed": 0, "layer": "l", "kind": "output"}


def scores(n_active, labels, qualified):
    return pd.DataFrame(
        {
            **IDENTITY, "threshold": 0.1, "image_id": [str(i) for i in range(len(labels))], "label": labels,
            "n_channels": 10, "n_active": n_active, "active_fraction": np.array(n_active) / 10,
            "class_overlap": 0.5, "qualified": qualified, "reason": "",
        }
    )  # fmt: skip


def test_classes_weigh_alike_in_the_count_and_images_in_the_fraction():
    table = activity_table(scores([1, 3, 9, 10], [0, 0, 1, 1], [True, True, True, False]), alpha=0.05)
    [row] = table.to_dict("records")
    assert (row["mean_active"], row["min_class"], row["max_class"]) == (5.5, 2, 9)
    assert row["active_fraction"] == pytest.approx(13 / 30)
    assert row["ci_low"] < row["active_fraction"] < row["ci_high"]
    assert (row["n"], row["n_classes"], row["n_channels"], row["n_total"]) == (3, 2, 10, 4)
    assert row["n_excluded_misclassified"] == 1


def test_a_network_without_correct_predictions_gets_a_row_that_says_so():
    [row] = activity_table(scores([1, 2], [0, 1], [False, False]), alpha=0.05).to_dict("records")
    assert row["n"] == 0
    assert np.isnan([row["mean_active"], row["active_fraction"], row["class_overlap"]]).all()
