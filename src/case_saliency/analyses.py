"""The analyses that an experiment may ask for beside RQ1 and RQ2, and which parameters each of their stages reads.

An analysis `x` is a stage `score_x` (a table of scores for each network, one row for each image and method), a stage
`test_x` (one table for the experiment) and a figure `x`. No torch is imported here: the workflow plans with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Analysis:
    """An analysis: its title, and the entries of params.yaml (dotted keys) that its two stages read.

    `networks` says that its scores take passes through the network; without, maps and predictions suffice. `methods`
    are those whose variants it explains, whether the experiment lists them or not.
    """

    title: str
    scored_by: tuple[str, ...]
    tested_by: tuple[str, ...] = ("diagnostic.alpha",)
    networks: bool = True
    methods: tuple[str, ...] = ()


_TOP_SET = ("diagnostic.k_percent", "diagnostic.ties")

ANALYSES: Mapping[str, Analysis] = {
    "similarity": Analysis(
        "Other measures, other k, and the level of chance",
        ("diagnostic.ties", "similarity"),
        ("diagnostic.alpha", "diagnostic.threshold", "diagnostic.degenerate"),
        networks=False,
    ),
    "reliability": Analysis(
        "Reliability: agreement of a method with itself",
        ("attribution", "diagnostic.k_percent", "reliability"),
    ),
    "pairwise": Analysis("Agreement of every two classes", ("attribution", "diagnostic.k_percent", "pairwise")),
    "circularity": Analysis(
        "Circularity: how much of CASE's low agreement is built in",
        ("attribution", *_TOP_SET, "fidelity.k_percent", "fidelity.fill", "circularity"),
        ("diagnostic.alpha", "diagnostic.threshold", "diagnostic.degenerate", "fidelity.measure"),
    ),
    "randomisation": Analysis("Randomisation of the network's weights", ("attribution", *_TOP_SET, "randomisation")),
    "localization": Analysis(
        "Localization in mosaics", ("attribution", "localization"), ("diagnostic.alpha", "fidelity.reference")
    ),
    "contrast": Analysis(
        "Contrast sets: CASE by source, number and combination of contrast classes",
        ("attribution", *_TOP_SET, "contrast"),
        ("diagnostic.alpha", "diagnostic.threshold", "diagnostic.zero_method", "diagnostic.degenerate"),
        methods=("case",),
    ),
    "layers": Analysis(
        "Layers: agreement at every target layer",
        ("attribution", *_TOP_SET),
        ("diagnostic.alpha", "diagnostic.threshold", "diagnostic.zero_method", "diagnostic.degenerate"),
    ),
    "defects": Analysis(
        "Defect replay: what the known defects of the released code do to the numbers",
        ("attribution", *_TOP_SET, "fidelity.k_percent", "defects"),
        ("diagnostic.alpha", "diagnostic.threshold", "diagnostic.zero_method"),
        methods=("case",),
    ),
    "activity": Analysis("Channel activity: how many channels of each layer are active", ("activity",)),
}


def select(params: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Return the named entries of params.yaml, nested as they are there.

    Examples
    --------
    >>> select({"a": {"b": 1, "c": 2}, "d": {"e": 3}}, ("a.b", "d"))
    {'a': {'b': 1}, 'd': {'e': 3}}
    """
    found: dict[str, Any] = {}
    for key in keys:
        section, _, entry = key.partition(".")
        if entry:
            found.setdefault(section, {})[entry] = params[section][entry]
        else:
            found[section] = params[section]
    return found
