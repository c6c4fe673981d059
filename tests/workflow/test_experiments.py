"""Every shipped experiment can be planned: from the data set to the report, with nothing left out."""

import re
from pathlib import Path

import pytest
import yaml

from case_saliency import params

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text())


@pytest.mark.parametrize("name", SHIPPED["experiments"])
def test_a_shipped_experiment_can_be_planned(fresh, name):
    experiment = SHIPPED["experiments"][name]
    (fresh.root / "params.yaml").write_text(yaml.safe_dump(SHIPPED))
    fresh.set("run", to=[name])
    fresh.set("datasets", "imagenet", "path", to="ilsvrc")
    jobs = fresh.jobs()
    n_networks = len(experiment["models"]) * len(experiment["seeds"])
    n_shards = experiment["shards"] or 10  # 1,000 images without a number: 10
    assert jobs["predict"] == jobs["score_agreement"] == n_networks
    assert jobs["score_fidelity"] == n_networks * n_shards
    assert jobs.get("train_model", 0) + jobs.get("obtain_model", 0) == n_networks
    assert jobs.get("train_model", 0) == (0 if experiment["dataset"].startswith("imagenet") else n_networks)
    needs_confusion = experiment.get("parameters", {}).get("case") == {"source": "confusion"}
    assert jobs.get("estimate_confusion", 0) == (n_networks if needs_confusion else 0)
    assert jobs["attribute"] == jobs["score_fidelity"] * len(params.families(SHIPPED, name))
    assert jobs["test_analysis"] == len(set(experiment["analyses"]) - {"curves"})
    assert jobs.get("test_curves", 0) == ("curves" in experiment["analyses"])
    told = re.search(rf"`{name}` is [^`]*? (\d+)\s(?:jobs|starts)", PAGE)
    assert told is None or int(told[1]) == sum(jobs.values()) - 1  # `all` runs nothing
    assert (told is not None) == (name in {"imagenet", "cifar100"})
