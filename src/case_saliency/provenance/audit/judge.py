"""From evidence to checks: every comparison of an audit, in the order in which it is told. Reads nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from case_saliency.provenance.audit import judge_files, judge_runs
from case_saliency.provenance.audit.evidence import Evidence
from case_saliency.provenance.audit.verdicts import Check, Verdict, worst


@dataclass(frozen=True)
class Audit:
    """What was found: the evidence, and the checks by subject (a file, a record, or a part of the repository)."""

    evidence: Evidence
    checks: tuple[Check, ...]

    def of(self, subject: str) -> list[Check]:
        """Return the checks about one subject."""
        return self._by_subject.get(subject, [])

    def verdict(self, subject: str) -> Verdict:
        """Return the gravest verdict about one subject."""
        return worst(check.verdict for check in self.of(subject))

    @property
    def _by_subject(self) -> dict[str, list[Check]]:
        cache: dict[str, list[Check]] = self.__dict__.get("_cache", {})
        if not cache:
            for check in self.checks:
                cache.setdefault(check.subject, []).append(check)
            self.__dict__["_cache"] = cache
        return cache


def judge(evidence: Evidence, further: Iterator[Check] | tuple[Check, ...] = ()) -> Audit:
    """Compare everything; `further` are checks that were made elsewhere (data sets and weights)."""
    checks = [check for path in evidence.scope for check in judge_files.judge(evidence, path)]
    checks += [check for run in evidence.runs for check in judge_runs.judge(evidence, run)]
    checks += judge_runs.repository(evidence)
    checks += judge_files.beside(evidence)
    if evidence.everything:
        checks += judge_files.whole(evidence)
        checks += judge_runs.records(evidence)
    return Audit(evidence, (*checks, *further))
