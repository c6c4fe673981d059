"""Decide the claims of the paper on one experiment, by the rules of docs/analysis-plan.md.

Settings: seed, experiment, dataset, layers, methods, diagnostic (alpha, threshold, k_percent), fidelity (k_percent,
measure, equivalence_margin).
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.storage.columns import StoredRows, read_columns
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

_OPTIONAL = ("layers", "activity", "curves")
_FILL = "mean"  # the plan's primary fill


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--agreement", "table of agreement (.csv)")
    add_input(parser, "--fidelity", "table of fidelity (.csv)")
    add_input(parser, "--agreement-scores", "agreement of every image, all networks (.parquet)", many=True)
    add_input(parser, "--descriptions", "descriptions of all networks (.json)", many=True)
    add_input(parser, "--layers", "table of the analysis of layers (.csv)", required=False)
    for name in _OPTIONAL:
        add_input(parser, f"--{name}-scores", f"scores of {name}, all networks (.parquet)", many=True, required=False)
    add_settings(parser, "see above")
    add_output(parser, "--claims", "verdicts to write, one for each claim (.json)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.report.claims.ledger import decide

    storage.write_json({"claims": decide(_evidence(arguments))}, arguments.claims)


def _evidence(arguments: argparse.Namespace) -> Any:
    from case_saliency.report.claims.evidence import Evidence

    settings = arguments.settings
    diagnostic, fidelity = setting(settings, "diagnostic"), setting(settings, "fidelity")
    places = _places(arguments, setting(settings, "layers"))
    main, conv2, norm5 = places
    return Evidence(
        experiment=setting(settings, "experiment"),
        dataset=setting(settings, "dataset"),
        agreement=read_table(arguments.agreement),
        fidelity=read_table(arguments.fidelity),
        layers=read_table(arguments.layers) if arguments.layers else None,
        **_tested(arguments, places),
        main=main,
        conv2=conv2,
        norm5=norm5,
        alpha=setting(diagnostic, "alpha"),
        threshold=setting(diagnostic, "threshold"),
        margin=setting(fidelity, "equivalence_margin"),
        k_percent=setting(diagnostic, "k_percent"),
        fill=_FILL,
        measure=f"drop_{setting(fidelity, 'measure')}",
        k_removed=setting(fidelity, "k_percent"),
    )


def _tested(arguments: argparse.Namespace, places: "tuple[dict[str, str], ...]") -> "dict[str, pd.DataFrame]":
    """Return the tables of `Evidence` that are computed from scores; `places` are those of `_places`."""
    from case_saliency.report.claims import rules
    from case_saliency.statistics import claims

    diagnostic, seed = setting(arguments.settings, "diagnostic"), setting(arguments.settings, "seed")
    alpha, threshold = setting(diagnostic, "alpha"), setting(diagnostic, "threshold")
    scores = StoredRows(arguments.agreement_scores)
    activity = StoredRows(arguments.activity_scores) if arguments.activity_scores else None
    curves = read_columns(arguments.curves_scores) if arguments.curves_scores else None
    main, conv2, norm5 = places
    both = {model: (conv2[model], norm5[model]) for model in conv2}
    gained = {"alpha": alpha, "seed": seed}

    def gains(method: str) -> "pd.DataFrame":
        return claims.sensitivity_gains(scores, method, rules.UNSOURCED, main, **gained)

    return {
        "worst": claims.worst_sign_tests(scores, threshold),
        "pairs": claims.against_reference(scores, rules.CASE, (*rules.BASELINES, *rules.EXTENDED), main, alpha),
        "rises": claims.layer_rises(StoredRows(_with_both(arguments, both)), both, rules.BASELINES, alpha),
        "ratios": claims.active_ratios(activity, conv2, main, **gained),
        "sensitivity": gains(rules.CASE),
        "sensitivity_heldout": gains(rules.HELD_OUT),
        "areas": claims.area_gains(curves, rules.CASE, rules.UNSOURCED, main, **gained),
    }


def _with_both(arguments: argparse.Namespace, both: dict[str, tuple[str, str]]) -> list[Path]:
    """Return the scores in which each DenseNet has both layers: the main ones, or those of the analysis of layers."""
    scores: list[Path] = arguments.agreement_scores
    wanted = {layer for layers in both.values() for layer in layers}
    lacking = wanted - set(read_columns(scores, ["layer"])["layer"])
    return arguments.layers_scores if lacking and arguments.layers_scores else scores


def _places(
    arguments: argparse.Namespace, layers: dict[str, list[str]]
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return model -> main layer, and for networks that have both, the names of conv2 and norm5 in the tables.

    Where conv2 is the main layer under another name, the tables know it by that.
    """
    main = {model: names[0] for model, names in layers.items()}
    conv2, norm5 = {}, {}
    for file in arguments.descriptions:
        description = storage.read_json(file)
        model, known = description["model"], description["target_layers"]
        if {"conv2", "norm5"} <= set(known):
            conv2[model] = main[model] if known.get(main[model]) == known["conv2"] else "conv2"
            norm5[model] = "norm5"
    return main, conv2, norm5
