"""The decision rules of docs/analysis-plan.md, one function for each claim: evidence of one experiment -> decision.

A rule cuts its claim into parts (networks, trainings, methods) that hold, are contradicted or are open. A part is open
where the interval or test does not tell, and where nothing was measured: no rule reads "no difference" from silence.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.figures.names import format_p, model_label
from case_saliency.report.claims.evidence import (
    BASELINES,
    CASE,
    EXTENDED,
    HELD_OUT,
    PAPERS_SET,
    UNSOURCED,
    Evidence,
    select,
)
from case_saliency.report.claims.parts import NOT_MEASURED, Decision, Part, every, most, not_tested, number, state
from case_saliency.report.claims.telling import agreement_told, fragile, label, margin_power, sign_power, spread_of
from case_saliency.statistics.multiplicity import holm

FAILING = 3  # of the 5 baselines: so many insensitive ones make an architecture on which common methods fail
NEARLY_ALL = 5  # of the paper's 6 methods
MOST_BASELINES = 4  # of the 5
SEEDS = 5
SPARSE = 0.5  # a ratio of active shares below this is "sparse"
SENSITIVITY_GAIN, FIDELITY_GAIN = 0.42, 0.28  # figures without a source


def c1(e: Evidence) -> Decision:
    """Ask whether at least 3 of the 5 baselines are insensitive on more than half of the architectures."""
    parts, counts = [], []
    for model in e.models:
        verdicts = {method: _verdict_over_trainings(e, model, method) for method in BASELINES}
        found = Counter(verdicts.values())
        counts.append(found["insensitive"])
        one = state(
            holds=found["insensitive"] >= FAILING, contradicted=found["class-sensitive"] > len(BASELINES) - FAILING
        )
        told = ", ".join(f"{label(method)} {verdict}" for method, verdict in verdicts.items())
        unmeasured = found[NOT_MEASURED] == len(BASELINES)
        parts.append(Part(model_label(model), one, told, NOT_MEASURED if unmeasured else ""))
    rows = _rows(e, BASELINES)
    ours = f"insensitive baselines of {len(BASELINES)}, by network: {', '.join(map(str, counts))}"
    return most(parts, ours, spread_of(rows["n"]), sign_power(rows), fragile(rows))


def c2(e: Evidence) -> Decision:
    """Ask whether the largest sign-test p of CASE is below alpha, also under the worse policy for empty maps."""
    main = _rejects_everywhere(e, CASE)
    return replace(main, also=(("CASE, compared classes held out", _rejects_everywhere(e, HELD_OUT)),))


def _rejects_everywhere(e: Evidence, method: str) -> Decision:
    parts, largest = [], []
    rows = _rows(e, [method])
    for row in rows.to_dict("records"):
        worst = select(e.worst, **{name: row[name] for name in ("model", "seed", "layer", "method")})
        p, p_worst = (worst["p_sign"], worst["p_sign_worst"]) if worst else (np.nan, np.nan)
        one = state(holds=p_worst < e.alpha, contradicted=_verdict(row) == "insensitive")
        why = "depends on the policy for empty maps" if p < e.alpha <= p_worst else ""
        told = f"{agreement_told(row)}, p = {format_p(p)}, worst policy {format_p(p_worst)}"
        parts.append(Part(_place(e, row), one, told, why))
        largest.append(p_worst)
    if not parts:
        return not_tested(f"{label(method)} was not measured")
    ours = f"largest p {format_p(max(largest))}; medians {spread_of(rows['median_agreement'], '.0f')}%"
    return every(parts, ours, spread_of(rows["n"]), sign_power(rows), fragile(rows))


def c3(e: Evidence) -> Decision:
    """Ask whether CASE is below every other method in a paired one-sided test, the largest p below alpha."""
    extended = [method for method in EXTENDED if method in set(e.agreement["method"])]
    main = _lowest(e, BASELINES)
    held_out = _rows(e, [HELD_OUT])["median_agreement"]
    if len(held_out) and main.ours:
        main = replace(main, ours=f"{main.ours}; CASE, held out, has medians {spread_of(held_out, '.0f')}%")
    return replace(main, also=(("extended set", _lowest(e, extended)),) if extended else ())


def _lowest(e: Evidence, methods: Sequence[str]) -> Decision:
    """Ask whether CASE is below the methods. That it is above one, among many, is shown after Holm's correction."""
    known = e.pairs[e.pairs["method"].isin(methods) & (e.pairs["n_pairs"] > 1)]
    known = known.assign(p_higher=holm(known["p_higher"].to_numpy(dtype=float)))
    parts = []
    for method in methods:
        rows = known[known["method"] == method]
        if rows.empty:
            parts.append(Part(label(method), "open", "", NOT_MEASURED))
        for row in rows.to_dict("records"):
            one = state(holds=row["p_lower"] < e.alpha, contradicted=row["p_higher"] < e.alpha)
            told = (
                f"{row['difference']:+.1f} points [{row['ci_low']:.1f}, {row['ci_high']:.1f}], "
                f"p = {format_p(row['p_lower'])}, n = {row['n_pairs']}"
            )
            parts.append(Part(f"{label(method)} on {_training(e, row)}", one, told))
    if known.empty:
        return every(parts, "", "")
    ours = f"largest p {format_p(known['p_lower'].max())}; least lead {known['difference'].min():+.1f} points"
    power = f"a lead of {spread_of(known['detectable'], '.1f')} points would be found with probability .8"
    return every(parts, ours, spread_of(known["n_pairs"]), power)


def c4(e: Evidence) -> Decision:
    """Ask whether at the DenseNet's conv2 at least 5 of the 6 methods reject, after Holm's correction."""
    parts, counts = [], []
    seen: list[dict[str, Any]] = []
    for model, seed, name in e.trainings(e.conv2):
        rows = {method: e.row(model, seed, e.conv2[model], method) for method in PAPERS_SET}
        known = {method: row for method, row in rows.items() if row is not None}
        seen += known.values()
        rejecting = sum(row["p_holm"] < e.alpha for row in known.values())
        insensitive = sum(_verdict(row) == "insensitive" for row in known.values())
        counts.append(rejecting)
        one = state(holds=rejecting >= NEARLY_ALL, contradicted=insensitive > len(PAPERS_SET) - NEARLY_ALL)
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
                state(holds=case["p_holm"] < e.alpha, contradicted=_verdict(case) == "insensitive"),
                f"{agreement_told(case)}, p = {format_p(case['p_holm'])}",
            )
        )
        above = sum(row["ci_low"] >= e.threshold for row in rows)
        below = sum(_verdict(row) == "class-sensitive" for row in rows)
        parts.append(
            Part(
                f"baselines do not on {name}",
                state(holds=above >= MOST_BASELINES, contradicted=below > len(BASELINES) - MOST_BASELINES),
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
    rising, falling = int((rows["p_rise"] < e.alpha).sum()), int((rows["p_fall"] < e.alpha).sum())
    one = state(holds=rising >= MOST_BASELINES, contradicted=falling > len(BASELINES) - MOST_BASELINES)
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
            one = state(holds=row["p_holm"] < e.alpha, contradicted=_verdict(row) == "insensitive")
            told = f"{agreement_told(row)}, p = {format_p(row['p_holm'])}"
            parts.append(Part(f"{label(method)} on {name}", one, told))
    if not seen or max(map(len, seeds.values())) < 2:
        return not_tested("no DenseNet was trained from several seeds")
    parts += _absent(seen)
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
        one = state(holds=row["ci_high"] < SPARSE, contradicted=row["ci_low"] > SPARSE)
        told = f"ratio {row['ratio']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}], n = {row['n']}"
        parts.append(Part(f"{_training(e, row)} to {model_label(row['other'])} above {row['threshold']:g}", one, told))
    if not parts:
        return not_tested("the channels of a DenseNet's conv2 and of another architecture were not both counted")
    ours = f"ratios of active shares {spread_of(e.ratios['ratio'], '.2f')}"
    return every(parts, ours, spread_of(e.ratios["n"]))


def c8(e: Evidence) -> Decision:
    """Ask whether CASE is non-inferior to each baseline and no baseline is better, at every k; VGG apart."""
    apart = [model for model in e.models if model.startswith("vgg")]
    main = _comparable(e, [model for model in e.models if model not in apart])
    return replace(main, also=(("VGG", _comparable(e, apart)),) if apart else ())


def _comparable(e: Evidence, models: Sequence[str]) -> Decision:
    table = e.fidelity[(e.fidelity["measure"] == e.measure) & (e.fidelity["fill"] == e.fill)]
    parts, seen = [], []
    for k in e.k_removed:
        for model, seed, name in e.trainings(dict.fromkeys(models, "")):
            for method in BASELINES:
                row = select(table, model=model, seed=seed, layer=e.main[model], method=method, k_percent=k)
                place = f"{label(method)} at {k:g}% on {name}"
                if row is None or not row["n_pairs"]:
                    continue
                seen.append(row)
                better, within = row["p_superior_holm"] < e.alpha, row["p_noninferior"] < e.alpha
                told = (
                    f"{row['difference_to_case']:+.3f}, non-inferior p = {format_p(row['p_noninferior'])}, "
                    f"better p = {format_p(row['p_superior_holm'])}, n = {row['n_pairs']}"
                )
                parts.append(Part(place, state(holds=within and not better, contradicted=better), told))
    if not seen:
        return not_tested("no baseline's confidence drop was measured beside CASE's with this fill")
    parts += _absent(seen)
    found = pd.DataFrame(seen)
    ours = f"method minus CASE {spread_of(found['difference_to_case'], '+.3f')}, margin {e.margin:g}"
    return every(parts, ours, spread_of(found["n_pairs"]), margin_power(found, e.margin, e.alpha))


def c9(e: Evidence) -> Decision:
    """Ask whether the interval of the gain in class sensitivity holds 42% and not 0, against both baselines."""
    return _unsourced(e.sensitivity, ["agreement"], SENSITIVITY_GAIN)


def c10(e: Evidence) -> Decision:
    """Ask whether the intervals of the gains in deletion and insertion area hold 28% and not 0, against both."""
    return _unsourced(e.areas, ["deletion", "insertion"], FIDELITY_GAIN)


def _unsourced(gains: pd.DataFrame, quantities: Sequence[str], figure: float) -> Decision:
    parts = []
    for quantity in quantities:
        for baseline in UNSOURCED:
            row = select(gains, quantity=quantity, baseline=baseline)
            name = f"{quantity} against {label(baseline)}"
            if row is None:
                parts.append(Part(name, "open", "", NOT_MEASURED))
                continue
            low, high = row["ci_low"], row["ci_high"]
            one = state(holds=low <= figure <= high and not low <= 0 <= high, contradicted=not low <= figure <= high)
            told = f"{number(row['gain'], '+.0%')} [{number(low, '+.0%')}, {number(high, '+.0%')}]"
            parts.append(Part(name, one if low <= high else "open", told))
    ours = "; ".join(f"{part.name} {part.told}" for part in parts if part.told)
    found = every(parts, ours, spread_of(gains["n"]) if len(gains) else "")
    if found.verdict == "reproduced":
        return replace(found, verdict="partly", reason="consistent with a figure that has no source")
    return found


RULES: dict[str, Callable[[Evidence], Decision]] = {
    rule.__name__.upper(): rule for rule in (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10)
}


def _verdict(row: Mapping[Any, Any]) -> str:
    """Return the verdict of a cell; a definite one stands only if it stands under both policies for empty maps."""
    policies = {row["verdict"], row["verdict_if_insensitive"], row["verdict_if_sensitive"]}
    return str(row["verdict"]) if len(policies) == 1 else "undecided"


def _verdict_over_trainings(e: Evidence, model: str, method: str) -> str:
    """Return the verdict that more than half of an architecture's trainings share, at its main layer."""
    rows = [e.row(model, seed, e.main[model], method) for _, seed, _ in e.trainings({model: ""})]
    counts = Counter(NOT_MEASURED if row is None else _verdict(row) for row in rows)
    verdict, count = counts.most_common(1)[0]
    return verdict if 2 * count > len(rows) else "undecided"


def _absent(seen: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Return a part for each baseline that was measured nowhere."""
    known = {row["method"] for row in seen}
    return [Part(label(method), "open", "", NOT_MEASURED) for method in BASELINES if method not in known]


def _rows(e: Evidence, methods: Sequence[str]) -> pd.DataFrame:
    return e.agreement[e.agreement["method"].isin(methods) & (e.agreement["k_percent"] == e.k_percent)]


def _training(e: Evidence, row: Mapping[Any, Any]) -> str:
    return next(name for model, seed, name in e.trainings({row["model"]: ""}) if seed == row["seed"])


def _place(e: Evidence, row: Mapping[Any, Any]) -> str:
    several = len(set(e.agreement.loc[e.agreement["model"] == row["model"], "layer"])) > 1
    return _training(e, row) + (f", {row['layer']}" if several else "")
