"""Tables from scores that are read block by block are those from scores that are held as a whole."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from case_saliency.diagnostic.resemblance import MEASURES
from case_saliency.statistics.activity import activity_table
from case_saliency.statistics.attrition import attrition_table
from case_saliency.statistics.circularity import circularity_table
from case_saliency.statistics.class_sensitivity import agreement_table
from case_saliency.statistics.contrast import contrast_table
from case_saliency.statistics.cross_deletion import cross_deletion_table
from case_saliency.statistics.defects import defects_table
from case_saliency.statistics.fidelity import fidelity_table
from case_saliency.statistics.layers import layers_table
from case_saliency.statistics.localization import localization_table
from case_saliency.statistics.pairwise import pairwise_table
from case_saliency.statistics.pooling import pooled_table
from case_saliency.statistics.randomisation import randomisation_table
from case_saliency.statistics.ranks import ranks_table
from case_saliency.statistics.reliability import reliability_table
from case_saliency.statistics.similarity import similarity_table
from case_saliency.storage import columns, parquet
from case_saliency.storage.columns import StoredRows
from case_saliency.storage.tables import write_table

NETWORKS = ("net", "other")
METHODS = ("case", "gradcam", "sobel")
N = 10
TESTED = {"alpha": 0.05, "threshold": 50.0, "zero_method": "wilcox"}
CONTROLS = {"controls": {"sobel"}, "alpha": 0.05}


def rows(seed, measures, degenerate="zero", **axes):
    """Rows of every combination of the axes, image by image, with a random value of each measure.

    Every seventh image does not qualify; of every fifth row the first measure is missing.
    """
    names = ["model", "image_id", "layer", "method", *axes]
    layers = {"case": ["late", "early"], "gradcam": ["late", "early"], "sobel": ["input"]}
    images = [f"image-{i}" for i in range(N)]
    table = pd.DataFrame(
        [
            (model, image, layer, method, *rest)
            for model, image, method, *rest in product(NETWORKS, images, METHODS, *axes.values())
            for layer in layers[method]
        ],
        columns=names,
    )
    random = np.random.default_rng(seed)
    table = table.assign(experiment="tiny", dataset="digits", seed=0, degenerate="", reason="", qualified=True)
    table["target_a"], table["target_b"] = random.integers(3, size=(2, len(table)))
    for measure in measures:
        table[measure] = random.uniform(0, 100, len(table))
    wrong = table["image_id"].isin(images[::7])
    missing = random.random(len(table)) < 0.2
    table.loc[wrong, ["qualified", "reason"]] = [False, "misclassified"]
    table.loc[missing, "degenerate"] = degenerate
    table.loc[missing | wrong, list(measures)] = np.nan
    return table


DROPS = (
    *("drop_absolute", "drop_relative", "drop_relative_clipped", "drop_logit", "logit_other", "logit_other_ablated"),
)


def drops(**fixed):
    axes = {"target": ["top1", "top2"], "fill": ["mean"], "k_percent": [5.0, 50.0]}
    return rows(1, DROPS, **axes).assign(test="confidence_drop", **fixed)


def agreement(**axes):
    return rows(0, ["agreement", "agreement_paper"], **axes).assign(k_percent=5.0)


def circular():
    geometry = ["cosine_a", "cosine_b", "norm_ratio_a", "norm_ratio_b", "pair_cosine"]
    random = np.random.default_rng(2)
    first = agreement().assign(
        test="agreement", compared_in=random.choice(["both", "first", "neither"], len(agreement()))
    )
    first[geometry] = random.random((len(first), len(geometry)))
    both = pd.concat([first, drops()], ignore_index=True)
    both = both[both["layer"] != "input"]
    held_out = both[both["method"] == "case"].assign(method="case_heldout")
    strong = [held_out.assign(strength=strength) for strength in (0.5, 1.0)]
    return pd.concat([both.assign(strength=np.nan), *strong], ignore_index=True)


def likeness():
    measured = rows(3, ["value"], measure=["agreement", "ssim"], k_percent=[5.0, 50.0])
    kept = (measured["measure"] == "agreement") | (measured["k_percent"] == 5.0)
    told = measured[kept].assign(resolution="input", n_top=3.0, chance=5.0, chance_se=0.1, chance_median=4.0)
    return told.assign(k_percent=told["k_percent"].where(told["measure"] == "agreement")).reset_index(drop=True)


def randomised():
    axes = {"comparison": ["intact", "other_image", "other_class"], "step": [0, 1], "target": ["top1", "top2"]}
    table = rows(4, MEASURES, **axes)
    measured = (table["comparison"] != "other_image") | (table["step"] == 0)
    return table[measured].assign(share=table["step"] / 2, response=0.5)


def located():
    table = rows(5, ["share", "hit"], mosaic=[""]).assign(class_index=0, size="native", height=4, width=4)
    table = table.assign(confidence=0.9, rank=1, contrasted=1.0, min_confidence=0.5, cell=-1)
    place = table["image_id"].str.removeprefix("image-").astype(int)
    inside = table["qualified"]
    table.loc[inside, "mosaic"] = "mosaic-" + (place % 2).astype(str)
    table.loc[inside, "cell"] = place // 2
    return table


def counted():
    table = rows(6, [], kind=["output", "rectified"]).assign(threshold=0.1, n_channels=8, label=lambda t: t["target_a"])
    n_active = np.random.default_rng(6).integers(9, size=len(table))
    return table.assign(n_active=n_active, active_fraction=n_active / 8, class_overlap=0.5)


MADE = {
    "agreement": (agreement, lambda scores: agreement_table(scores, controls={"sobel"}, **TESTED)),
    "ranks": (agreement, lambda scores: ranks_table(scores, **CONTROLS)),
    "pooled": (agreement, lambda scores: pooled_table(scores, **CONTROLS)),
    "layers": (
        agreement,
        lambda scores: layers_table(scores, main_layers=dict.fromkeys(NETWORKS, "late"), controls={"sobel"}, **TESTED),
    ),
    "contrast": (
        lambda: agreement().assign(source="logits", k=3, combined="mean", other_in_set=0.5),
        lambda scores: contrast_table(scores, **TESTED),
    ),
    "attrition": (
        lambda: agreement().assign(test="drop", fill="mean", drop_absolute=agreement()["agreement"]),
        lambda scores: attrition_table(scores, scores),
    ),
    "fidelity": (
        lambda: drops().query("target == 'top1'"),
        lambda scores: fidelity_table(scores, **CONTROLS),
    ),
    "cross_deletion": (
        drops,
        lambda scores: cross_deletion_table(
            scores,
            drops()[["experiment", "dataset", "model", "seed", "layer", "method"]]
            .drop_duplicates()
            .assign(verdict="undecided"),
            **CONTROLS,
        ),
    ),
    "circularity": (
        circular,
        lambda scores: circularity_table(scores, alpha=0.05, threshold=50.0, measure="relative_clipped"),
    ),
    "similarity": (likeness, lambda scores: similarity_table(scores, threshold=50.0, **CONTROLS)),
    "activity": (
        counted,
        lambda scores: activity_table(scores, alpha=0.05),
    ),
    "reliability": (
        lambda: rows(7, ["within", "between", "keeps_top1"], augmentation=["flip", "down"]).assign(
            chance=5.0, k_percent=5.0, within=lambda table: 50 + table["within"] / 2
        ),
        lambda scores: reliability_table(scores, **CONTROLS),
    ),
    "defects": (
        lambda: rows(
            8, ["agreement", "agreement_arbitrary", "drop", "drop_transposed"], contrast=["own", "both"]
        ).assign(k_percent=5.0),
        lambda scores: defects_table(scores, **TESTED),
    ),
    "pairwise": (
        lambda: rows(9, ["agreement"], rank_a=[1, 2], rank_b=[3]).assign(k_percent=5.0),
        lambda scores: pairwise_table(scores, **CONTROLS),
    ),
    "randomisation": (randomised, lambda scores: randomisation_table(scores, **CONTROLS)),
    "localization": (located, lambda scores: localization_table(scores, **CONTROLS)),
}


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Write each network's scores to a file of its own, in small groups of rows, to be read in small blocks."""
    monkeypatch.setattr(parquet, "_ROWS", 50)
    monkeypatch.setattr(columns, "ROWS", 150)

    def store(scores):
        files = [tmp_path / f"{network}.parquet" for network in NETWORKS]
        for network, file in zip(NETWORKS, files, strict=True):
            write_table(scores[scores["model"] == network], file)
        return StoredRows(files)

    return SimpleNamespace(store=store)


@pytest.mark.parametrize("name", MADE)
def test_a_table_does_not_depend_on_how_its_scores_are_held(stored, name):
    made, table_of = MADE[name]
    scores = made()
    held, read = table_of(scores), table_of(stored.store(scores))
    assert len(held) > 1
    pd.testing.assert_frame_equal(read, held, check_exact=True, check_dtype=False)
