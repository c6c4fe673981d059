"""What the rules of the workflow give their jobs, in the attempts of the profile of Slurm."""

import math
import re
from pathlib import Path

import yaml

from case_saliency.analyses import ANALYSES

ROOT = Path(__file__).parents[1]
RULES = {"report": "report_page", "plot": r"plot_\w+"}
"""Stages whose rule has another name than they, beside the analyses."""


def rule(stage: str) -> str:
    """Return the name of the rule that runs a stage, as a regular expression."""
    kind, _, name = stage.partition("-")
    if name in ANALYSES:
        return "test_analysis" if kind == "test" else "score_network" if ANALYSES[name].networks else "score_maps"
    return RULES.get(stage, stage.replace("-", "_"))


def given(stage: str, resource: str, images: int = 0) -> list[int]:
    """Return what each attempt of a stage is given of `mem_mb` or `runtime`; the most of where it has several rules.

    `images` are those that the job reads the scores of, of one network.
    """
    text = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "workflow/rules").glob("*.smk")))
    first = rf"^rule {rule(stage)}:\n(?:(?!rule ).*\n)*?        {resource}=growing\((\d+)(?:, an_image=([\d.]+))?\)"
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    most = max(math.ceil(int(amount) + float(each or 0) * images) for amount, each in re.findall(first, text, re.M))
    return [most * attempt for attempt in range(1, 2 + int(profile["retries"]))]


def holding(need: float, amounts: list[int]) -> str:
    """Say which attempt is the first that suffices.

    Examples
    --------
    >>> holding(1500, [1000, 2000, 3000]), holding(3001, [1000, 2000, 3000])
    ('attempt 2', 'none')
    """
    return next((f"attempt {index}" for index, amount in enumerate(amounts, 1) if amount >= need), "none")


def series(amounts: list[int]) -> str:
    """Return the amounts as they are told.

    Examples
    --------
    >>> series([1000, 2000, 3000])
    '1,000, 2,000 and 3,000'
    """
    *former, last = (f"{amount:,}" for amount in amounts)
    return f"{', '.join(former)} and {last}"
