from pathlib import Path

import numpy as np
import pytest

from case_saliency.diagnostic import defects
from case_saliency.diagnostic.defect_scores import arbitrary_agreement
from case_saliency.diagnostic.defects import DEFECTS, Switches, together


def test_every_switch_is_off_by_default_and_each_defect_turns_one_on():
    assert Switches() == Switches(threshold=None, contrast=defects.AS_IS)
    for defect in DEFECTS.values():
        changed = [name for name, value in vars(defect.switches).items() if value != vars(Switches())[name]]
        assert len(changed) == 1


def test_all_together_have_every_switch_but_that_which_leaves_nothing_of_case():
    assert together() == Switches(
        transposed_mask=True, unpaired_samples=True, arbitrary_top_sets=True, wrong_predictions=True, threshold=70.0,
        contrast="both",
    )  # fmt: skip
    assert together([]) == Switches()
    assert {one.switches.contrast for one in DEFECTS.values()} | {"both"} == {defects.AS_IS, *defects.CONTRASTS}


def test_empty_maps_agree_fully_with_each_other_and_by_chance_with_others():
    sound = np.arange(16.0).reshape(4, 4)
    pairs = np.stack(
        [
            [np.zeros((4, 4)), np.zeros((4, 4))],
            [sound, np.zeros((4, 4))],  # of equal pixels the last ones come first: those are the largest here
            [sound[::-1, ::-1], np.zeros((4, 4))],
            [np.full((4, 4), np.nan), sound],
        ]
    )
    found = arbitrary_agreement(pairs, (4, 4), 25)
    assert found[:3].tolist() == [100.0, 100.0, 0.0]
    assert np.isnan(found[3])


def test_no_other_part_of_the_package_reads_the_switches():
    folder = Path(defects.__file__).parents[1]
    readers = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if "diagnostic.defects import" in path.read_text()
    }
    parts = {"cli/score_defects.py", "statistics/defects.py", "figures/defects.py", "report/evidence/defects.py"}
    assert readers == parts


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_page_names_every_switch(defect):
    page = (Path(__file__).parents[3] / "docs/analyses/defects.md").read_text()
    row = next(line for line in page.splitlines() if f"`{defect}`" in line)
    assert row.startswith(f"| {DEFECTS[defect].number} |")
