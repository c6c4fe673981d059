"""The paper's Table 3 against itself: what its tests had, what follows, and where the text contradicts the numbers."""

from collections.abc import Iterator, Mapping

import pandas as pd

from case_saliency.figures.names import method_style
from case_saliency.report.paper.published import (
    ALPHA,
    NETWORKS,
    STATED_BASELINES,
    STATED_IMAGES,
    TABLE_3,
    WORDING,
    Drop,
)
from case_saliency.report.ranges import spread

SAMPLES = (1000, 5000)
"""Sizes of samples from which the implied numbers of images may be left."""


def checked(consistency: pd.DataFrame) -> list[str]:
    """Return the section of the page that checks Table 3, from the table of `side_by_side.consistency`."""
    return [
        "## The paper's Table 3 against itself",
        "",
        *_implied(consistency),
        "",
        *_follows(consistency),
        "",
        "### Where the paper's text contradicts its numbers",
        "",
        *(f"- {told}" for told in contradictions()),
    ]


def contradictions(
    drops: Mapping[str, Mapping[str, Drop]] = TABLE_3,
    wording: Mapping[tuple[str, str], str] = WORDING,
    baselines: Mapping[str, int] = STATED_BASELINES,
) -> Iterator[str]:
    """Yield where the words of the paper's text do not agree with its Table 3, found by computation.

    Parameters
    ----------
    drops
        Method -> network -> drop, as `TABLE_3`.
    wording
        (network, method) -> what the text calls the drop: "significantly higher" asks for a mean above CASE's and p
        below 5%, "non-significant" for p of at least 5%.
    baselines
        The text's words for the number of baselines -> number.
    """
    for (network, method), words in wording.items():
        drop, case = drops[method][network], drops["case"][network]
        where = f"{NETWORKS[network]}, {method_style(method).label}: the text calls the drop \u201c{words}\u201d"
        if words == "non-significant" and drop.significant:
            yield f"{where}; the table has p = {drop.p}."
        if words == "significantly higher" and not (drop.significant and drop.mean > case.mean):
            side = "below" if drop.mean < case.mean else "not significantly above"
            yield f"{where}; the table has {drop.mean:.4f}, {side} CASE's {case.mean:.4f} (p {drop.p})."
    n = len(drops) - 1
    if any(number != n for number in baselines.values()):
        told = " and ".join(f"\u201c{word}\u201d" for word in baselines)
        yield f"The text names {told} baselines; Table 3 has {n} beside CASE."


def _implied(table: pd.DataFrame) -> list[str]:
    lines = [
        "From the printed means, standard deviations and p-values follows how many pairs the tests had, if pairs were "
        "uncorrelated (in brackets what the rounding of the means allows), or how correlated 1,000 pairs were.",
        "",
        "| network | method | CASE's mean | its mean | p | pairs, if uncorrelated | correlation of 1,000 pairs |",
        "| --- | --- | --: | --: | --: | --: | --: |",
    ]
    for row in table.to_dict("records"):
        known = pd.notna(row["implied_n"])
        ends = f" [{row['implied_n_low']:.0f}, {row['implied_n_high']:.0f}]" if known else ""
        lines.append(
            f"| {NETWORKS[row['network']]} | {method_style(row['method']).label} | {row['mean_case']:.4f} | "
            f"{row['mean']:.4f} | {row['p']} | {format(row['implied_n'], '.0f') if known else '–'}{ends} | "
            f"{format(row['implied_correlation'], '.2f') if known else '–'} |"
        )
    lines.append("")
    for network, rows in table.groupby("network", sort=False):
        lines.append(
            f"- {NETWORKS[str(network)]}: {spread(rows['implied_n'], '{:.0f}')} uncorrelated pairs, or 1,000 with a "
            f"correlation of {spread(rows['implied_correlation'], '{:.2f}')}."
        )
    return lines


def _follows(table: pd.DataFrame) -> list[str]:
    """Return what the implied numbers of pairs and correlations say of the samples."""
    known = table.dropna(subset=["implied_n", "implied_correlation"]).groupby("network", sort=False)
    correlation, pairs = known["implied_correlation"], known["implied_n"].median()
    fits = [NETWORKS[str(name)] for name, least in correlation.min().items() if least > 0]
    never = [NETWORKS[str(name)] for name, most in correlation.max().items() if most < 0]
    lines = ["What follows:", ""]
    if fits:
        lines.append(
            f"- {', '.join(fits)}: the same {STATED_IMAGES:,} images for both methods of a test would fit, if drops "
            "were correlated as shown; so would samples that share no image, which is what drawing a new sample for "
            "each method gives (defect 2 of the released code). The table cannot tell which."
        )
    if never:
        lines.append(
            f"- {', '.join(never)}: {STATED_IMAGES:,} pairs fit with negative correlations only. Drops of two methods "
            "on the same images are expected to be correlated positively, so that fewer images, in samples that share "
            "few of them or none, are the likelier reading."
        )
    shares = [_share(str(network), n) for network, n in pairs.items()]
    lines.append(
        f"- The median number of uncorrelated pairs is {', '.join(shares)}. Such shares are near the accuracy of such "
        "networks: samples of these sizes without misclassified images would explain them. That is a reading, no "
        "finding."
    )
    found = [
        f"{NETWORKS[network]} {method_style(method).label} ({'higher' if drop.mean > case.mean else 'lower'})"
        for network, case in TABLE_3["case"].items()
        for method, drop in ((name, row[network]) for name, row in TABLE_3.items())
        if drop.significant
    ]
    return [*lines, f"- By its own p < {ALPHA:g} Table 3 has these drops apart from CASE's: {', '.join(found)}."]


def _share(network: str, n: float) -> str:
    sample = next((size for size in SAMPLES if n <= size), SAMPLES[-1])
    return f"{n / sample:.0%} of {sample:,} ({NETWORKS[network]})"
