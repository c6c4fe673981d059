"""What is published of the replayed defects, on rows whose answer is known."""

import importlib.util
from pathlib import Path

import pandas as pd

from case_saliency.diagnostic.defects import ALL, DEFECTS

FILE = Path(__file__).resolve().parents[2] / "docs/published_defects.py"
SPEC = importlib.util.spec_from_file_location(FILE.stem, FILE)
published = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(published)

NONE = float("nan")


def row(defect, outcome, change, p_without, p, method="case"):
    number = DEFECTS[defect].number
    significant, before = p < 0.05, p_without < 0.05
    return {"defect": defect, "number": number, "outcome": outcome, "method": method, "model": "resnet_small"} | {
        "change": change, "p_without": p_without, "p": p, "significant": significant, "flipped": significant != before,
    }  # fmt: skip


TABLE = pd.DataFrame(
    [
        row("arbitrary_contrast_set", "agreement", -42.5, 0.01, 0.9),
        row("arbitrary_contrast_set", "agreement", 0.0, 0.9, 0.9, "gradcam"),
        row("arbitrary_contrast_set", "drop", 0.125, NONE, NONE),
        row("arbitrary_contrast_set", "drop", 0.0, 0.5, 0.01, "gradcam"),
        row("threshold_70", "agreement", 0.0, 0.9, 0.01, "gradcam"),
        row("threshold_70", "drop", 0.0, 0.5, 0.5, "gradcam"),
        row("case_missing", "agreement", NONE, 0.01, NONE),
        row("case_missing", "drop", 0.0, 0.5, NONE, "gradcam"),
        row("arbitrary_top_sets", "agreement", 0.0, NONE, 0.01, "gradcam"),
        row("wrong_predictions", "agreement", 0.0, 0.9, 0.9, "gradcam"),
    ]
)


def cells():
    lines = published.defects_table({"e": TABLE, "other": TABLE[TABLE["defect"] == "threshold_70"]}).splitlines()[2:]
    return {line.split(" | ")[1]: [cell.strip(" |") for cell in line.split(" | ")[3:]] for line in lines}


def test_a_row_says_how_far_a_defect_moves_and_what_it_turns():
    found = cells()
    assert found["contrast set of arbitrary classes"] == [
        "agreement 42.5 points, 1 of 2 turn; drop 0.125, 1 of 1 turn",
        "not run",
    ]
    assert found["threshold of 70%"] == ["agreement 1 of 1 turn"] * 2
    assert found["CASE fails, and the error is swallowed"][0] == "agreement 1 of 1 have no p; drop 1 of 1 have no p"
    assert found["empty maps get an arbitrary top set"][0] == "agreement 1 new"
    assert found["wrongly predicted images kept"][0] == "nothing moves"


def test_every_defect_has_a_row_and_says_what_it_touches():
    assert set(published.TOUCHES) == {*DEFECTS, ALL}
    assert len(cells()) == len(DEFECTS) + 3  # all together, and the two that are measured apart


def test_the_conclusions_name_what_turns_and_which_way():
    first, told, second, drops = published.conclusions({"e": TABLE}).splitlines()
    assert "artefacts of the defects 7, 8, which turn some here; " in first
    assert first.endswith("made by 4.")
    assert told.strip() == (
        "- `e`: defect 7 (contrast set of arbitrary classes) moves most, CASE on ResNet, small by 42.5 points; with 7 "
        "(contrast set of arbitrary classes) 1 lose significance, of 2; with 8 (threshold of 70%) 1 win significance, "
        "of 1."
    )
    assert second.endswith("artefacts of the defects 7, which turn some here.")
    assert "by 0.125; with 7 (contrast set of arbitrary classes) 1 win significance, of 1." in drops
