"""Every Python example of the documentation runs, as it is printed, on results of the documented shape."""

import re
import shlex
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
import yaml
from PIL import Image, PngImagePlugin
from torch import nn

from case_saliency import validation
from case_saliency.attribution.engine import attribute
from case_saliency.attribution.registry import resolve
from case_saliency.cli.main import build_parser, main
from case_saliency.models import building, checking, networks, zoo
from case_saliency.provenance.record import Record
from case_saliency.storage.maps import write_maps

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = {
    f"{page.name}-{number}": block
    for page in PAGES
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S))
}
USERS = ("my_methods", "my_networks")  # modules of the documentation
MAPS = "results/saliency/imagenet-sample/efficientnet_lite0/seed0/gradient/0-of-1.nc"
FIGURE = "results/figures/imagenet-sample/agreement_heatmap.png"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A working folder with one map file, a figure, their records, and the user's module of the documentation."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in USERS:
        [module] = [block for block in EXAMPLES.values() if block.startswith(f"# {name}.py")]
        (tmp_path / f"{name}.py").write_text(module)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 9))
    images = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    found = attribute(
        network, [(["imagenet_00_243"], images)], {"imagenet_00_243": [0, 1]}, {"last_conv": "0"}, resolve(["case"])
    )
    write_maps(found.datasets(["top1", "top2"]), MAPS)
    record("attribute", {}, MAPS)
    Path(FIGURE).parent.mkdir(parents=True)
    Image.new("RGB", (1, 1)).save(FIGURE, pnginfo=PngImagePlugin.PngInfo())
    record("plot", {"maps": [Path(MAPS)]}, FIGURE)
    yield tmp_path
    for name in USERS:
        sys.modules.pop(name, None)  # the next test may bring another module of this name


def record(stage, inputs, output):
    Record(stage, ["case-saliency", stage], {}, {}, inputs, {"file": [Path(output)]}).finish()


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(project, example):
    exec(compile(EXAMPLES[example], example, "exec"), {"__name__": "__main__"})  # noqa: S102


def test_the_documented_network_is_a_valid_one(project):
    page = (ROOT / "docs/own-methods.md").read_text(encoding="utf-8")
    [told] = [block for block in re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S) if block.startswith("models:")]
    told = yaml.safe_load(told)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["run"], params["models"] = ["imagenet-sample"], told["models"]
    params["experiments"]["imagenet-sample"] |= told["experiments"]["imagenet-sample"]
    spec = zoo.find("my_resnet", told["models"])
    assert checking.missing(spec)  # the file of weights is the reader's
    weights = project / spec.weights.path
    weights.parent.mkdir()
    network = building.build(spec, spec.n_classes)
    building.check(spec, network, spec.n_classes)
    safetensors.torch.save_file(network.state_dict(), weights)
    validation.validate(params, yaml.safe_load((ROOT / "workflow/schemas/params.schema.yaml").read_text()))
    files = project / "weights.safetensors", project / "model.json"
    networks.obtain("my_resnet", "imagenet-sample", 0, *files, own=told["models"])
    assert networks.load(*files, own=told["models"]).target_layers["block3"] == "layer3"


def test_the_keys_of_a_network_are_those_of_the_schema():
    page = (ROOT / "docs/own-methods.md").read_text(encoding="utf-8")
    schema = yaml.safe_load((ROOT / "workflow/schemas/params.schema.yaml").read_text())
    [told] = [block for block in re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S) if block.startswith("models:")]
    keys = schema["properties"]["models"]["additionalProperties"]["properties"]
    assert set(yaml.safe_load(told)["models"]["my_resnet"]) == set(keys)


def test_the_audit_follows_a_figure_and_sees_a_change(project, capsys):
    (project / MAPS).write_bytes(b"changed")
    assert main(["audit", FIGURE]) == 1
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert any(line.startswith(f"  MISMATCH {MAPS}  attribute, record ") for line in lines)
    assert lines[-1] == "Verdict: MISMATCH"


def test_the_commands_of_the_provenance_page_are_understood():
    page = (ROOT / "docs/provenance.md").read_text(encoding="utf-8") + (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S)).replace("\\\n", " ")
    lines = [
        line.partition("#")[0].partition(">")[0]
        for line in blocks.splitlines()
        if {"audit", "crate", "retire"} & set(line.split())
    ]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("case-saliency")]
    assert len(commands) > 8
    for command in commands:
        build_parser([command[0]]).parse_args(command)
