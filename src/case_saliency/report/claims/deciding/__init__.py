"""One function for each claim: evidence of one experiment -> decision.

Each looks up the numbers that the claim's rule in `claims.rules` asks for, cuts the claim into parts, and writes what
was found. Nothing here decides.
"""

from collections.abc import Callable

from case_saliency.report.claims.deciding.comparisons import c8, c9, c10
from case_saliency.report.claims.deciding.densenet import c4, c5, c6, c7
from case_saliency.report.claims.deciding.sensitivity import c1, c2, c3
from case_saliency.report.claims.evidence import Evidence
from case_saliency.report.claims.parts import Decision

DECIDE: dict[str, Callable[[Evidence], Decision]] = {
    decide.__name__.upper(): decide for decide in (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10)
}
"""Id of a claim -> what decides it."""
