"""The three kinds of arguments that a stage declares: inputs, outputs and parameters.

Whatever is declared here is recorded by the command line that runs the stage, so that no stage can forget its record.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from case_saliency.errors import CaseSaliencyError


@dataclass(frozen=True)
class Declared:
    """What a run reads, writes and is told, for its record; `location` is where the record goes, None: the usual place.

    A stage's is made from its arguments. A command whose files follow from its arguments' values has a `declare` of its
    own.
    """

    parameters: Mapping[str, Any]
    inputs: Mapping[str, Sequence[Path]]
    outputs: Mapping[str, Sequence[Path]]
    location: Path | None = None


def declare(arguments: argparse.Namespace) -> Declared:
    """Return what was declared by `add_input`, `add_output`, `add_parameter` and `add_settings`."""
    kept: dict[str, dict[str, Any]] = arguments.kept
    return Declared(
        parameters=kept["parameter"],
        inputs={role: as_paths(value) for role, value in kept["input"].items()},
        outputs={role: as_paths(value) for role, value in kept["output"].items()},
    )


class _Kept(argparse.Action):
    """Store a value in the namespace and remember its role under `kept`."""

    role = ""

    def __call__(self, _parser: Any, namespace: argparse.Namespace, values: Any, _option: str | None = None) -> None:
        setattr(namespace, self.dest, values)
        kept = namespace.__dict__.setdefault("kept", {"input": {}, "output": {}, "parameter": {}})
        kept[self.role][self.dest] = values


class _Input(_Kept):
    role = "input"


class _Output(_Kept):
    role = "output"


class _Parameter(_Kept):
    role = "parameter"


def add_input(
    parser: argparse.ArgumentParser, name: str, description: str, *, many: bool = False, required: bool = True
) -> None:
    """Declare a file that the stage reads (`many`: one or more files)."""
    nargs = "+" if many else None
    parser.add_argument(
        name, type=Path, required=required, nargs=nargs, help=description, action=_Input, metavar="FILE"
    )


def add_output(parser: argparse.ArgumentParser, name: str, description: str) -> None:
    """Declare a file that the stage writes."""
    parser.add_argument(name, type=Path, required=True, help=description, action=_Output, metavar="FILE")


def add_parameter(
    parser: argparse.ArgumentParser,
    name: str,
    description: str,
    kind: type = str,
    choices: Sequence[str] | None = None,
) -> None:
    """Declare a plain parameter."""
    parser.add_argument(name, type=kind, required=True, help=description, action=_Parameter, choices=choices)


def add_settings(parser: argparse.ArgumentParser, description: str, *, required: bool = True) -> None:
    """Declare ``--settings``: the part of params.yaml that the stage receives, as one JSON object."""
    parser.add_argument(
        *("--settings",),
        type=_json_object,
        required=required,
        default={},
        help=description,
        action=_Parameter,
        metavar="JSON",
    )


def as_paths(value: Path | list[Path]) -> list[Path]:
    """Return one or many paths as a list."""
    return value if isinstance(value, list) else [value]


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"a JSON object was expected, found {text[:60]!r}")
    return value


def setting(settings: dict[str, Any], key: str) -> Any:
    """Return one entry of ``--settings``; a missing one is an error that names it."""
    try:
        return settings[key]
    except KeyError:
        raise CaseSaliencyError(f"--settings: key {key!r} is missing; keys found: {sorted(settings)}") from None
