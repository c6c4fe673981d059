"""Compare a fresh run with the published reference results, number by number.

Exit code: 0 equal or within tolerance; 3 numbers differ, every conclusion is the same; 4 a conclusion differs, or
something published is missing; 1 nothing to compare, 2 wrong usage. Tolerances and their reasons: docs/verify.md.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd

    from case_saliency.statistics.reproduction import Reproduction

EXIT_CODES = {"equal": 0, "within tolerance": 0, "same conclusions": 3, "different": 4}
_CLAIMS = "claims"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "experiments", nargs="*", metavar="EXPERIMENT", help="which (default: all that were run and are published)"
    )
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER", help="the fresh run")
    parser.add_argument(
        "--reference", type=Path, default=Path("docs/results"), metavar="FOLDER", help="the published results"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison and return the exit code of its worst part."""
    from dataclasses import asdict

    from case_saliency.statistics.reproduction import LEVELS

    found = [_compared(arguments, name) for name in _experiments(arguments)]
    overall = max((one.overall for one in found), key=LEVELS.index)
    if arguments.json:
        print(json.dumps({"overall": overall, "experiments": [asdict(one) for one in found]}, indent=1))
    else:
        print("\n\n".join(map(_told, found)))
        print(f"\nOverall: {overall}.")
    return EXIT_CODES[overall]


def _compared(arguments: argparse.Namespace, name: str) -> "Reproduction":
    from case_saliency.statistics.reproduction import reproduction

    places = arguments.reference / name, arguments.results / "tables" / name
    try:
        reference = _tables(places[0], places[0] / "claims.json")
        fresh = _tables(places[1], arguments.results / "claims" / f"{name}.json")
        if not fresh:
            raise CaseSaliencyError(f"{places[1]}: no tables; run `make reproduce` first")
        return reproduction(name, fresh, reference)
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # published tables are anyone's
        raise CaseSaliencyError(
            f"{places[0]}, {places[1]}: not the tables of a run ({type(error).__name__}: {error}); take them from one"
        ) from error


def _experiments(arguments: argparse.Namespace) -> list[str]:
    known = sorted(file.parent.name for file in arguments.reference.glob("*/agreement.csv"))
    wanted = arguments.experiments or [name for name in known if (arguments.results / "tables" / name).is_dir()]
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        what = f"{unknown[0]!r} is not published" if unknown else f"{arguments.results}: no results of these"
        raise CaseSaliencyError(f"{what}; published in {arguments.reference}: {', '.join(known) or 'nothing'}")
    return wanted


def _tables(folder: Path, claims: Path) -> "dict[str, pd.DataFrame]":
    import pandas as pd

    found = {file.stem: storage.read_table(file) for file in sorted(folder.glob("*.csv"))}
    if claims.exists():
        records = storage.read_json(claims)["claims"]
        columns = ["experiment", "verdict"]
        found[_CLAIMS] = pd.DataFrame(
            [{"method": record["id"], **{name: record[name] for name in columns}} for record in records]
        )
    return found


def _told(found: "Reproduction") -> str:
    from case_saliency.statistics.reference import TOLERANCES

    lines = [f"{found.experiment}: {found.overall}"]
    if found.counts:
        values, conclusions = found.counts["values"], found.counts["conclusions"]
        lines += [
            f"  {len(found.by_table)} tables, {sum(values.values()):,} values: {values['equal']:,} equal, "
            f"{values['within']:,} within tolerance, {values['different']:,} different",
            f"  conclusions: {conclusions['equal']:,} of {sum(conclusions.values()):,} the same",
        ]
        shares = [f"{kind} {share:.2%} (tolerance {TOLERANCES[kind]:.1%})" for kind, share in found.largest.items()]
        lines += [f"  largest difference: {', '.join(shares)}"] * bool(found.worst)
        differing = [f"{name} {of['different']:,}" for name, of in found.by_table.items() if of["different"]]
        lines += [f"  different by table: {', '.join(differing)}"] * bool(differing)
    lines += [f"  missing: {_few(found.missing)}"] * bool(found.missing)
    lines += [f"  not published: {_few(found.added)}"] * bool(found.added)
    lines += ["  worst:", *(f"    {_difference(one)}" for one in found.worst)] * bool(found.worst)
    return "\n".join(lines)


def _few(names: Any, shown: int = 3) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return "; ".join(names[:shown]) + more


def _difference(one: Mapping[str, Any]) -> str:
    old, new = (f"{value:.6g}" if isinstance(value, float) else value for value in (one["reference"], one["fresh"]))
    limit = f" (tolerance {one['tolerance']:.2g})" if one["tolerance"] else ""
    return f"{one['state']}: {one['table']}.{one['column']} {old} -> {new}{limit}, {one['row']}"
