"""C1 to C3: which methods are class-sensitive, and whether CASE is most of all."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from case_saliency.figures.names import format_p, model_label, p_statement
from case_saliency.report.claims import rules
from case_saliency.report.claims.deciding.cells import absent, gap, place, rows_of, verdict_over_trainings
from case_saliency.report.claims.evidence import Evidence, select
from case_saliency.report.claims.parts import NOT_MEASURED, Decision, Part, every, most, not_tested
from case_saliency.report.claims.rules import BASELINES, CASE, EXTENDED, FEWEST_PAIRS, HELD_OUT, definite
from case_saliency.report.claims.telling import HELD_OUT_TOLD, agreement_told, fragile, label, sign_power, spread_of
from case_saliency.statistics.multiplicity import holm


def c1(e: Evidence) -> Decision:
    """Ask whether at least 3 of the 5 baselines are insensitive on more than half of the architectures."""
    parts, counts = [], []
    for model in e.models:
        verdicts = {method: verdict_over_trainings(e, model, method) for method in BASELINES}
        found = list(verdicts.values())
        counts.append(f"{found.count('insensitive')} of {len(found) - found.count(NOT_MEASURED)}")
        told = ", ".join(f"{label(method)} {verdict}" for method, verdict in verdicts.items())
        unmeasured = found.count(NOT_MEASURED) == len(BASELINES)
        parts.append(Part(model_label(model), rules.c1(found), told, NOT_MEASURED if unmeasured else ""))
    rows = rows_of(e, BASELINES)
    ours = f"insensitive of the measured baselines, {len(BASELINES)} in the claim, by network: {', '.join(counts)}"
    return most(parts, ours, spread_of(rows["n"]), sign_power(rows), fragile(rows))


def c2(e: Evidence) -> Decision:
    """Ask whether the largest sign-test p of CASE is below alpha, also under the worse policy for empty maps."""
    main = _rejects_everywhere(e, CASE)
    return replace(main, also=((HELD_OUT_TOLD, _rejects_everywhere(e, HELD_OUT)),))


def _rejects_everywhere(e: Evidence, method: str) -> Decision:
    parts, largest = [], []
    rows = rows_of(e, [method])
    for row in rows.to_dict("records"):
        worst = select(e.worst, **{name: row[name] for name in ("model", "seed", "layer", "method")})
        p, p_worst = (worst["p_sign"], worst["p_sign_worst"]) if worst else (np.nan, np.nan)
        largest.append(p_worst)
        if not row["n"]:
            parts.append(gap(place(e, row), row))
            continue
        one = rules.c2(p_worst, definite(row), e.alpha)
        why = "depends on the policy for empty maps" if p < e.alpha <= p_worst else ""
        told = f"{agreement_told(row)}, {p_statement(p)}, worst policy {format_p(p_worst)}"
        parts.append(Part(place(e, row), one, told, why))
    if not parts:
        return not_tested(f"{label(method)} was not measured")
    found = set(zip(rows["model"], rows["seed"], strict=True))
    trainings = e.trainings(dict.fromkeys(e.models, ""))
    parts += [gap(name, None) for model, seed, name in trainings if (model, seed) not in found]
    ours = f"largest {p_statement(max(largest))}; medians {spread_of(rows['median_agreement'], '.0f')}%"
    return every(parts, ours, spread_of(rows["n"]), sign_power(rows), fragile(rows))


def c3(e: Evidence) -> Decision:
    """Ask whether CASE is below every other method in a paired one-sided test, the largest p below alpha."""
    extended = [method for method in EXTENDED if method in set(e.agreement["method"])]
    main = _lowest(e, BASELINES)
    held_out = rows_of(e, [HELD_OUT])["median_agreement"]
    if len(held_out) and main.ours:
        main = replace(main, ours=f"{main.ours}; CASE, held out, has medians {spread_of(held_out, '.0f')}%")
    return replace(main, also=(("extended set", _lowest(e, extended)),) if extended else ())


def _lowest(e: Evidence, methods: Sequence[str]) -> Decision:
    """Ask whether CASE is below the methods. That it is above one, among many, is shown after Holm's correction."""
    known = e.pairs[e.pairs["method"].isin(methods) & (e.pairs["n_pairs"] >= FEWEST_PAIRS)]
    known = known.assign(p_higher=holm(known["p_higher"].to_numpy(dtype=float)))
    measured = {*known["method"], *e.agreement["method"]}
    parts = absent(methods, measured)
    for method in (one for one in methods if one in measured):
        for model, seed, name in e.trainings(dict.fromkeys(e.models, "")):
            row = select(known, model=model, seed=seed, method=method)
            if row is None:
                both = [e.row(model, seed, e.main[model], one) for one in (CASE, method)]
                parts.append(gap(f"{label(method)} on {name}", None if None in both else both[1]))
                continue
            one = rules.c3(row["p_lower"], row["p_higher"], e.alpha)
            told = (
                f"{row['difference']:+.1f} points [{row['ci_low']:.1f}, {row['ci_high']:.1f}], "
                f"{p_statement(row['p_lower'])}, n = {row['n_pairs']}"
            )
            parts.append(Part(f"{label(method)} on {name}", one, told))
    if known.empty:
        return every(parts, "", "")
    ours = f"largest {p_statement(known['p_lower'].max())}; least lead {known['difference'].min():+.1f} points"
    power = f"a lead of {spread_of(known['detectable'], '.1f')} points would be found with probability .8"
    return every(parts, ours, spread_of(known["n_pairs"]), power)
