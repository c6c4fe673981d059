"""What an audit says of one thing, and the exit code that follows."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """OK: checked and found as recorded. UNVERIFIABLE: it could not be checked, which is never OK."""

    OK = "OK"
    UNVERIFIABLE = "UNVERIFIABLE"
    MISSING = "MISSING"
    MISMATCH = "MISMATCH"


_EXIT = {Verdict.OK: 0, Verdict.UNVERIFIABLE: 2, Verdict.MISSING: 1, Verdict.MISMATCH: 1}
_ORDER = tuple(Verdict)
USAGE = 3
"""Exit code of a call that asks for nothing that can be audited."""


@dataclass(frozen=True)
class Check:
    """One thing that was compared.

    Attributes
    ----------
    subject
        What it is about: a file's path, the path of a record, or a part of the repository.
    what
        What was compared, in a word or two.
    verdict
        The outcome.
    note
        Why, where it is not OK; else what a reader may want to know.
    expected, actual
        Hashes or ids, where there are any.
    """

    subject: str
    what: str
    verdict: Verdict
    note: str = ""
    expected: str | None = None
    actual: str | None = None


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest verdict; OK if there is none.

    Examples
    --------
    >>> worst([Verdict.OK, Verdict.MISSING, Verdict.UNVERIFIABLE]).value
    'MISSING'
    """
    return max(verdicts, key=_ORDER.index, default=Verdict.OK)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """Return 0 if all is verified, 1 for anything that differs or is missing, else 2.

    Examples
    --------
    >>> exit_code([Verdict.OK]), exit_code([Verdict.UNVERIFIABLE]), exit_code([Verdict.UNVERIFIABLE, Verdict.MISSING])
    (0, 2, 1)
    """
    return _EXIT[worst(verdicts)]
