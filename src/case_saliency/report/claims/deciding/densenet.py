"""C4 to C7: the layers of the DenseNet."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from case_saliency.figures.names import model_label, p_statement
from case_saliency.report.claims import rules
from case_saliency.report.claims.deciding.cells import absent, few, gap, policy, training
from case_saliency.report.claims.evidence import Evidence, select
from case_saliency.report.claims.parts import NOT_MEASURED, TOO_FEW, Decision, Part, every, not_tested
from case_saliency.report.claims.rules import BASELINES, CASE, PAPERS_SET, SEEDS, rejects
from case_saliency.report.claims.telling import agreement_told, fragile, label, sign_power, spread_of


def c4(e: Evidence) -> Decision:
    """Ask whether at the DenseNet's conv2 at least 5 of the 6 methods reject, after Holm's correction."""
    parts, counts = [], []
    seen: list[dict[str, Any]] = []
    for model, seed, name in e.trainings(e.conv2):
        rows = {method: e.row(model, seed, e.conv2[model], method) for method in PAPERS_SET}
        known = {method: row for method, row in rows.items() if row is not None}
        seen += known.values()
        counts.append(sum(rejects(row, e.alpha) for row in known.values()))
        one = rules.c4(list(known.values()), e.alpha)
        told = ", ".join(f"{label(method)} {p_statement(row['p_holm'])}" for method, row in known.items())
        parts.append(Part(name, one, told, _why_c4(known, e.alpha)))
    if not seen:
        return not_tested("no DenseNet with layers conv2 and norm5 was measured")
    table = pd.DataFrame(seen)
    ours = f"rejecting, by training: {', '.join(map(str, counts))} of {len(PAPERS_SET)}"
    return every(parts, ours, spread_of(table["n"]), sign_power(table), fragile(table))


def _why_c4(known: Mapping[str, Mapping[Any, Any]], alpha: float) -> str:
    """Say what keeps a training open: methods that were not measured, have no image, or depend on the policy."""
    if not known:
        return NOT_MEASURED
    by = {NOT_MEASURED: [method for method in PAPERS_SET if method not in known]}
    for method, row in known.items():
        by.setdefault(policy(row, alpha) if row["n"] else TOO_FEW, []).append(method)
    return "; ".join(f"{why}: {', '.join(map(label, found))}" for why, found in by.items() if why and found)


def c5(e: Evidence) -> Decision:
    """Ask whether at norm5 CASE rejects, 4 of the 5 baselines do not lie below 50%, and these rise from conv2."""
    parts, seen = [], []
    for model, seed, name in e.trainings(e.norm5):
        case = e.row(model, seed, e.norm5[model], CASE)
        found = [e.row(model, seed, e.norm5[model], method) for method in BASELINES]
        rows = [row for row in found if row is not None]
        if case is None and not rows:
            continue  # the layers of this training were not analysed
        seen += [row for row in (case, *rows) if row is not None]
        parts.append(_rejecting(f"CASE rejects on {name}", case, e.alpha))
        parts.append(
            Part(
                f"baselines do not on {name}",
                rules.c5_baselines(rows, e.threshold),
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


def _rejecting(name: str, row: Mapping[Any, Any] | None, alpha: float) -> Part:
    if row is None or not row["n"]:
        return gap(name, row)
    told = f"{agreement_told(row)}, {p_statement(row['p_holm'])}"
    return Part(name, rules.c5_case(row, alpha), told, policy(row, alpha))


def _rise(e: Evidence, model: str, seed: int, name: str) -> Part:
    rows = e.rises[(e.rises["model"] == model) & (e.rises["seed"] == seed) & (e.rises["n_pairs"] > 1)]
    told = ", ".join(
        f"{label(row['method'])} {row['difference']:+.1f} points ({p_statement(row['p_rise'])})"
        for row in rows.to_dict("records")
    )
    one = rules.c5_rise(rows["p_rise"].tolist(), rows["p_fall"].tolist(), e.alpha)
    why = "" if len(rows) == len(BASELINES) else f"{len(rows)} of {len(BASELINES)} baselines measured at both layers"
    return Part(f"baselines rise on {name}", one, told, why)


def c6(e: Evidence) -> Decision:
    """Ask whether at conv2 every method of the paper's set rejects (Holm) on each of five training seeds."""
    trainings = list(e.trainings(e.conv2))
    seeds = Counter(model for model, _, _ in trainings)
    rows = {
        (method, name): e.row(model, seed, e.conv2[model], method)
        for model, seed, name in trainings
        for method in PAPERS_SET
    }
    seen = [row for row in rows.values() if row is not None]
    if not seen or max(seeds.values()) < 2:
        return not_tested("no DenseNet was trained from several seeds")
    known = {row["method"] for row in seen}
    cells = [(method, name) for method, name in rows if method in known]
    parts = [_rejecting(f"{label(method)} on {name}", rows[method, name], e.alpha) for method, name in cells]
    parts += absent(PAPERS_SET, known)
    short = [f"only {found} of {SEEDS} seeds" for found in seeds.values() if found < SEEDS]
    parts += [Part("the other seeds", "open", "", text) for text in short]
    table = pd.DataFrame(seen)
    rejecting = sum(rejects(row, e.alpha) for row in seen)
    ours = f"{rejecting} of {len(table)} tests reject; medians {spread_of(table['median_agreement'], '.0f')}%"
    return every(parts, ours, spread_of(table["n"]), sign_power(table), fragile(table))


def c7(e: Evidence) -> Decision:
    """Ask whether the ratio of active shares, conv2 to another architecture, always has an interval below .5."""
    if e.ratios.empty:
        return not_tested("the channels of a DenseNet's conv2 and of another architecture were not both counted")
    parts = []
    for row in e.ratios.to_dict("records"):
        one = rules.c7(row["ci_low"], row["ci_high"], row["n"])
        told = f"ratio {row['ratio']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}], n = {row['n']}"
        name = f"{training(e, row)} to {model_label(row['other'])} above {row['threshold']:g}"
        parts.append(Part(name, one, told, few(row["n"])))
    parts += _uncounted(e)
    ours = f"ratios of active shares {spread_of(e.ratios['ratio'], '.2f')}"
    return every(parts, ours, spread_of(e.ratios["n"]))


def _uncounted(e: Evidence) -> list[Part]:
    """Return a part for each other architecture and threshold without a ratio, on trainings that have some."""
    trainings = e.ratios[["model", "seed"]].drop_duplicates().to_dict("records")
    others = [model for model in e.models if model not in e.conv2]
    return [
        gap(f"{training(e, one)} to {model_label(other)} above {threshold:g}", None)
        for one in trainings
        for other in others
        for threshold in sorted(set(e.ratios["threshold"]))
        if select(e.ratios, model=one["model"], seed=one["seed"], other=other, threshold=threshold) is None
    ]
