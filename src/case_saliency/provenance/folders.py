"""Where records and inventories of packages lie, relative to the working folder."""

from pathlib import Path

FOLDER = Path("results/provenance")
ENVIRONMENTS = "environments"
