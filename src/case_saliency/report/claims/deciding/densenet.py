"""C4 to C7: the layers of the DenseNet."""

from typing import Any

import pandas as pd

from case_saliency.figures.names import format_p, model_label
from case_saliency.report.claims import rules
from case_saliency.report.claims.deciding.cells import absent, few, training
from case_saliency.report.claims.evidence import Evidence
from case_saliency.report.claims.parts import Decision, Part, every, not_tested
from case_saliency.report.claims.rules import BASELINES, CASE, PAPERS_SET, SEEDS, definite
from case_saliency.report.claims.telling import agreement_told, fragile, label, sign_power, spread_of


def c4(e: Evidence) -> Decision:
    """Ask whether at the DenseNet's conv2 at least 5 of the 6 methods reject, after Holm's correction."""
    parts, counts = [], []
    seen: list[dict[str, Any]] = []
    for model, seed, name in e.trainings(e.conv2):
        rows = {method: e.row(model, seed, e.conv2[model], method) for method in PAPERS_SET}
        known = {method: row for method, row in rows.items() if row is not None}
        seen += known.values()
        p_holm = [row["p_holm"] for row in known.values()]
        counts.append(sum(p < e.alpha for p in p_holm))
        one = rules.c4(p_holm, [definite(row) for row in known.values()], e.alpha)
        told = ", ".join(f"{label(method)} p = {format_p(row['p_holm'])}" for method, row in known.items())
        absent = ", ".join(label(method) for method in PAPERS_SET if method not in known)
        parts.append(Part(name, one, told, f"not measured: {absent}" if known and absent else "" if known else absent))
    if not seen:
        return not_tested("no DenseNet with layers conv2 and norm5 was measured")
    table = pd.DataFrame(seen)
    ours = f"rejecting, by training: {', '.join(map(str, counts))} of {len(PAPERS_SET)}"
    return every(parts, ours, spread_of(table["n"]), sign_power(table), fragile(table))


def c5(e: Evidence) -> Decision:
    """Ask whether at norm5 CASE rejects, 4 of the 5 baselines do not lie below 50%, and these rise from conv2."""
    parts, seen = [], []
    for model, seed, name in e.trainings(e.norm5):
        case = e.row(model, seed, e.norm5[model], CASE)
        found = [e.row(model, seed, e.norm5[model], method) for method in BASELINES]
        rows = [row for row in found if row is not None]
        if case is None or not rows:
            continue
        seen += [case, *rows]
        parts.append(
            Part(
                f"CASE rejects on {name}",
                rules.c5_case(case["p_holm"], definite(case), e.alpha),
                f"{agreement_told(case)}, p = {format_p(case['p_holm'])}",
            )
        )
        parts.append(
            Part(
                f"baselines do not on {name}",
                rules.c5_baselines([row["ci_low"] for row in rows], list(map(definite, rows)), e.threshold),
                ", ".join(f"{label(row['method'])} {agreement_told(row)}" for row in rows),
                "" if len(rows) == len(BASELINES) else f"{len(rows)} of {len(BASELINES)} baselines measured",
            )
        )
        parts.append(_rise(e, model, seed, name))
    if not seen:
        return not_tested("no DenseNet was measured at norm5")
    table = pd.DataFrame(seen)
    ours = f"medians at norm5 {spread_of(table['median_agreement'], '.0f')}%"
    return every(parts, ours, spread_of(table["n"]), sign_power(table), fragile(table))


def _rise(e: Evidence, model: str, seed: int, name: str) -> Part:
    rows = e.rises[(e.rises["model"] == model) & (e.rises["seed"] == seed) & (e.rises["n_pairs"] > 1)]
    told = ", ".join(
        f"{label(row['method'])} {row['difference']:+.1f} points (p = {format_p(row['p_rise'])})"
        for row in rows.to_dict("records")
    )
    one = rules.c5_rise(rows["p_rise"].tolist(), rows["p_fall"].tolist(), e.alpha)
    why = "" if len(rows) == len(BASELINES) else f"{len(rows)} of {len(BASELINES)} baselines measured at both layers"
    return Part(f"baselines rise on {name}", one, told, why)


def c6(e: Evidence) -> Decision:
    """Ask whether at conv2 every method of the paper's set rejects (Holm) on each of five training seeds."""
    parts, seen = [], []
    seeds: dict[str, list[int]] = {}
    for model, seed, name in e.trainings(e.conv2):
        seeds.setdefault(model, []).append(seed)
        for method in PAPERS_SET:
            row = e.row(model, seed, e.conv2[model], method)
            if row is None:
                continue
            seen.append(row)
            one = rules.c6(row["p_holm"], definite(row), e.alpha)
            told = f"{agreement_told(row)}, p = {format_p(row['p_holm'])}"
            parts.append(Part(f"{label(method)} on {name}", one, told))
    if not seen or max(map(len, seeds.values())) < 2:
        return not_tested("no DenseNet was trained from several seeds")
    parts += absent(seen)
    short = [f"only {len(found)} of {SEEDS} seeds" for found in seeds.values() if len(found) < SEEDS]
    parts += [Part("the other seeds", "open", "", text) for text in short]
    table = pd.DataFrame(seen)
    rejecting = int((table["p_holm"] < e.alpha).sum())
    ours = f"{rejecting} of {len(table)} tests reject; medians {spread_of(table['median_agreement'], '.0f')}%"
    return every(parts, ours, spread_of(table["n"]), sign_power(table), fragile(table))


def c7(e: Evidence) -> Decision:
    """Ask whether the ratio of active shares, conv2 to another architecture, always has an interval below .5."""
    parts = []
    for row in e.ratios.to_dict("records"):
        one = rules.c7(row["ci_low"], row["ci_high"], row["n"])
        told = f"ratio {row['ratio']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}], n = {row['n']}"
        name = f"{training(e, row)} to {model_label(row['other'])} above {row['threshold']:g}"
        parts.append(Part(name, one, told, few(row["n"])))
    if not parts:
        return not_tested("the channels of a DenseNet's conv2 and of another architecture were not both counted")
    ours = f"ratios of active shares {spread_of(e.ratios['ratio'], '.2f')}"
    return every(parts, ours, spread_of(e.ratios["n"]))
