"""Entry point of ``case-saliency``: finds the stage, runs it, and records the run."""

import argparse
import atexit
import importlib
import logging
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from case_saliency import __version__
from case_saliency.cli import messages
from case_saliency.cli.allocator import keep_freed_memory, share_allocator
from case_saliency.cli.arguments import Declared, declare
from case_saliency.cli.deferred import import_lean
from case_saliency.errors import CaseSaliencyError

STAGES = (
    "fetch_dataset",
    "obtain_model",
    "train_model",
    "select_images",
    "predict",
    "estimate_confusion",
    "attribute",
    "score_agreement",
    "score_fidelity",
    "score_curves",
    "score_similarity",
    "score_reliability",
    "score_pairwise",
    "score_circularity",
    "score_randomisation",
    "score_localization",
    "score_contrast",
    "score_layers",
    "score_activity",
    "score_defects",
    "test_hypotheses",
    "test_class_specificity",
    "test_curves",
    "test_similarity",
    "test_reliability",
    "test_pairwise",
    "test_circularity",
    "test_randomisation",
    "test_localization",
    "test_contrast",
    "test_layers",
    "test_activity",
    "test_defects",
    "summarise",
    "decide_claims",
    "collect_claims",
    "side_by_side",
    "collect_side_by_side",
    "collect_metrics",
    "plot",
    "report",
)
TOOLS = ("diagnose",)  # recorded as stages are, but no part of the workflow
VIEWS = ("summary", "compare", "audit", "crate", "retire")  # make nothing that a record could tell of

_DESCRIPTION = """\
Does a saliency map change when the class changes, and is it faithful?

Each stage of the study is one command. The workflow (`snakemake --cores all`) calls them in order;
the log of every job holds the exact command line, which can be run by hand. `diagnose` needs no
workflow: it asks the study's questions of your network, on your images."""


class _Parser(argparse.ArgumentParser):
    """A parser whose exit code for wrong usage is the command's own: some use 2 for an outcome."""

    usage_code = 2

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(self.usage_code, f"{self.prog}: error: {message}\n")


def build_parser(names: Sequence[str] = (*STAGES, *TOOLS, *VIEWS)) -> argparse.ArgumentParser:
    """Return the parser of one command, with its arguments; or that of several, which names them and imports none."""
    parser = _Parser("case-saliency", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write messages to this file as well")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads for computing (default 1)")
    parser.add_argument("--traceback", action="store_true", help="show the traceback of an expected error")
    commands = parser.add_subparsers(dest="stage", required=True, metavar="COMMAND", title="commands")
    if len(names) > 1:
        for name in names:
            commands.add_parser(name.replace("_", "-"), help=_purpose(name).replace("%", "%%"))
        return parser
    [name] = names
    module = importlib.import_module(f"case_saliency.cli.{name}")
    description = module.__doc__ or ""
    command = commands.add_parser(
        name.replace("_", "-"),
        help=description.splitlines()[0].replace("%", "%%"),
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.configure(command)
    parser.usage_code = command.usage_code = getattr(module, "USAGE", _Parser.usage_code)
    command.set_defaults(module=module, name=name)
    return parser


def program() -> NoReturn:
    """Run the command of the command line, and end the process."""
    leave(main())


def leave(code: int) -> NoReturn:
    """End the process, with all that was said and written complete.

    Python's own way out takes torch apart, object by object: half a second of processor time for each job.
    """
    atexit._run_exitfuncs()  # what others have registered, logging among them
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # a pipe that nobody reads any more
            stream.flush()
    os._exit(code)


def _purpose(command: str) -> str:
    """Return the first line of a command's docstring, from its source: most commands load what they compute with."""
    with Path(__file__).with_name(f"{command}.py").open(encoding="utf-8") as source:
        return source.readline().strip().strip('"')


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0: done, 1: an explained error, 2: wrong usage, 130: interrupted.

    Without `argv`, it is that of the command line. A command with exit codes of its own says so in its help.
    """
    argv = sys.argv[1:] if argv is None else argv
    asked = _asked(argv)
    if not set(asked) <= set(VIEWS):  # a view loads no code of the folder that it looks at
        sys.path.append(str(Path.cwd()))  # a user's `module:function` lies in the working folder
    arguments = build_parser(asked).parse_args(argv)
    messages.start_logging(arguments.log, arguments.name)
    for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB"):
        os.environ[f"{library}_NUM_THREADS"] = str(arguments.threads)
    keep_freed_memory()
    share_allocator()
    import_lean()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if arguments.name in VIEWS:
            return _shown(arguments)
        _run_recorded(arguments, argv)
    except Exception as error:
        told = messages.explain(error)
        if arguments.traceback or told is None:
            raise
        logging.getLogger(__name__).error("error: %s", told)
        return int(getattr(arguments.module, "USAGE", 1))
    except KeyboardInterrupt:
        logging.getLogger(__name__).error("interrupted: nothing unfinished was kept; run the same command again")
        return 130
    return 0


def _shown(arguments: argparse.Namespace) -> int:
    """Run a command that only shows what is there; return 141, as a shell does, if nobody reads on (`| head`)."""
    try:
        code = int(arguments.module.run(arguments) or 0)
        sys.stdout.flush()
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    return code


def _asked(argv: Sequence[str]) -> Sequence[str]:
    """Return the command that is asked for, so that a stage imports nothing of another; all where none is."""
    for word in argv:
        if (name := word.replace("-", "_")) in (*STAGES, *TOOLS, *VIEWS):
            return [name]
    return (*STAGES, *TOOLS, *VIEWS)


def _interrupt(number: int, _frame: object) -> None:
    """Turn a termination signal into an exception, so that temporary files are removed on the way out."""
    raise SystemExit(128 + number)


def _run_recorded(arguments: argparse.Namespace, argv: Sequence[str]) -> None:
    from case_saliency.provenance import inputs
    from case_saliency.provenance.code import closure
    from case_saliency.provenance.record import Record

    declared: Declared = getattr(arguments.module, "declare", declare)(arguments)
    code = closure([f"case_saliency.cli.{arguments.name}", *_extra_modules(arguments)])
    record = Record(
        stage=arguments.name,
        command=["case-saliency", *argv],
        parameters=declared.parameters,
        code=code.hashes(),
        inputs=declared.inputs,
        outputs=declared.outputs,
        location=declared.location,
    )
    arguments.record_id = record.id
    logging.getLogger(__name__).debug("%s", shlex.join(record.command))
    try:
        record.require_inputs()
        if foreign := {entry["path"] for entry in inputs.check(record.hashed_inputs) if entry["role"] == "maps"}:
            from case_saliency.storage import trial

            for path in sorted(foreign):
                trial.maps(Path(path))
        arguments.module.run(arguments)
        record.finish()
    except BaseException as error:
        try:
            record.finish(error)
        except CaseSaliencyError as second:  # for instance the same full disk
            logging.getLogger(__name__).warning("the failed run could not be recorded: %s", second)
        raise


def _extra_modules(arguments: argparse.Namespace) -> list[str]:
    """Modules that a stage loads by name (its methods), which no import statement shows."""
    named = getattr(arguments.module, "modules", None)
    return named(arguments) if named else []


if __name__ == "__main__":
    program()
