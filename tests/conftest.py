"""Shared by all tests: one numerical thread, as in the jobs of the workflow."""

import os

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
