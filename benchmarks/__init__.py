"""Measure the project beside its peers, in one run: `python -m benchmarks` writes results.md and results.json."""
