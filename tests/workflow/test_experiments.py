"""Every shipped experiment can be planned: from the data set to the report, with nothing left out."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text())


@pytest.mark.parametrize("name", SHIPPED["experiments"])
def test_a_shipped_experiment_can_be_planned(fresh, name):
    experiment = SHIPPED["experiments"][name]
    (fresh.root / "params.yaml").write_text(yaml.safe_dump(SHIPPED))
    fresh.set("run", to=[name])
    fresh.set("datasets", "imagenet", "path", to="ilsvrc")
    jobs = fresh.jobs()
    n_networks = len(experiment["models"]) * len(experiment["seeds"])
    assert jobs["predict"] == jobs["score_agreement"] == jobs["score_fidelity"] == n_networks
    assert jobs.get("train_model", 0) + jobs.get("obtain_model", 0) == n_networks
    assert jobs.get("train_model", 0) == (0 if experiment["dataset"].startswith("imagenet") else n_networks)
    needs_confusion = experiment.get("parameters", {}).get("case") == {"source": "confusion"}
    assert jobs.get("estimate_confusion", 0) == (n_networks if needs_confusion else 0)
    assert jobs["attribute"] % (n_networks * (experiment["shards"] or 10)) == 0  # 1,000 images without a number: 10
    assert jobs["test_analysis"] == len(set(experiment["analyses"]) - {"curves"})
    assert jobs.get("test_curves", 0) == ("curves" in experiment["analyses"])
