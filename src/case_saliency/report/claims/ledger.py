"""The ledger: each claim of the paper with its figure, ours, the rule and the verdict, as records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from case_saliency.report.claims import rules
from case_saliency.report.claims.deciding import DECIDE
from case_saliency.report.claims.evidence import Evidence
from case_saliency.report.claims.parts import Decision

VERDICTS: Mapping[rules.Verdict, str] = {
    "reproduced": "✔",
    "partly": "◐",
    "not reproduced": "✘",
    "inconclusive": "?",
    "not tested here": "–",
}
"""Verdicts with a symbol each, in the order in which they are explained."""

Subject = Literal["case", "others", "no source"]
"""What a claim is about; "no source": a figure that is told of the paper and stands nowhere in it."""


@dataclass(frozen=True)
class Claim:
    """A claim of the paper: what it says, in short and in full, its figure, the rule, and where it was made.

    `subject` is what it is about. `networks` and `datasets` are those of the claim itself: elsewhere the same rule
    decides on what stands for them, and the ledger says so. An empty `networks` means that the claim speaks of networks
    in general. `on_case` is what a claim about others says of CASE as well, and how the names of those parts begin.
    """

    short: str
    text: str
    paper: str
    rule: str
    subject: Subject
    networks: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()
    on_case: tuple[str, str] | None = None


_PAPERS = frozenset({"resnet50", "vgg19_bn", "densenet201", "convnext_large"})
_DENSENET = frozenset({"densenet201"})
_IMAGENET, _CIFAR = frozenset({"imagenet"}), frozenset({"cifar100"})

CLAIMS: Mapping[str, Claim] = {
    "C1": Claim(
        "common CAM methods fail the class-sensitivity test",
        "Widely used CAM methods fail the class-sensitivity diagnostic on most architectures.",
        "Table 1: Grad-CAM p = .8734 on ConvNeXt-L; by its text also Ablation-CAM, Grad-CAM++ or Score-CAM on others",
        rules.C1,
        "others",
        _PAPERS,
        _IMAGENET,
    ),
    "C2": Claim(
        "CASE passes the class-sensitivity test everywhere",
        "CASE rejects H0 on every architecture and data set.",
        "Table 1: p < .0001 on all four networks",
        rules.C2,
        "case",
        _PAPERS,
        _IMAGENET | _CIFAR,
    ),
    "C3": Claim(
        "CASE has the lowest agreement",
        "CASE has the lowest agreement of all compared methods.",
        "stated in the text, no figure",
        rules.C3,
        "case",
        _PAPERS,
        _IMAGENET,
    ),
    "C4": Claim(
        "at DenseNet's conv2 nearly all methods pass",
        "DenseNet, layer conv2: nearly all methods reject.",
        "Table 1: p < .0001 for all methods",
        rules.C4,
        "others",
        _DENSENET,
        _IMAGENET | _CIFAR,
    ),
    "C5": Claim(
        "at DenseNet's norm5 CASE passes and most methods do not",
        "DenseNet, layer norm5: most methods no longer reject; CASE still does.",
        "Table 2: p < .0001 for CASE and Score-CAM alone",
        rules.C5,
        "others",
        _DENSENET,
        _IMAGENET,
        ("at DenseNet's norm5 CASE passes", "CASE rejects on "),
    ),
    "C6": Claim(
        "what holds at DenseNet's conv2 holds in five trainings",
        "C4 is stable across five training seeds.",
        "Figure 4: every method rejects in each of five runs on CIFAR-100",
        rules.C6,
        "others",
        _DENSENET,
        _CIFAR,
    ),
    "C7": Claim(
        "DenseNet's conv2 is uniquely sparse",
        "DenseNet's conv2 layer is uniquely sparse in active channels.",
        "Figures 5 and 6: fewer than 20 of 32 channels, a peak near 1050 of 1920 at norm5, several hundred elsewhere",
        rules.C7,
        "others",
        _PAPERS,
        _IMAGENET,
    ),
    "C8": Claim(
        "CASE's confidence drop is comparable",
        "CASE's confidence drop is comparable to the baselines' (no method significantly better, bar VGG).",
        "Table 3: means .1163 to .2052 with CASE; p against CASE from .0057 to .97, VGG apart",
        rules.C8,
        "case",
        _PAPERS,
        _IMAGENET,
    ),
    "C9": Claim(
        "42% more class-sensitive",
        "+42% class sensitivity over Grad-CAM and Integrated Gradients.",
        "a secondary summary of the paper; the paper has no such figure",
        rules.C9,
        "no source",
        frozenset(),
        _IMAGENET | _CIFAR,
    ),
    "C10": Claim(
        "28% more faithful",
        "+28% explanation fidelity (deletion and insertion AUC) over Grad-CAM and Integrated Gradients.",
        "a secondary summary of the paper; the paper has neither the measure nor the figure",
        rules.C10,
        "no source",
        frozenset(),
        _IMAGENET | _CIFAR,
    ),
}


def decide(evidence: Evidence) -> list[dict[str, Any]]:
    """Decide every claim on one experiment.

    Returns
    -------
    One record for each claim, JSON-serialisable: id, subject, experiment, verdict, scope ("own" where networks and data
    are the claim's, "other" elsewhere), claim, paper (its figure), ours, n, rule, reason, parts and also.
    """
    records = []
    for identifier, claim in CLAIMS.items():
        decision = DECIDE[identifier](evidence)
        records.append(
            {
                "id": identifier,
                "subject": claim.subject,
                "experiment": evidence.experiment,
                "verdict": decision.verdict,
                "scope": _scope(claim, evidence, decision),
                "claim": claim.text,
                "paper": claim.paper,
                "ours": decision.ours,
                "n": decision.n,
                "rule": claim.rule,
                "reason": decision.reason,
                "parts": [vars(part) for part in decision.parts],
                "also": [{"about": about, **_brief(also)} for about, also in decision.also],
            }
        )
    return records


def _brief(decision: Decision) -> dict[str, str]:
    return {"verdict": decision.verdict, "ours": decision.ours, "n": decision.n, "reason": decision.reason}


def _scope(claim: Claim, evidence: Evidence, decision: Decision) -> str:
    if decision.verdict == "not tested here":
        return "none"
    own = evidence.dataset in claim.datasets and (not claim.networks or set(evidence.models) & claim.networks)
    return "own" if own else "other"
