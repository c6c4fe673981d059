"""Run one command of `case-saliency`, and tell as JSON how much CPU time it and its record took.

    python -m benchmarks.recording OUT.json ARGUMENT ...

A process of its own for each command: what is found once for a process (the package's digest, the inventory) costs
each command once.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from case_saliency.cli import main as command
from case_saliency.provenance import code as reached
from case_saliency.provenance import inputs
from case_saliency.provenance.code import Closure
from case_saliency.provenance.record import Record

SPENT = {"record": 0.0}
_TIMED: tuple[tuple[Any, str], ...] = (
    *((reached, "closure"), (Closure, "hashes"), (inputs, "check")),
    *((Record, "__init__"), (Record, "finish")),
)


def main() -> int:
    """Run the command with a clock at everything that its record needs."""
    out, *arguments = sys.argv[1:]
    for owner, name in _TIMED:
        setattr(owner, name, timed(getattr(owner, name)))
    code = command.main(arguments)
    Path(out).write_text(json.dumps({"whole": spent(), **SPENT}), encoding="utf-8")
    return code


def timed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that adds the CPU time of each call to what is spent."""

    def wrapped(*arguments: Any, **named: Any) -> Any:
        start = spent()
        try:
            return function(*arguments, **named)
        finally:
            SPENT["record"] += spent() - start

    return wrapped


def spent() -> float:
    """Return the CPU seconds of this process, from its start, and of the children that it waited for (git)."""
    told = os.times()
    return told.user + told.system + told.children_user + told.children_system


if __name__ == "__main__":
    sys.exit(main())
