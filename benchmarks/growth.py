"""One experiment at three numbers of images, with one network: how time grows.

Each number is run twice, one round after the other, and the faster run of a stage counts: a machine that is shared is
slower at times. About 20 minutes on two cores.
"""

import tempfile
from pathlib import Path

import pandas as pd
import torch

from benchmarks.timing import Row, cpu_seconds, tell
from benchmarks.workflow import NETWORK, clone, one_network
from case_saliency.models import networks

SIZES = (50, 150, 450)
"""Images of `digits`; its test split has 450."""
ROUNDS = 2


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    with tempfile.TemporaryDirectory() as name:
        tree = clone(Path(name) / "tree")
        rounds = [{n: _stages(tree, n, number) for n in SIZES} for number in range(ROUNDS)]
        weights = tree / f"models/digits/{NETWORK}/seed0"
        bare = _bare_pass(weights / "weights.safetensors", weights / "model.json")
    kept = {"compute": "min", "passes": "max"}
    found = {n: pd.concat([tables[n] for tables in rounds]).groupby(level=0).agg(kept) for n in SIZES}
    first, last = found[SIZES[0]], found[SIZES[-1]]
    rows = [Row(NETWORK, "bare forward pass, batches of 10", bare, "of one image")]
    for stage in [name for name in first.index if name in last.index and first.loc[name, "passes"]]:
        for n, table in found.items():
            passes, seconds = table.loc[stage, ["passes", "compute"]]
            told = f"{n} images, {passes:.0f} passes, which alone take {passes * bare:.2f} s"
            rows.append(Row(str(stage), "compute", float(seconds), told))
    return {}, rows


def _stages(tree: Path, n: int, number: int) -> pd.DataFrame:
    """Run the workflow with a number of images; return seconds and passes by stage."""
    tell(f"{n} images, round {number + 1} of {ROUNDS}")
    found = one_network(tree, n, tree.parent / f"{n}-{number}.jsonl")
    return found.groupby("stage").agg({"compute": "sum", "passes": "sum"})


def _bare_pass(weights: Path, description: Path) -> float:
    module = networks.load(weights, description).module
    images = torch.zeros(10, 3, 32, 32)
    with torch.inference_mode():
        module(images)
        return min(cpu_seconds(lambda: [module(images) for _ in range(20)]) for _ in range(5)) / 200
