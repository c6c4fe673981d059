"""The ledger as a page: the answer, an overview, and the details of each claim."""

from collections.abc import Mapping, Sequence
from typing import Any

from case_saliency.report.claims.ledger import CLAIMS, VERDICTS
from case_saliency.report.claims.view import ledger


def answer(records: Sequence[Mapping[str, Any]]) -> str:
    """Return how many claims have which verdict, CASE first, and on whose networks and data, as lines of Markdown."""
    found = ledger(records)
    if found is None:
        return "No claim was decided."
    lines = [
        "By rules that were fixed before the large runs (the analysis plan lists later changes), over the experiments "
        f"{', '.join(found.experiments)}, each of which counts:"
    ]
    for group in found.groups:
        lines += ["", f"{group.title}:", ""]
        lines += [
            f"- {found.symbols[verdict]} **{f'{n} {verdict}'.strip()}**: {told}" for verdict, n, told in group.lines
        ]
    return "\n".join([*lines, "", " ".join(text for text in (found.ground, found.published) if text)])


def markdown(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the ledger of all experiments as a page: an overview, and the details of each claim.

    Parameters
    ----------
    records
        Those of `decide`, of one or more experiments.
    """
    experiments = list(dict.fromkeys(record["experiment"] for record in records))
    found = {(record["id"], record["experiment"]): record for record in records}
    lines = [
        "# The claims of the paper",
        "",
        answer(records),
        "",
        f"Verdicts: {', '.join(f'{symbol} {verdict}' for verdict, symbol in VERDICTS.items())}. An asterisk marks "
        "networks or data other than the claim's: there the same rule decides on what stands for them.",
        "",
        f"| claim | {' | '.join(experiments)} |",
        f"| --- |{' --- |' * len(experiments)}",
    ]
    for identifier, claim in CLAIMS.items():
        cells = [_cell(found[identifier, name]) for name in experiments if (identifier, name) in found]
        apart = " (no source in the paper)" if claim.subject == "no source" else ""
        lines.append(f"| {identifier}{apart}: {claim.text} | {' | '.join(cells)} |")
    for identifier, claim in CLAIMS.items():
        lines += ["", f"## {identifier}", "", claim.text, "", f"- Paper: {claim.paper}.", f"- Rule: {claim.rule}."]
        lines += [line for name in experiments if (line := _details(found.get((identifier, name))))]
    return "\n".join([*lines, ""])


def _cell(record: Mapping[str, Any]) -> str:
    mark = "\\*" if record["scope"] == "other" else ""
    return f"{VERDICTS[record['verdict']]} {record['verdict']}{mark}"


def _details(record: Mapping[str, Any] | None) -> str:
    if record is None:
        return ""
    ours = f" {sentence(record['ours'])} (n = {record['n']})." if record["ours"] else ""
    text = f"- {record['experiment']}: **{_cell(record)}**.{ours} {sentence(record['reason'])}."
    for also in record["also"]:
        text += f" {also['about']}: {also['verdict']}{'; ' + also['ours'] if also['ours'] else ''}."
    return text


def sentence(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]
