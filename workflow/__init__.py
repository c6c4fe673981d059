"""The Snakemake workflow, and the tools beside it."""
