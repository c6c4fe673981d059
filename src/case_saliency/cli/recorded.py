"""Whether the command that a record holds may be run: it does what the record tells of, and writes nowhere else."""

import io
import json
from contextlib import redirect_stderr

from case_saliency.cli.arguments import declare
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.audit.reading import Run, leaves

_PROGRAM = "case-saliency"


def objection(run: Run) -> str:
    """Return why a recorded command is not to be run; empty if there is no reason.

    A record is data, which may be forged: only a stage of the workflow may be run, on the files and parameters that the
    record names, and with a log inside the working folder.
    """
    from case_saliency.cli.main import STAGES

    if run.stage not in STAGES or run.command[:1] != (_PROGRAM,):
        return f"{run.stage!r} is no stage of the workflow, or its command is not one of {_PROGRAM}"
    try:
        with redirect_stderr(io.StringIO()):
            return _compared(run)
    except (SystemExit, RecursionError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return "its command cannot be parsed"
    except CaseSaliencyError as error:
        return str(error)


def _compared(run: Run) -> str:
    from case_saliency.cli.main import build_parser

    parsed = build_parser([run.stage]).parse_args(list(run.command[1:]))
    if parsed.name != run.stage:
        return f"its command is that of {parsed.name}"
    if parsed.log is not None and leaves(parsed.log.as_posix()):
        return "its command writes a log outside the working folder"
    declared = getattr(parsed.module, "declare", declare)(parsed)
    for named, recorded in ((declared.inputs, run.inputs), (declared.outputs, run.outputs)):
        paths = {(role, path.as_posix()) for role, files in named.items() for path in files}
        if paths != {(entry.role, entry.path) for entry in recorded}:
            return "its command names other files than its record"
    if any(leaves(entry.path) for entry in run.outputs):
        return "it writes outside the working folder"
    if json.loads(json.dumps(declared.parameters)) != dict(run.parameters):
        return "its command gives other parameters than its record"
    return ""
