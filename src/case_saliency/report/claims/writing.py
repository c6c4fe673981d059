"""The ledger as a page: the answer, an overview, and the details of each claim."""

from collections.abc import Mapping, Sequence
from typing import Any

from case_saliency.report.claims.ledger import CLAIMS, VERDICTS
from case_saliency.report.claims.view import ledger


def answer(records: Sequence[Mapping[str, Any]]) -> str:
    """Return how many claims have which verdict, and on whose networks and data, as lines of Markdown."""
    found = ledger(records)
    if found is None:
        return "No claim was decided."
    lines = [f"- {found.symbols[name]} **{count} {name}**: {told}" for name, count, told in found.answer]
    return "\n".join(
        [
            "Of the paper's claims, by rules that were fixed before the large runs (the analysis plan lists later "
            f"changes), over the experiments {', '.join(found.experiments)}, each of which counts:",
            "",
            *lines,
            "",
            found.ground,
        ]
    )


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
        lines.append(f"| {identifier}: {claim.text} | {' | '.join(cells)} |")
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
