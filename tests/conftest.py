"""Shared by all tests: one numerical thread, as in the jobs of the workflow."""

import atexit
import os
import shutil
import tempfile

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="case-saliency-cache-")  # not that of the person who tests
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)
