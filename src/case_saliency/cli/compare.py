"""Compare a fresh run with the published reference results, number by number.

Compared are the published experiments that have tables here. One that params.yaml lists under `run` and that has none
is missing; others are named. Exit code: 0 equal or within tolerance; 3 numbers differ, every conclusion is the same;
4 a conclusion differs, or something published is missing, an experiment of `run` included; 1 nothing to compare,
2 wrong usage. Tolerances and their reasons: docs/verify.md.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

    from case_saliency.statistics.reproduction import Reproduction

EXIT_CODES = {"equal": 0, "within tolerance": 0, "same conclusions": 3, "different": 4}
_CLAIMS = "claims"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "experiments",
        nargs="*",
        metavar="EXPERIMENT",
        help="which (default: those published that have tables here, or that `run` of params.yaml lists)",
    )
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER", help="the fresh run")
    parser.add_argument(
        "--reference", type=Path, default=Path("docs/results"), metavar="FOLDER", help="the published results"
    )
    parser.add_argument(
        "--params",
        type=Path,
        metavar="FILE",
        help="parameters of the run (default: params.yaml beside the folder of --results, if there is one)",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


@dataclass(frozen=True)
class _Chosen:
    """Experiments to compare, those of `run` that have no tables, and why which others are not compared."""

    compared: list[str]
    missing: list[str]
    left_out: dict[str, str]


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison and return the exit code of its worst part."""
    from case_saliency.statistics.reproduction import LEVELS

    chosen = _choice(arguments)
    found = [_compared(arguments, name) for name in chosen.compared]
    found += [_missing(arguments, name) for name in chosen.missing]
    overall = max((one.overall for one in found), key=LEVELS.index)
    if arguments.json:
        told = {"overall": overall, "experiments": [asdict(one) for one in found], "not_compared": chosen.left_out}
        print(json.dumps(told, indent=1))
    else:
        print("\n\n".join(map(_told, found)))
        for name, reason in chosen.left_out.items():
            print(f"\n{name}: not compared: {reason}")
        print(f"\nOverall: {overall}.")
    return EXIT_CODES[overall]


def _compared(arguments: argparse.Namespace, name: str) -> "Reproduction":
    from case_saliency.statistics.reproduction import reproduction

    places = arguments.reference / name, arguments.results / "tables" / name
    try:
        reference = _tables(places[0], places[0] / "claims.json")
        fresh = _tables(places[1], arguments.results / "claims" / f"{name}.json")
        if not _has_tables(arguments, name):
            raise CaseSaliencyError(f"{places[1]}: no tables; run `make reproduce` first")
        return reproduction(name, fresh, reference)
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # published tables are anyone's
        raise CaseSaliencyError(
            f"{places[0]}, {places[1]}: not the tables of a run ({type(error).__name__}: {error}); take them from one"
        ) from error


def _missing(arguments: argparse.Namespace, name: str) -> "Reproduction":
    """Return the comparison of an experiment that the run should have made, and did not."""
    from case_saliency.statistics.reproduction import reproduction

    why = f"all tables: {_params(arguments)} lists {name} under `run`; `make reproduce` runs it"
    return replace(reproduction(name, {}, {}), missing=[why])


def _choice(arguments: argparse.Namespace) -> _Chosen:
    known = sorted(file.parent.name for file in arguments.reference.glob("*/agreement.csv"))
    unknown = [name for name in arguments.experiments if name not in known]
    present = [name for name in known if _has_tables(arguments, name)]
    if unknown or not (arguments.experiments or present):
        what = f"{unknown[0]!r} is not published" if unknown else f"{arguments.results}: no results of these"
        raise CaseSaliencyError(f"{what}; published in {arguments.reference}: {', '.join(known) or 'nothing'}")
    if arguments.experiments:
        return _Chosen(arguments.experiments, [], {})
    listed = _listed(_params(arguments), required=arguments.params is not None)
    missing = [name for name in known if name in listed and name not in present]
    absent = [name for name in known if name not in (*present, *missing)]
    left_out = dict.fromkeys(
        absent, "not run here (to run it, list it under `run` in params.yaml, then `make reproduce`)"
    )
    return _Chosen(present, missing, left_out | {name: "not published" for name in listed if name not in known})


def _has_tables(arguments: argparse.Namespace, name: str) -> bool:
    return any((arguments.results / "tables" / name).glob("*.csv"))


def _params(arguments: argparse.Namespace) -> Path:
    """Return the file of the run's parameters: results lie beside it, in a clone and wherever a run was made."""
    named: Path | None = arguments.params
    results: Path = arguments.results
    return named or results.absolute().parent / "params.yaml"


def _listed(file: Path, *, required: bool) -> list[str]:
    """Return the experiments that a file of parameters lists under `run`; none where there is no such file."""
    import yaml

    from case_saliency.validation import plain

    if not (required or file.exists()):
        return []
    plain.check(file)
    content = yaml.safe_load(file.read_bytes())
    listed = content.get("run") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise CaseSaliencyError(f"{file}: `run` is no list of experiments; it lists those that a run makes")
    return listed


def _tables(folder: Path, claims: Path) -> "dict[str, pd.DataFrame]":
    import pandas as pd

    found = {file.stem: read_table(file) for file in sorted(folder.glob("*.csv"))}
    if claims.exists():
        records = storage.read_json(claims)["claims"]
        columns = {"claim": "id", "experiment": "experiment", "verdict": "verdict"}
        found[_CLAIMS] = pd.DataFrame([{name: record[key] for name, key in columns.items()} for record in records])
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
    old, new = (_value(one[name]) for name in ("reference", "fresh"))
    limit = f" (tolerance {one['tolerance']:.2g})" if one["tolerance"] else ""
    return f"{one['state']}: {one['table']}.{one['column']} {old} -> {new}{limit}, {one['row']}"


def _value(value: Any) -> str:
    if value is None:
        return "empty"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
