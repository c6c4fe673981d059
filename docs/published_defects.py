"""What the replayed defects of the authors' code move, and what of the paper they touch."""

from collections.abc import Iterable, Mapping

import pandas as pd

from case_saliency.diagnostic.defects import ALL, DEFECTS
from case_saliency.figures.names import method_style, model_label

RQ1, RQ2 = "agreement", "drop"
ROWS_OF_CASE = "CASE in Tables 1, 2 and 3 and Figure 4; all p of Table 3"
TOUCHES = {
    "transposed_mask": "Table 3",
    "unpaired_samples": "Table 3",
    "case_missing": ROWS_OF_CASE,
    "arbitrary_top_sets": "Tables 1 and 2, Figure 4",
    "five_contrast_classes": ROWS_OF_CASE,
    "one_contrast_class": ROWS_OF_CASE,
    "class_in_its_own_set": ROWS_OF_CASE,
    "arbitrary_contrast_set": ROWS_OF_CASE,
    "threshold_70": "Tables 1 and 2",
    "wrong_predictions": "Tables 1 and 2, Figure 4",
    ALL: "all of these",
}
"""Defect -> the tables and figures of the paper whose numbers it enters, if they were made by that code."""
_APART = {
    9: "[last epoch kept](#the-last-epoch) | Figure 4",
    11: "[other class in the set](circularity.md) | CASE's rows",
}
_FORM = {RQ1: "{:.1f} points", RQ2: "{:.3f}"}
_TESTS = {RQ1: "Class sensitivity (Tables 1 and 2)", RQ2: "Drop against CASE (Table 3)"}


def defects_table(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return a row for each defect, and a column for each experiment: how far it moves what, and what it turns.

    Parameters
    ----------
    tables
        Experiment -> its `defects.csv`.
    """
    lines = [f"| number | defect | touches | {' | '.join(f'`{name}`' for name in tables)} |"]
    lines.append(f"| --- | --- | --- |{' --- |' * len(tables)}")
    for name, touched in TOUCHES.items():
        number, text = (DEFECTS[name].number, DEFECTS[name].text) if name in DEFECTS else ("", "all together")
        cells = [_cell(table[table["defect"] == name]) for table in tables.values()]
        lines.append(f"| {number} | {text} | {touched} | {' | '.join(cells)} |")
    lines += [f"| {number} | {text} |{' apart |' * len(tables)}" for number, text in _APART.items()]
    return "\n".join(lines)


def _cell(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "not run"
    told = [_outcome(rows[rows["outcome"] == outcome], outcome) for outcome in (RQ1, RQ2)]
    return "; ".join(part for part in told if part) or "nothing moves"


def _outcome(rows: pd.DataFrame, outcome: str) -> str:
    """Say how far one of both numbers moves at most, and what becomes of the decisions."""
    moved = rows["change"].abs().max()
    taken, given, of, lost, new = _counts(rows)
    told = [_FORM[outcome].format(moved)] if moved > 0 else []
    told += [f"{taken + given} of {of} turn"] if taken or given or told else []
    told += [f"{lost} of {of} have no p"] if lost else []
    told += [f"{new} new"] if new else []
    return f"{outcome} {', '.join(told)}" if told else ""


def _counts(rows: pd.DataFrame) -> tuple[int, int, int, int, int]:
    """Return how many decisions lose significance or win it, of how many; how many are there no longer or only now."""
    before, now = rows["p_without"].notna(), rows["p"].notna()
    turned, significant = rows["flipped"].astype(bool) & before & now, rows["significant"].astype(bool)
    counts = (turned & ~significant, turned & significant, before, before & ~now, now & ~before)
    taken, given, of, lost, new = (int(count.sum()) for count in counts)
    return taken, given, of, lost, new


def conclusions(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return what follows for the paper's tables: for each of both tests, by experiment."""
    lines = []
    for outcome, test in _TESTS.items():
        single = {
            name: table[(table["outcome"] == outcome) & table["defect"].isin(list(DEFECTS))]
            for name, table in tables.items()
        }
        turning, only = (_numbers(single.values(), where) for where in ((0, 1), (4,)))
        so = f"decisions of the paper may be artefacts of the defects {turning}, which turn some here"
        so += f"; decisions where no test is possible otherwise are made by {only}" if only else ""
        lines.append(f"- **{test}**: {so}.")
        lines += [f"    - `{name}`: {_most(rows, outcome)}; {_turning(rows)}." for name, rows in single.items()]
    return "\n".join(lines)


def _numbers(tables: Iterable[pd.DataFrame], where: tuple[int, ...]) -> str:
    """Return the numbers of the defects that have one of these counts in a table."""
    parts = [rows[rows["defect"] == name] for rows in tables for name in DEFECTS]
    found = {int(rows["number"].iloc[0]) for rows in parts if len(rows) and any(_counts(rows)[one] for one in where)}
    return ", ".join(map(str, sorted(found)))


def _most(rows: pd.DataFrame, outcome: str) -> str:
    [row] = rows.loc[[rows["change"].abs().idxmax()]].to_dict("records")
    defect, named = DEFECTS[row["defect"]], f"{method_style(row['method']).label} on {model_label(row['model'])}"
    return f"defect {defect.number} ({defect.text}) moves most, {named} by {_FORM[outcome].format(abs(row['change']))}"


def _turning(rows: pd.DataFrame) -> str:
    told = []
    for name, defect in DEFECTS.items():
        taken, given, of, _, _ = _counts(rows[rows["defect"] == name])
        parts = [f"{taken} lose significance"] if taken else []
        parts += [f"{given} win {'it' if taken else 'significance'}"] if given else []
        if parts:
            told.append(f"with {defect.number} ({defect.text}) {' and '.join(parts)}, of {of}")
    return "; ".join(told) or "no decision turns"
