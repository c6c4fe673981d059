import base64
import gzip
import json
from io import StringIO

import numpy as np
import pandas as pd

from case_saliency.report.meanings import MEANINGS
from case_saliency.report.tables import PRINTED, view
from case_saliency.statistics import (
    activity,
    circularity,
    defects,
    localization,
    pairwise,
    randomisation,
    reliability,
    similarity,
)


def test_cells_are_short_and_sort_by_full_precision() -> None:
    table = pd.DataFrame(
        {
            "method": ["case", "gradcam"],
            "mean": [0.123456789, np.nan],
            "p_sign": [0.00001, 0.35],
            "n": [18, 17],
            "rejects_paper": [True, False],
        }
    )
    found = view(table, "t", "A table", "t.csv")
    assert [(column.name, column.numeric) for column in found.columns] == [
        ("method", False), ("mean", True), ("p_sign", True), ("n", True), ("rejects_paper", True),
    ]  # fmt: skip
    assert found.rows == [
        [("case", "case"), ("0.1235", "0.123456789"), ("< .0001", "1e-05"), ("18", "18"), ("yes", "1")],
        [("gradcam", "gradcam"), ("–", ""), (".35", "0.35"), ("17", "17"), ("no", "0")],
    ]


def test_what_is_the_same_in_every_row_is_told_once() -> None:
    table = pd.DataFrame({"experiment": ["a", "a"], "seed": [0, 0], "p_holm": [np.nan, np.nan], "n": [1, 2]})
    found = view(table, "t", "A table", "t.csv")
    assert found.constants == [("experiment", "a"), ("seed", "0"), ("p_holm", "–")]
    assert [column.name for column in found.columns] == ["n"]
    assert view(table.head(1), "t", "A table", "t.csv").constants == []


def test_the_download_is_the_whole_table() -> None:
    table = pd.DataFrame({"experiment": ["a", "a"], "mean": [0.1 + 0.2, np.nan], "name": ['quo"te', "com,ma"]})
    kind, content = view(table, "t", "A table", "t.csv").csv.split(",", 1)
    assert kind == "data:text/csv;charset=utf-8;base64"
    back = pd.read_csv(StringIO(base64.b64decode(content).decode()))
    pd.testing.assert_frame_equal(back, table, check_exact=True, check_dtype=False)


def test_a_long_table_is_packed_with_its_download() -> None:
    table = pd.DataFrame({"n": range(PRINTED + 1), "mean": 0.5, "name": ["a", *"b" * PRINTED]})
    found = view(table, "t", "A table", "t.csv")
    assert (found.rows, found.csv, found.n_rows) == ([], "", PRINTED + 1)
    content = json.loads(gzip.decompress(base64.b64decode(found.packed)))
    assert content["rows"][:2] == [[["0", "0"], ["a", "a"]], [["1", "1"], ["b", "b"]]]
    pd.testing.assert_frame_equal(pd.read_csv(StringIO(content["csv"])), table)
    assert view(table.head(PRINTED), "t", "A table", "t.csv").packed == ""


def test_every_column_of_the_study_has_a_meaning(experiment) -> None:
    for table in (experiment.agreement, experiment.fidelity, experiment.attrition, experiment.ranks, experiment.pooled):
        assert [column.name for column in view(table, "t", "", "").columns if not column.meaning] == []


def test_every_column_of_an_analysis_has_a_meaning() -> None:
    for module in (activity, circularity, defects, localization, pairwise, randomisation, reliability, similarity):
        assert [name for name in module._COLUMNS if name not in MEANINGS] == []
    assert {"source", "k", "combined", "other_in_set", "difference_to_main"} <= set(MEANINGS)
