"""The export of the records: made anew whenever a gate is passed, so that it tells of what is recorded."""

import subprocess
import sys
from pathlib import Path


def write(root: Path) -> list[str]:
    """Write results/ro-crate-metadata.json; return what went wrong, in a sentence, if anything did.

    An export that fails keeps nothing from being recorded or restored.
    """
    command = [sys.executable, "-m", "case_saliency.cli.main", "crate"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    said = done.stderr.strip().splitlines() or ["it said nothing"]
    return [f"the crate was not made: {said[-1]}"] if done.returncode else []
