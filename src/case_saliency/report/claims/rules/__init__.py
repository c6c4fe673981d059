"""The decision rules of docs/analysis-plan.md, one function for each claim: evidence of one experiment -> decision.

A rule cuts its claim into parts (networks, trainings, methods) that hold, are contradicted or are open. A part is open
where the interval or test does not tell, and where nothing was measured: no rule reads "no difference" from silence.
"""

from collections.abc import Callable

from case_saliency.report.claims.evidence import Evidence
from case_saliency.report.claims.parts import Decision
from case_saliency.report.claims.rules.comparisons import c8, c9, c10
from case_saliency.report.claims.rules.densenet import c4, c5, c6, c7
from case_saliency.report.claims.rules.sensitivity import c1, c2, c3

RULES: dict[str, Callable[[Evidence], Decision]] = {
    rule.__name__.upper(): rule for rule in (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10)
}
"""Id of a claim -> its rule."""
