"""Every shipped experiment can be planned: from the data set to the report, with nothing left out."""

import re
import subprocess
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


def test_commands_do_not_grow_with_the_number_of_shards(fresh):
    """A command is one argument of bash, and Linux takes 128 KiB for one: less than the names of all map files."""
    (fresh.root / "params.yaml").write_text(yaml.safe_dump(SHIPPED))
    fresh.set("run", to=["imagenet"])
    fresh.set("datasets", "imagenet", "path", to="ilsvrc")
    for name, value in {"models": ["resnet50"], "layers": ["last_conv"]}.items():
        fresh.set("experiments", "imagenet", name, to=value)
    targets = ["results/report.html", "results/figures/imagenet/map_panels/resnet50-seed0.png"]
    commands: dict[int, dict[str, str]] = {}
    for shards in (10, 60):
        fresh.set("experiments", "imagenet", "shards", to=shards)
        said = fresh.snakemake("--dry-run", "--printshellcmds", *targets)
        told = re.findall(r"^Shell command: (case-saliency --log (\S+) .*)$", said, re.MULTILINE)
        commands[shards] = {log: command for command, log in told if "-of-" not in log}
    assert commands[10].keys() == commands[60].keys()
    grown = {log: len(command) - len(commands[10][log]) for log, command in commands[60].items()}
    families = len(params.families(SHIPPED, "imagenet"))
    assert max(grown.values()) == families + 1, "a digit: of the maps of each family, and of the drops"
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\n' {commands[60]['logs/report.log']}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    maps = words[words.index("--maps") + 1 : words.index("--agreement-scores")]
    drops = words[words.index("--fidelity-scores") + 1 : words.index("--settings")]
    assert (len(set(maps)), len(set(drops))) == (60 * families, 60)
