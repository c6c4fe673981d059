"""DVC beside Snakemake: stages from the workflow's own plan, and the gates for results on their way out and in.

Snakemake decides what to run; DVC remembers what came out. `dvc.yaml` is written from the Snakefile, so that the two
cannot drift apart; `dvc.lock` is written through a gate only, since `dvc commit` believes whatever lies on the disk.
"""

import sys
from pathlib import Path

# This tree's code is asked, wherever a package of the same name is installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
