"""Audit: rehash results from their bytes and follow them back to data, weights, code, commit and packages.

PATH is a file or a folder of results; without any, everything that a record tells of is audited. Files that none
tells of are listed: all, or those in a folder. Run it in the folder of the Snakefile.
"""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.folders import FOLDER

if TYPE_CHECKING:
    from case_saliency.provenance.audit.judge import Audit

USAGE = 3
"""Exit code of wrong usage: 1 and 2 are outcomes of an audit."""
_EPILOG = """\
examples:
  case-saliency audit results/figures/digits/agreement_heatmap.pdf
  case-saliency audit --commands results/tables/digits/agreement.csv > /tmp/rebuild.sh   (run it in a fresh clone)
  case-saliency audit --table results/tables/digits/agreement.csv --column median_agreement
      --row model=vgg_small --row seed=0 --row method=case
  case-saliency audit --reexecute 5

Verdicts: OK (checked, as recorded), MISMATCH, MISSING, and UNVERIFIABLE (could not be checked).
Exit codes: 0 all verified, 1 a mismatch or something missing, 2 something unverifiable, 3 wrong usage.
An audit of everything knows more than one of a PATH: folders in dvc.lock, records that are gone, strangers elsewhere.
docs/provenance.md tells what each verdict means, and what no audit can prove."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="what to audit (default: everything)")
    add(
        "--outside", type=Path, action="append", default=[], metavar="FOLDER", help="may be read though it lies outside"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--full", action="store_true", help="print all that is known of each file behind PATH")
    shown.add_argument("--json", action="store_true", help="print everything as JSON")
    shown.add_argument("--dot", action="store_true", help="print the graph for Graphviz")
    shown.add_argument("--commands", action="store_true", help="print a script that rebuilds PATH, for a fresh clone")
    add("--svg", type=Path, metavar="FILE", help="draw the graph as SVG")
    cell = parser.add_argument_group("a cell of a table", "What a number was computed from, and whether it follows.")
    cell.add_argument("--table", metavar="FILE", help="the table, results/tables/.../*.csv")
    cell.add_argument("--row", action="append", default=[], metavar="COLUMN=VALUE", help="which row; may be repeated")
    cell.add_argument("--column", metavar="COLUMN", help="which column")
    again = parser.add_argument_group("run again")
    how = "run N sampled jobs again and compare bytes; with --table, first the job that made it"
    again.add_argument("--reexecute", type=_count, metavar="N", help=how)
    again.add_argument("--seed", type=int, metavar="S", help="of the sample (default: another one each time)")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} found, a number of jobs from 1 on expected")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Audit, print, and return the exit code."""
    started = time.monotonic()
    cell = _cell(arguments)
    paths = [_inside(path) for path in [*arguments.paths, *([] if cell is None else [arguments.table])]]
    audit = _audited(paths, arguments.outside)
    if arguments.commands:
        audit = _with_objections(audit)
    seconds = time.monotonic() - started
    if arguments.reexecute:
        from case_saliency.cli.reexecute import reexecute

        table = None if cell is None else _inside(arguments.table)
        audit = reexecute(audit, arguments.reexecute, arguments.seed, table)
    if cell is None:
        _show(arguments, audit, seconds)
    else:
        from case_saliency.cli.cells import follow, show

        table = _inside(arguments.table)
        audit, found = follow(audit, table, *cell)
        _show(arguments, audit, seconds)
        if not (arguments.dot or arguments.commands):
            show(audit, found, table, cell[1], as_json=arguments.json)
    from case_saliency.provenance.audit.verdicts import exit_code, worst

    verdicts = [check.verdict for check in audit.checks]
    if not (arguments.json or arguments.dot or arguments.commands):
        _print([f"Verdict: {worst(verdicts)}"])
    return exit_code(verdicts)


def _audited(paths: list[str], outside: list[Path]) -> "Audit":
    from case_saliency.cli.exported import exported
    from case_saliency.cli.upstream import upstream
    from case_saliency.provenance.audit.evidence import gather
    from case_saliency.provenance.audit.judge import judge

    if not FOLDER.is_dir():
        raise CaseSaliencyError(f"{FOLDER}: no records found; run this in the folder of the Snakefile, after a run")
    evidence = gather(Path(), paths, outside)
    for path in paths:
        if path not in evidence.graph.made_by and not Path(path).exists() and path in evidence.targets:
            raise CaseSaliencyError(f"{path}: no such file, and no record tells of it")
    return judge(evidence, (*exported(evidence), *upstream(evidence, outside)))


def _with_objections(audit: "Audit") -> "Audit":
    """Return the audit with a check of each run whose command must not get into a script."""
    from case_saliency.cli.recorded import objection
    from case_saliency.provenance.audit.text import COMMAND
    from case_saliency.provenance.audit.verdicts import Check, Verdict

    told = [(run.record, objection(run)) for run in audit.evidence.runs]
    return replace(
        audit,
        checks=(*audit.checks, *(Check(record, COMMAND, Verdict.UNVERIFIABLE, why) for record, why in told if why)),
    )


def _show(arguments: argparse.Namespace, audit: "Audit", seconds: float) -> None:
    """Print the audit in the form that is asked for."""
    from case_saliency.provenance.audit import data, picture, text, tree

    targets = audit.evidence.targets
    drawn = picture.few(picture.nodes(audit, targets), targets) if arguments.svg or arguments.dot else []
    if arguments.svg is not None:
        storage.write_text(picture.svg(drawn), arguments.svg)
    if arguments.json:
        if arguments.table is None:
            sys.stdout.write(json.dumps(data.as_dict(audit, seconds), indent=1) + "\n")
    elif arguments.dot:
        _print(picture.dot(drawn))
    elif arguments.commands:
        _print(text.commands(audit, targets))
    else:
        told: set[str] = set()
        files = [path for path in arguments.paths if _inside(path) in targets]
        for path in files:
            _print((tree.full if arguments.full else tree.brief)(audit, _inside(path), told))
        subjects = {*audit.evidence.scope, *(run.record for run in audit.evidence.runs)}
        beside = [check for check in audit.checks if check.subject not in subjects]
        _print(text.beside(beside) if files else text.overview(audit))
        _print(text.closing(audit, seconds))


def _print(lines: Iterable[str]) -> None:
    from case_saliency.provenance.audit.text import plain

    for line in lines:
        sys.stdout.write(f"{plain(line)}\n")


def _cell(arguments: argparse.Namespace) -> tuple[dict[str, str], str] | None:
    """Return the row and the column that are asked for; None if it is about files."""
    if arguments.table is None:
        if arguments.row or arguments.column:
            raise CaseSaliencyError("--row, --column: name the table as well, --table results/tables/.../*.csv")
        return None
    if arguments.column is None or not arguments.row:
        raise CaseSaliencyError("--table: name a cell, --row COLUMN=VALUE (as often as needed) and --column COLUMN")
    pairs = [pair.partition("=") for pair in arguments.row]
    if wrong := [pair for pair, equals, _ in pairs if not equals]:
        raise CaseSaliencyError(f"--row: {wrong[0]!r} found, COLUMN=VALUE expected")
    return {column: value for column, _, value in pairs}, arguments.column


def _inside(path: str) -> str:
    """Return a path as records name it, relative to the working folder."""
    full, here = Path(os.path.normpath(Path(path).absolute())), Path.cwd()
    if not full.is_relative_to(here):  # it may be called by another name, which is a link
        place = Path(os.path.realpath(full.parent), full.name)
        full = here if os.path.realpath(full) == str(here) else place
    if not full.is_relative_to(here):
        logging.getLogger(__name__).debug("%s is outside %s", path, here)
        raise CaseSaliencyError(f"{path}: outside {here}; run the audit in the folder that it belongs to")
    return full.relative_to(here).as_posix()
