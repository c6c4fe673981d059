from case_saliency.analyses import ANALYSES
from case_saliency.report.evidence.sections import _SAY


def test_every_analysis_has_words() -> None:
    assert set(_SAY) == {*ANALYSES, "curves"}
