"""Which rule makes a network: the one that obtains published weights, or the one that trains."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("folder", "rule"),
    [
        ("imagenet-sample/efficientnet_lite0", "obtain_model"),
        ("imagenet-sample/resnet50", "obtain_model"),
        ("imagenet/densenet201", "obtain_model"),
        ("cifar100/densenet201", "train_model"),
        ("cifar100-sample/densenet201", "train_model"),
        ("fashion-mnist/convnext_small", "train_model"),
    ],
)
def test_one_rule_makes_a_network(fresh: Any, folder: str, rule: str) -> None:
    jobs = fresh.jobs(f"models/{folder}/seed0/weights.safetensors")
    assert jobs.pop("fetch_dataset", 1) == 1
    assert jobs == {rule: 1}


def test_digits_are_trained_and_their_confusions_counted_where_they_are_needed(fresh: Any) -> None:
    shipped = yaml.safe_load((ROOT / "params.yaml").read_text())["experiments"]["digits"]
    n_networks = len(shipped["models"]) * len(shipped["seeds"])
    fresh.set("run", to=["digits"])
    jobs = fresh.jobs()
    assert "obtain_model" not in jobs
    assert jobs["train_model"] == jobs["estimate_confusion"] == n_networks
    fresh.set("experiments", "digits", "parameters", to={})
    fresh.set("experiments", "digits", "analyses", to=[])
    assert "estimate_confusion" not in fresh.jobs()


def test_a_recipe_retrains_its_own_networks_only(fresh: Any) -> None:
    fresh.set("run", to=["digits"])
    fresh.snakemake("data/digits/manifest.csv")
    files = [f"models/digits/{model}_small/seed0/weights.safetensors" for model in ("vgg", "resnet")]
    fresh.set("training", "digits", to={"default": {"epochs": 1}})
    fresh.snakemake(*files)
    fresh.set("training", "digits", "vgg_small", to={"batch_size": 64})
    assert fresh.jobs(*files) == {"train_model": 1}
