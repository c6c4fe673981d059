import pandas as pd
import pytest
from rich.console import Console

from case_saliency.cli.summary import show


def summary(verdicts, seeds):
    return pd.DataFrame(
        {
            "experiment": "e", "dataset": "d", "model": "vgg_small", "seed": seeds, "layer": "l", "method": "gradcam",
            "role": "method", "n": 90, "median_agreement": [float(10 * seed) for seed in seeds], "ci_low": 1.0,
            "ci_high": 9.0, "p_wilcoxon": 0.01, "rejects_paper": [verdict == "class-sensitive" for verdict in verdicts],
            "verdict": verdicts, "mean_drop": 0.25,
        }
    )  # fmt: skip


def printed(table):
    console = Console(width=80)
    with console.capture() as capture:
        show(console, "e", table)
    return capture.get()


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        (["class-sensitive"] * 3, "3/3  class-sensitive"),
        (["class-sensitive", "undecided", "undecided"], "1/3  1 sens., 2 undec."),
    ],
)
def test_trainings_of_a_network_share_a_row(verdicts, told):
    said = printed(summary(verdicts, [0, 1, 2]))
    [row] = [line for line in said.splitlines() if "gradcam" in line]
    assert " ".join(row.split()) == f"gradcam 0 to 20 {' '.join(told.split())} 0.250"
    assert "vgg_small, 3 seeds" in said
    assert "trainings on which the paper's test does" in " ".join(said.split())


def test_one_training_shows_its_interval():
    said = printed(summary(["class-sensitive"], [0]))
    [row] = [line for line in said.splitlines() if "gradcam" in line]
    assert row.split() == ["gradcam", "0.0", "1", "to", "9", "0.0100", "class-sensitive", "0.250"]
    assert max(map(len, said.splitlines())) <= 80
