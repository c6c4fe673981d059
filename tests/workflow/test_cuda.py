"""On a GPU (`make test-gpu`): the workflow computes there, says so, and comes to what the processor comes to."""

import json

import numpy as np
import pytest

from case_saliency.storage.tables import read_table

pytestmark = pytest.mark.gpu

COMPUTING = {"predict", "attribute", "score_fidelity"}
PAGE = "results/report.html"
SEED = "efficientnet_lite0/seed0.parquet"


def test_workflow_on_a_gpu_comes_to_what_the_processor_comes_to(fresh):
    fresh.set("compute", "device", to="cpu")
    fresh.snakemake(PAGE)
    on_cpu = fresh.copy(fresh.root.parent / "on-cpu")
    assert {record["stage"] for record in _records(fresh) if record["machine"]["gpus_used"]} == set()

    fresh.set("compute", "device", to="cuda")
    fresh.snakemake(PAGE)
    computed = {record["stage"] for record in _records(fresh) if record["machine"]["gpus_used"]}
    assert computed == COMPUTING

    def both(name):
        return (read_table(project.root / f"results/{name}") for project in (on_cpu, fresh))

    expected, found = both(f"predictions/imagenet-sample/{SEED}")
    assert found["top1"].tolist() == expected["top1"].tolist()
    expected, found = both(f"scores/imagenet-sample/agreement/{SEED}")
    np.testing.assert_allclose(found["agreement"], expected["agreement"], atol=1.0)  # percent
    expected, found = both(f"scores/imagenet-sample/fidelity/{SEED.replace('.', '/0-of-1.')}")
    np.testing.assert_allclose(found["confidence"], expected["confidence"], rtol=1e-4)
    expected, found = both("tables/imagenet-sample/summary.csv")
    assert found["verdict"].tolist() == expected["verdict"].tolist()


def _records(project):
    return [json.loads(file.read_text()) for file in (project.root / "results/provenance").rglob("*.json")]
