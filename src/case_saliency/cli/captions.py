"""Title and caption of the figures of an experiment, from its tables."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from case_saliency import params
from case_saliency.analyses import ANALYSES

if TYPE_CHECKING:
    import pandas as pd

    from case_saliency.report.content import Settings


def choices(settings: Mapping[str, Any], experiment: str) -> "Settings":
    """Return what report and captions must know of params.yaml, as it holds for an experiment."""
    from case_saliency.report.content import Settings

    diagnostic, fidelity = settings["diagnostic"], params.fidelity(settings, experiment)
    return Settings(
        alpha=diagnostic["alpha"],
        threshold=diagnostic["threshold"],
        reference=fidelity["reference"],
        equivalence_margin=fidelity["equivalence_margin"],
        measure=f"drop_{fidelity['measure']}",
        contrast_source=params.entry(settings, fidelity["reference"], experiment).get("source"),
        k_percent=diagnostic["k_percent"],
    )


def every_caption(tables: "Mapping[str, pd.DataFrame]", chosen: "Settings") -> dict[str, tuple[str, str]]:
    """Return those of `captions`, and those of the analyses whose tables there are."""
    return captions(tables, chosen) | {name: of_analysis(name, tables[name]) for name in ANALYSES if name in tables}


def of_analysis(name: str, table: "pd.DataFrame") -> tuple[str, str]:
    """Return the title and the caption of an analysis' figure; its module is loaded by name."""
    drawn = importlib.import_module(f"case_saliency.figures.{name}")
    return drawn.TITLE, drawn.caption(table)


def captions(tables: "Mapping[str, pd.DataFrame]", chosen: "Settings") -> dict[str, tuple[str, str]]:
    """Return the title and the caption of each figure by its name; `tables` are those of the experiment."""
    from case_saliency.figures import (
        agreement_distributions,
        agreement_heatmap,
        attrition,
        confidence_drops,
        critical_difference,
        cross_deletion,
        equivalence,
        perturbation_curves,
        pooling,
        seeds,
        sensitivity_fidelity,
    )

    threshold, alpha = chosen.threshold, chosen.alpha
    agreement, summary = (tables["agreement"], threshold), (tables["summary"], threshold)
    drops, pooled = (tables["fidelity"], chosen.measure, chosen.reference), tables["pooled"]
    told = {
        "sensitivity_fidelity": (sensitivity_fidelity.TITLE, sensitivity_fidelity.caption(*summary)),
        "agreement_heatmap": (agreement_heatmap.TITLE, agreement_heatmap.caption(*agreement)),
        "agreement_distributions": (agreement_distributions.TITLE, agreement_distributions.caption(*agreement)),
        "critical_difference": (critical_difference.TITLE, critical_difference.caption(tables["ranks"], alpha)),
        "confidence_drops": (confidence_drops.TITLE, confidence_drops.caption(*drops, alpha=alpha)),
        "cross_deletion": (cross_deletion.TITLE, cross_deletion.caption(tables["cross_deletion"], alpha=alpha)),
        "attrition": (attrition.TITLE, attrition.caption(tables["attrition"])),
        "pooling": (pooling.TITLE, pooling.caption(pooled, alpha)),
        "equivalence": (equivalence.TITLE, equivalence.caption(*drops, chosen.equivalence_margin, alpha)),
    }
    if "curves" in tables:
        told["perturbation_curves"] = perturbation_curves.TITLE, perturbation_curves.caption(tables["curves"], alpha)
    if (pooled["pooled_over"] == "seeds").any():
        told["seeds"] = seeds.TITLE, seeds.caption(pooled, threshold, alpha)
    return told
