"""Run one command of `case-saliency` and tell, as JSON, how much CPU time of it went into its record.

    python -m benchmarks.recording OUT.json ARGUMENT ...

A process of its own for each command: what is found once for a process (the package's digest, the inventory) costs
each command once.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SPENT = {"record": 0.0}


def main() -> int:
    """Run the command under a clock."""
    out, *arguments = sys.argv[1:]
    started = time.process_time(), time.perf_counter()
    from case_saliency.cli import main as command
    from case_saliency.provenance.record import Record

    command.closure = timed(command.closure)
    command.Record = timed(Record)  # type: ignore[assignment, misc]
    Record.finish = timed(Record.finish)  # type: ignore[method-assign]
    code = command.main(arguments)
    whole = {"cpu": cpu_since(started[0]), "wall": time.perf_counter() - started[1], "record": SPENT["record"]}
    Path(out).write_text(json.dumps(whole), encoding="utf-8")
    return code


def timed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that adds the CPU time of each call, its child processes' included, to what is spent."""

    def wrapped(*arguments: Any, **named: Any) -> Any:
        start = cpu_since(0)
        try:
            return function(*arguments, **named)
        finally:
            SPENT["record"] += cpu_since(start)

    return wrapped


def cpu_since(start: float) -> float:
    """Return CPU seconds of this process and of the children that it waited for (git), less `start`."""
    import os

    told = os.times()
    return told.user + told.system + told.children_user + told.children_system - start


if __name__ == "__main__":
    sys.exit(main())
