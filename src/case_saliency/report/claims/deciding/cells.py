"""Cells that are looked up: verdicts over trainings, rows of methods, names of trainings."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

import pandas as pd

from case_saliency.report.claims.evidence import Evidence
from case_saliency.report.claims.parts import NOT_MEASURED, TOO_FEW, Part
from case_saliency.report.claims.rules import FEWEST, definite, shared
from case_saliency.report.claims.telling import label
from case_saliency.statistics.standing import stands


def verdict_over_trainings(e: Evidence, model: str, method: str) -> str:
    """Return the verdict that more than half of an architecture's trainings share, at its main layer."""
    rows = [e.row(model, seed, e.main[model], method) for _, seed, _ in e.trainings({model: ""})]
    return shared([NOT_MEASURED if row is None else definite(row) for row in rows])


def absent(methods: Sequence[str], known: Container[str]) -> list[Part]:
    """Return one open part for each method that was measured nowhere."""
    return [Part(label(method), "open", "", NOT_MEASURED) for method in methods if method not in known]


def gap(name: str, row: Mapping[Any, Any] | None) -> Part:
    """Return the open part of a cell that is not there, or has too few images to test, of a method that has others."""
    return Part(name, "open", "", NOT_MEASURED if row is None else TOO_FEW)


def few(n: int) -> str:
    """Say why an interval over n images leaves a part open, where these are too few."""
    return f"fewer than {FEWEST} images" if n < FEWEST else ""


def policy(row: Mapping[Any, Any], alpha: float) -> str:
    """Say why a rejection of the sign test leaves a part open, where empty maps change the cell's verdict."""
    return "depends on the policy for empty maps" if row["p_holm"] < alpha and not stands(row) else ""


def rows_of(e: Evidence, methods: Sequence[str]) -> pd.DataFrame:
    """Return the rows of methods at the diagnostic's k."""
    return e.agreement[e.agreement["method"].isin(methods) & (e.agreement["k_percent"] == e.k_percent)]


def training(e: Evidence, row: Mapping[Any, Any]) -> str:
    """Return the name of the training that a row belongs to."""
    return next(name for model, seed, name in e.trainings({row["model"]: ""}) if seed == row["seed"])


def place(e: Evidence, row: Mapping[Any, Any]) -> str:
    """Return the same with the layer, where the network has several."""
    several = len(set(e.agreement.loc[e.agreement["model"] == row["model"], "layer"])) > 1
    return training(e, row) + (f", {row['layer']}" if several else "")
