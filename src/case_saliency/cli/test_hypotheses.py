"""Test hypotheses over images: class sensitivity (RQ1) and fidelity against the reference method (RQ2).

Settings: seed, alpha, threshold, zero_method, degenerate, reference, equivalence_margin, controls.
"""

import argparse

from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.storage.columns import StoredRows
from case_saliency.storage.tables import write_table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--agreement-scores", "agreement scores of all networks (.parquet)", many=True)
    add_input(parser, "--fidelity-scores", "fidelity scores of all networks (.parquet)", many=True)
    add_settings(parser, "see above")
    add_output(parser, "--agreement", "table to write: one row for each network, layer and method (.csv)")
    add_output(parser, "--fidelity", "table to write: one row for each network, method, fill, k and measure (.csv)")
    add_output(parser, "--ranks", "table to write: methods ranked over the same images of each network (.csv)")
    add_output(parser, "--pooled", "table to write: agreement over networks and over seeds (.csv)")
    add_output(parser, "--attrition", "table to write: what became of every image (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.attrition import attrition_table
    from case_saliency.statistics.class_sensitivity import agreement_table
    from case_saliency.statistics.decisions import with_decisions
    from case_saliency.statistics.fidelity import NEEDED, fidelity_table
    from case_saliency.statistics.pooling import pooled_table
    from case_saliency.statistics.ranks import ranks_table

    settings = arguments.settings
    controls, alpha = set(setting(settings, "controls")), setting(settings, "alpha")
    degenerate = setting(settings, "degenerate")
    agreement = StoredRows(arguments.agreement_scores)
    fidelity = StoredRows(arguments.fidelity_scores, NEEDED, {"target": "top1"})  # both: test_class_specificity
    tests = agreement_table(
        agreement,
        controls=controls,
        alpha=alpha,
        threshold=setting(settings, "threshold"),
        zero_method=setting(settings, "zero_method"),
        degenerate_policy=degenerate,
        seed=setting(settings, "seed"),
    )
    write_table(tests, arguments.agreement)
    write_table(
        fidelity_table(
            fidelity,
            controls=controls,
            alpha=alpha,
            reference=setting(settings, "reference"),
            equivalence_margin=setting(settings, "equivalence_margin"),
        ),
        arguments.fidelity,
    )
    over_images = {"controls": controls, "alpha": alpha, "degenerate_policy": degenerate}
    write_table(ranks_table(agreement, **over_images), arguments.ranks)
    write_table(with_decisions(pooled_table(agreement, **over_images), tests, alpha), arguments.pooled)
    write_table(attrition_table(agreement, fidelity), arguments.attrition)
