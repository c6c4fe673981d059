from types import SimpleNamespace

import pandas as pd
import pytest
from rich.console import Console

from case_saliency import storage
from case_saliency.cli.summary import reported, run, show
from case_saliency.report.claims.view import ledger
from case_saliency.storage.tables import write_table


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
    assert "trainings with images on which the paper's test does" in " ".join(said.split())


def test_one_training_shows_its_interval():
    said = printed(summary(["class-sensitive"], [0]))
    [row] = [line for line in said.splitlines() if "gradcam" in line]
    assert row.split() == ["gradcam", "0.0", "1", "to", "9", "0.0100", "class-sensitive", "0.250"]
    assert max(map(len, said.splitlines())) <= 80


def test_a_verdict_that_depends_on_the_policy_for_empty_maps_is_told_as_such():
    table = summary(["class-sensitive", "class-sensitive", "undecided"], [0, 1, 2]).assign(n=[90, 90, 0])
    agreement = table[["model", "seed", "layer", "method", "n", "verdict"]].assign(
        verdict_if_insensitive=["undecided", "class-sensitive", "undecided"],
        verdict_if_sensitive=["class-sensitive", "class-sensitive", "undecided"],
    )
    said = printed(reported(table, agreement))
    [row] = [line for line in said.splitlines() if "gradcam" in line]
    assert row.split()[4:] == ["2/2", "1", "⇅,", "1", "sens.,", "1", "none", "0.250"]
    assert "⇅ policy: definite, but another one if images with an empty map count" in " ".join(said.split())
    lone = printed(reported(table.head(1), agreement.head(1)))
    assert "⇅ policy" in next(line for line in lone.splitlines() if "gradcam" in line)
    assert max(map(len, [*said.splitlines(), *lone.splitlines()])) <= 80
    assert "⇅" not in printed(reported(table.tail(2), agreement.tail(2)))


def test_without_an_image_neither_tests_nor_joint_verdicts_are_told():
    table = summary(["undecided"] * 2, [0, 1]).assign(n=0, median_agreement=float("nan"), joint_verdict="undecided")
    given = table.assign(verdict_if_insensitive="insensitive", verdict_if_sensitive="class-sensitive")
    [row] = [line for line in printed(reported(table, given)).splitlines() if "gradcam" in line]
    assert row.split() == ["gradcam", "n/a", "to", "n/a", "n/a", "no", "image", "0.250"]
    [row] = [line for line in printed(reported(table.head(1), given.head(1))).splitlines() if "gradcam" in line]
    assert row.split()[-4:] == ["no", "image", "0.250", "n/a"]


def test_the_answer_on_the_claims_is_that_of_the_report(tmp_path, capsys):
    folder = tmp_path / "tables" / "e"
    folder.mkdir(parents=True)
    table = summary(["class-sensitive"], [0])
    write_table(table, folder / "summary.csv")
    verdicts = {f"verdict_if_{name}": "class-sensitive" for name in ("sensitive", "insensitive")}
    write_table(table.assign(**verdicts), folder / "agreement.csv")
    arguments = SimpleNamespace(experiments=[], tables=tmp_path / "tables")
    run(arguments)
    assert "Does CASE hold up?" not in capsys.readouterr().out
    shared = {"scope": "other", "parts": [], "also": [], "ours": "", "n": "1", "reason": ""}
    records = [
        {"id": "C2", "experiment": "e", "verdict": "reproduced", **shared},
        {"id": "C9", "experiment": "e", "verdict": "not reproduced", **shared},
    ]
    gone = [{**record, "experiment": "not shown", "verdict": "partly"} for record in records]
    storage.write_json({"claims": [*records, *gone]}, tmp_path / "claims.json")
    run(arguments)
    told = " ".join(capsys.readouterr().out.split())
    assert "Does CASE hold up? Over e:" in told
    assert ledger(records).lead in told
