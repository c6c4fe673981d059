import pandas as pd
import pytest

from case_saliency.statistics.contrast import contrast_table


def test_a_variant_is_told_apart_and_its_sets_are_counted_over_qualified_images():
    values = [10.0, 20, 30, 15, 12, 33, 99]
    scores = pd.DataFrame(
        {
            "experiment": "e", "dataset": "d", "model": "m", "seed": 0, "layer": "l", "method": "case_logits_k3",
            "image_id": [str(i) for i in range(7)], "target_a": 0, "target_b": 1, "k_percent": 5.0,
            "agreement": values, "agreement_paper": values, "degenerate": "", "qualified": [True] * 6 + [False],
            "reason": [""] * 6 + ["misclassified"],
            "source": "logits", "k": 3, "combined": "mean", "other_in_set": [1, 1, 0.5, 0.5, 0, 0, 1],
        }
    )  # fmt: skip
    [row] = contrast_table(scores, alpha=0.05, threshold=50, zero_method="wilcox").to_dict("records")
    assert (row["source"], row["k"], row["combined"], row["n"]) == ("logits", 3, "mean", 6)
    assert row["other_in_set"] == pytest.approx(0.5)
    assert row["verdict"] == "class-sensitive"
