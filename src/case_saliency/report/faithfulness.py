"""What is said of fidelity: confidence drops, paired comparisons, and class specificity by cross-deletion."""

import pandas as pd

from case_saliency.figures.fills import fills
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import split
from case_saliency.report.content import Settings
from case_saliency.report.phrases import FEW, compared, networks, unit, where
from case_saliency.report.ranges import spread
from case_saliency.statistics.standing import NO_IMAGE, with_images

_COSTS = {
    "drop_absolute": "of {} in probability",
    "drop_relative": "share of {} of its probability",
    "drop_relative_clipped": "share of {} of its probability",
    "drop_logit": "of {} in logits",
}

_TESTED = "two-sided tests, Holm-corrected; those of C8 are one-sided and may find more"


def in_short(fidelity: pd.DataFrame, settings: Settings) -> str:
    """Tell for the front what the reference costs beside other methods and controls; "" where it was not measured.

    That is at the smallest share of removed pixels, the one of the overview, with the primary fill; of the others it is
    told how often a control costs as much.
    """
    label = method_style(settings.reference).label
    primary = fidelity[fidelity["fill"] == fills(fidelity)[0]]
    first, *others = [rows for _, rows in primary.groupby("k_percent", sort=True)]
    reference = first[first["method"] == settings.reference]
    if reference.empty:
        return ""
    methods = first[(first["role"] == "method") & (first["method"] != settings.reference)]
    costs = [f"{_COSTS[settings.measure].format(spread(reference['mean'], '{:.2f}'))} with {label}"]
    groups = ((methods, "the other methods"), (first[first["role"] == "control"], "the controls"))
    costs += [f"{spread(rows['mean'], '{:.2f}')} with {name}" for rows, name in groups if len(rows)]
    told = " and ".join(part for part in (", ".join(costs[:-1]), costs[-1]) if part)
    return (
        f"Removing the top {first['k_percent'].iloc[0]:g}% of pixels costs the predicted class a mean {told}."
        f"{_paired(first, label, settings)}{_corner(first, label, settings)}"
        f"{''.join(_corner_at(rows, settings) for rows in others)}"
    )


def _others(rows: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, str]:
    """Return the methods whose drops were tested against the reference's, and say how many lack the images for it."""
    others = rows[(rows["role"] == "method") & (rows["method"] != settings.reference)]
    tested = others[others["p_vs_case"].notna()]
    lost = len(others) - len(tested)
    return tested, f" ({lost} more have too few images in common to be made)" if lost else ""


def _paired(rows: pd.DataFrame, label: str, settings: Settings) -> str:
    """Count the paired comparisons with the reference that show a difference."""
    methods, lost = _others(rows, settings)
    if methods.empty:
        return ""
    differ = methods.loc[methods["p_holm"] < settings.alpha, "difference_to_case"]
    if differ.empty:
        return f" In {len(methods)} paired comparisons with {label}{lost} no difference is shown ({_TESTED})."
    return (
        f" In paired comparisons with {label} another method's drop is larger in {(differ > 0).sum()} and smaller in "
        f"{(differ < 0).sum()} of {len(methods)}{lost}; no difference is shown in the rest ({_TESTED})."
    )


def _beating(rows: pd.DataFrame, settings: Settings) -> tuple[list[str], int]:
    """Name the panels in which a control costs as much as the reference or more, and count those that have both."""
    found, total = [], 0
    for panel in split(rows):
        reference = panel.rows.loc[panel.rows["method"] == settings.reference, "mean"].max()
        controls = panel.rows.loc[panel.rows["role"] == "control", "mean"].max()
        total += bool(pd.notna(reference) and pd.notna(controls))
        found += [panel.name] if controls >= reference else []
    return found, total


def _corner(rows: pd.DataFrame, label: str, settings: Settings) -> str:
    beating, total = _beating(rows, settings)
    if not total:
        return ""
    if not beating:
        return f" {label} costs more than every control on {networks(total, total, unit(rows))}."
    told = " and ".join(beating) if total <= FEW else networks(len(beating), total, unit(rows))
    return (
        f" On {told} a control costs as much as {label} or more: there {label} is outside the best corner, that of "
        "maps which change with the class and are more faithful than every control."
    )


def _corner_at(rows: pd.DataFrame, settings: Settings) -> str:
    beating, total = _beating(rows, settings)
    on = networks(len(beating), total, unit(rows)) if beating else f"none of {total} {unit(rows)}"
    return f" Without {rows['k_percent'].iloc[0]:g}% a control costs as much on {on}." if total else ""


def drops(fidelity: pd.DataFrame, settings: Settings) -> list[str]:
    """Tell for each share of removed pixels the reference's drop, and who differs from it.

    That is about the primary fill; the others follow in one sentence.
    """
    label = method_style(settings.reference).label
    primary, *exploratory = fills(fidelity)
    sentences = []
    for k, at_k in fidelity.groupby("k_percent", sort=True):
        rows = at_k[at_k["fill"] == primary]
        lost = spread(rows.loc[rows["method"] == settings.reference, "mean"], "{:.2f}")
        controls = spread(rows.loc[rows["role"] == "control", "mean"], "{:.2f}")
        others, missing = _others(rows, settings)
        differ = others[others["p_holm"] < settings.alpha]
        found = compared(differ, others, label, none="none shows a difference")
        sentences.append(
            f"Removing the top {k:g}% of pixels (fill: {primary}) costs the predicted class a mean "
            f"{_COSTS[settings.measure].format(lost)} with {label}, and {controls} with the controls. Of "
            f"{len(others)} paired comparisons of other methods with {label}{missing}, {found} (two-sided tests, "
            f"Holm-corrected at {settings.alpha:g}).{_equivalent(others, settings)}{_beaten(rows, settings)}"
            f"{_other_fills(at_k, exploratory, settings)}"
        )
    return sentences


def _other_fills(rows: pd.DataFrame, names: list[str], settings: Settings) -> str:
    """Tell the reference's and the controls' drops with fills that are not the primary one."""
    parts = []
    for name in names:
        filled = rows[rows["fill"] == name]
        lost = spread(filled.loc[filled["method"] == settings.reference, "mean"], "{:.2f}")
        controls = spread(filled.loc[filled["role"] == "control", "mean"], "{:.2f}")
        others, _ = _others(filled, settings)
        differ = int((others["p_holm"] < settings.alpha).sum())
        parts.append(f"{name} {lost} (controls {controls}; {differ} of {len(others)} comparisons show a difference)")
    return f" With other fills, which are exploratory, it is: {'; '.join(parts)}." if parts else ""


def _equivalent(others: pd.DataFrame, settings: Settings) -> str:
    if settings.measure == "drop_logit":  # the margin is a fraction
        return ""
    return f" {int(others['equivalent'].sum())} of them show equivalence within {settings.equivalence_margin:g}."


def _beaten(rows: pd.DataFrame, settings: Settings) -> str:
    """Say where a control costs as much as the reference: there the reference's map is no better than none."""
    parts, found, panels = [], [], split(rows)
    for panel in panels:
        reference = panel.rows.loc[panel.rows["method"] == settings.reference, "mean"].max()
        controls = panel.rows[(panel.rows["role"] == "control") & (panel.rows["mean"] >= reference)]
        if len(controls):
            names = " and ".join(method_style(method).label for method in ordered_methods(controls["method"]))
            parts.append(f"{names} on {panel.name}")
            found.append(controls)
    if not parts:
        return ""
    told = "; ".join(parts) if len(panels) <= FEW else where(pd.concat(found), rows)
    return f" A control costs as much as {method_style(settings.reference).label} or more: {told}."


def specificity(cross: pd.DataFrame | None) -> list[str]:
    """Tell for each share of removed pixels which methods get the joint verdict, and which not."""
    sentences = []
    primary, *exploratory = [""] if cross is None else fills(cross)
    told = None if cross is None else with_images(cross, "joint_verdict")
    for k, at_k in [] if told is None else told.groupby("k_percent", sort=True):
        rows = at_k[at_k["fill"] == primary]
        lost = rows[rows["joint_verdict"] == NO_IMAGE]
        without = f" No image is left {where(lost, rows)}." if len(lost) else ""
        specific, denied = (
            where(rows[rows["joint_verdict"] == verdict], rows) for verdict in ("class-specific", "not class-specific")
        )
        sentences.append(
            f"Class-specific, that is class-sensitive and faithful to its own class rather than the other one "
            f"(cross-deletion of the top {k:g}%, fill: {primary}): {specific}. Not class-specific: "
            f"{denied}.{without} The others are undecided.{_other_verdicts(at_k, rows, exploratory)}"
        )
    return sentences


def _other_verdicts(at_k: pd.DataFrame, primary: pd.DataFrame, names: list[str]) -> str:
    """Tell how often another fill gives another joint verdict."""
    keys = ["model", "seed", "layer", "method"]
    parts = []
    for name in names:
        judged = primary[primary["joint_verdict"] != NO_IMAGE]
        both = judged.merge(at_k[at_k["fill"] == name], on=keys, suffixes=("", "_other"))
        changed = int((both["joint_verdict"] != both["joint_verdict_other"]).sum())
        parts.append(f"{changed} of {len(both)} with {name}")
    return f" Another fill (exploratory) gives another verdict in {' and '.join(parts)}." if parts else ""
