# Before params.yaml is read: it must hold values only.
import gc
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir, "src")))

from case_saliency.errors import CaseSaliencyError
from case_saliency.validation import plain

try:
    plain.check(Path("params.yaml"))
except CaseSaliencyError as error:
    raise WorkflowError(str(error)) from None

# Libraries, jobs and files of a workflow live until its end: looking for garbage among them takes time in vain.
gc.freeze()
gc.set_threshold(100_000)
