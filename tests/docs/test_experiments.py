"""The page on the experiments says what its formula gives, and what params.yaml and the benchmarks say."""

import json
import re
from pathlib import Path

import pytest
import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import get_model

from case_saliency import params
from case_saliency.models import zoo

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text())
ROWS = [
    (name, *(float(cell.replace(",", "")) for cell in cells.split("|")))
    for name, cells in re.findall(r"^\| `(\w+)`[^|]*\| ([\d., |]+) \|$", PAGE, re.M)
]
MEASURED = json.loads((ROOT / "benchmarks/results.json").read_text())
GPU = MEASURED["gpu"]["figures"]


def n_channels(network, spec, layer):
    """Channels of a target layer's output, by a pass without memory."""
    found = []
    handle = network.get_submodule(spec.target_layers[layer]).register_forward_hook(
        lambda _module, _inputs, output: found.append(output.shape[1])
    )
    with torch.no_grad():
        network(torch.zeros(1, 3, 224, 224, device="meta"))
    handle.remove()
    return found[0]


def test_the_table_has_the_networks_of_the_experiment():
    assert [name for name, *_ in ROWS] == SHIPPED["experiments"]["imagenet"]["models"]


@pytest.mark.parametrize(("name", "gflop", "channels", "passes", "ms", "by_10", "maps", "drops", "hours"), ROWS)
def test_the_times_follow_from_the_formula_and_the_benchmark(
    name, gflop, channels, passes, ms, by_10, maps, drops, hours
):
    with torch.device("meta"):
        network = get_model(name, weights=None).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, 224, 224, device="meta"))
    layers = params.layers(SHIPPED, "imagenet", name)
    assert counter.get_total_flops() / 1e9 == pytest.approx(gflop, abs=0.005)
    assert sum(n_channels(network, zoo.find(name), layer) for layer in layers) == channels
    assert round(1.2 * channels + 350 + 80 * len(layers)) == passes
    told = [GPU[f"{name}_{what}_seconds"] for what in ("forward", "maps", "drops")]
    assert (ms, maps, drops) == pytest.approx((1000 * told[0], *told[1:]), abs=0.005)
    rest = round(0.1 * channels + 132 + 16 * len(layers))
    bare = next(row for row in MEASURED["gpu"]["rows"] if (row["network"], row["what"]) == (name, "bare forward pass"))
    assert f" {by_10:.2f} ms by {SHIPPED['compute']['batch_size']}," in bare["remark"]
    assert 1000 * (told[1] + told[2] + rest * by_10 / 1000) / 3600 == pytest.approx(hours, abs=0.005)


def test_the_sums_are_those_of_the_table():
    imagenet = sum(hours for *_, hours in ROWS)
    training = 15 * (40_000 * 3 + 5_000) * GPU["densenet201_forward_seconds"] / 3600
    densenet = next(hours for name, *_, hours in ROWS if name == "densenet201")
    assert f"`imagenet` is the sum, {imagenet:.1f} h" in PAGE
    starts = [10 * int(count) / 3600 for count in re.findall(r" (\d+)\s(?:jobs|starts)\.", PAGE)]
    assert f"| {imagenet + starts[0]:.1f} h, extrapolated |" in PAGE
    assert f"{training:.2f} h for each\ntraining" in PAGE
    assert f"| {5 * (densenet + training) + starts[1]:.1f} h, extrapolated |" in PAGE


def test_the_measured_figures_are_those_of_the_benchmarks():
    measured = MEASURED["attribution"]
    assert f"{measured['figures']['resnet50_score_over_masked_forwards']:.2f} times as long" in PAGE
    [bare] = [row["seconds"] for row in measured["rows"] if row["network"] == "resnet50" and "bare" in row["what"]]
    assert f"takes {bare} s for a pass" in PAGE
    rate = 8.18e9 / bare
    assert f"{rate / 1e10:.1f} x 10^10" in PAGE
    total = sum(1000 * passes * gflop * 1e9 for _, gflop, _, passes, *_ in ROWS)
    assert f"{total / rate / 86400:.0f} days" in PAGE


def test_what_is_said_of_the_gpu_was_measured():
    gains = [GPU[f"{name}_float32_over_bfloat16"] for name, *_ in ROWS]
    assert f"bfloat16 is {min(gains):.1f} to {max(gains):.1f} times as fast" in PAGE
    assert max(abs(GPU[f"{name}_deterministic_over_free"] - 1) for name, *_ in ROWS) < 0.02
    rates = [gflop / ms for _, gflop, _, _, ms, *_ in ROWS]
    assert f"made {min(rates):.0f} x 10^12" in PAGE
    assert f"and {max(rates):.0f} x 10^12 with VGG" in PAGE
    card = next(row["remark"] for row in MEASURED["gpu"]["rows"] if row["what"] == "card")
    assert card.split(",")[0] in PAGE


def test_every_experiment_has_its_rows():
    for name in SHIPPED["experiments"]:
        assert len(re.findall(rf"^\| `{name}` \|", PAGE, re.M)) == 2
