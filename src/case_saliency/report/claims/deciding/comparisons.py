"""C8 to C10: whether CASE is as faithful as others, and by how much it is better."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from case_saliency.figures.names import p_statement
from case_saliency.report.claims import rules
from case_saliency.report.claims.deciding.cells import absent, few, gap, rows_of
from case_saliency.report.claims.evidence import Evidence, select
from case_saliency.report.claims.parts import NOT_MEASURED, Decision, Part, every, not_tested, number
from case_saliency.report.claims.rules import BASELINES, FEWEST_PAIRS, HELD_OUT, UNSOURCED
from case_saliency.report.claims.telling import HELD_OUT_TOLD, label, margin_power, spread_of


def c8(e: Evidence) -> Decision:
    """Ask whether CASE is non-inferior to each baseline and no baseline is better, at every k; VGG apart."""
    apart = [model for model in e.models if model.startswith("vgg")]
    main = _comparable(e, [model for model in e.models if model not in apart])
    return replace(main, also=(("VGG", _comparable(e, apart)),) if apart else ())


def _comparable(e: Evidence, models: Sequence[str]) -> Decision:
    table = e.fidelity[(e.fidelity["measure"] == e.measure) & (e.fidelity["fill"] == e.fill)]
    known = set(table.loc[table["model"].isin(models), "method"])
    parts, seen = [], []
    for k in e.k_removed:
        for model, seed, name in e.trainings(dict.fromkeys(models, "")):
            for method in (one for one in BASELINES if one in known):
                row = select(table, model=model, seed=seed, layer=e.main[model], method=method, k_percent=k)
                place = f"{label(method)} at {k:g}% on {name}"
                if row is None or row["n_pairs"] < FEWEST_PAIRS:
                    parts.append(gap(place, row))
                    continue
                seen.append(row)
                one = rules.c8(row["p_noninferior"], row["p_superior_holm"], e.alpha)
                told = (
                    f"{row['difference_to_case']:+.3f}, non-inferior {p_statement(row['p_noninferior'])}, "
                    f"better {p_statement(row['p_superior_holm'])}, n = {row['n_pairs']}"
                )
                parts.append(Part(place, one, told))
    if not seen:
        return not_tested("no baseline's confidence drop was measured beside CASE's with this fill")
    parts += absent(BASELINES, known)
    found = pd.DataFrame(seen)
    ours = f"method minus CASE {spread_of(found['difference_to_case'], '+.3f')}, margin {e.margin:g}"
    return every(parts, ours, spread_of(found["n_pairs"]), margin_power(found, e.margin, e.alpha))


def c9(e: Evidence) -> Decision:
    """Ask whether the interval of the gain in class sensitivity holds 42% and not 0, against both baselines."""
    main = _unsourced(e.sensitivity, ["agreement"], rules.SENSITIVITY_GAIN)
    if rows_of(e, [HELD_OUT]).empty:
        apart = not_tested(f"{label(HELD_OUT)} was not measured")
    else:
        apart = _unsourced(e.sensitivity_heldout, ["agreement"], rules.SENSITIVITY_GAIN)
    return replace(main, also=((HELD_OUT_TOLD, apart),))


def c10(e: Evidence) -> Decision:
    """Ask whether the intervals of the gains in deletion and insertion area hold 28% and not 0, against both."""
    return _unsourced(e.areas, ["deletion", "insertion"], rules.FIDELITY_GAIN)


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
            told = f"{number(row['gain'], '+.0%')} [{number(low, '+.0%')}, {number(high, '+.0%')}]"
            parts.append(Part(name, rules.c9(low, high, row["n"], figure), told, few(row["n"])))
    ours = "; ".join(f"{part.name} {part.told}" for part in parts if part.told)
    found = every(parts, ours, spread_of(gains["n"]) if len(gains) else "")
    if (lowered := rules.unsourced(found.verdict)) != found.verdict:
        return replace(found, verdict=lowered, reason="consistent with a figure that has no source")
    return found
