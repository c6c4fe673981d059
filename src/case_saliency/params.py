"""params.yaml: checked before any job runs, and cut into the parts that each stage receives.

No torch is imported here: the workflow reads this module each time it plans.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from case_saliency.attribution import registry
from case_saliency.attribution.registry import Method
from case_saliency.datasets.sources import DATASETS
from case_saliency.errors import CaseSaliencyError
from case_saliency.models.zoo import MODELS

Params = Mapping[str, Any]


def validate(params: Params, schema: Mapping[str, Any]) -> None:
    """Check params.yaml against its schema and against what the package knows.

    Parameters
    ----------
    params
        The content of params.yaml.
    schema
        The closed JSON schema, ``workflow/schemas/params.schema.yaml``.

    Raises
    ------
    CaseSaliencyError
        One line for each problem: key, value, remedy.
    """
    problems = list(_schema_problems(params, schema)) or list(dict.fromkeys(_problems(params)))
    if problems:
        raise CaseSaliencyError("\n".join(f"params.yaml: {problem}" for problem in problems))


def methods(params: Params, experiment: str, family: str | None = None) -> list[Method]:
    """Return the methods of an experiment in the order of params.yaml, of one family or of all."""
    found = registry.resolve([_entry(params, name) for name in params["experiments"][experiment]["methods"]])
    return [method for method in found if family in (None, method.family)]


def families(params: Params, experiment: str) -> list[str]:
    """Return the families of an experiment's methods, in order of appearance."""
    return list(dict.fromkeys(method.family for method in methods(params, experiment)))


def entries(params: Params, experiment: str, family: str | None = None) -> list[dict[str, Any]]:
    """Return the methods as JSON-serialisable entries from which `registry.resolve` makes them again."""
    return [_entry(params, method.name) for method in methods(params, experiment, family)]


def controls(params: Params, experiment: str) -> list[str]:
    """Return the names of the methods that calibrate the test and never compete."""
    return [method.name for method in methods(params, experiment) if method.family == "control"]


def shards(params: Params, experiment: str) -> list[str]:
    """Return the names of the jobs that the images of one model are split into.

    Examples
    --------
    >>> shards({"experiments": {"tiny": {"shards": 2}}}, "tiny")
    ['0-of-2', '1-of-2']
    """
    count = params["experiments"][experiment]["shards"]
    return [f"{index}-of-{count}" for index in range(count)]


def _entry(params: Params, name: str) -> dict[str, Any]:
    """One method as `registry.resolve` takes it; the study's seed goes to methods that draw and name no seed."""
    entry = {"name": name, **params["methods"].get(name, {"method": name})}
    [method] = registry.resolve([entry])
    return {"seed": params["seed"], **entry} if "seed" in method.parameters else entry


def _schema_problems(params: Params, schema: Mapping[str, Any]) -> Iterator[str]:
    for error in _validator_class()(schema).iter_errors(params):
        key = _key(error.absolute_path)
        if error.validator == "additionalProperties":
            known = sorted(error.schema["properties"])
            for name in sorted(set(error.instance) - set(known), key=str):
                yield f"{f'{key}.' if key else ''}{name}: unknown key{_suggest(str(name), known)}"
        elif error.validator == "required":
            missing = [name for name in error.schema["required"] if name not in error.instance]
            if missing[0] in error.message:  # one error arrives for each missing key: tell them once
                yield f"{key or 'the file'}: missing {', '.join(missing)}; add what is missing"
        elif error.validator == "oneOf":
            yield f"{key}: {error.instance!r} is not allowed; it must be null or a whole number >= 1"
        else:
            rule = _rule(error.validator, error.validator_value)
            yield f"{key or 'the file'}: {error.instance!r} is not allowed; {rule}"


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator


def _rule(validator: str, value: Any) -> str:
    """Say in words what a schema keyword demands."""
    kinds = {"integer": "a whole number", "number": "a number", "string": "text", "array": "a list"}
    rules = {
        "type": f"it must be {kinds.get(str(value), value)}",
        "enum": f"choose one of {', '.join(map(str, value))}" if isinstance(value, list) else "",
        "minimum": f"it must be at least {value}",
        "maximum": f"it must be at most {value}",
        "exclusiveMinimum": f"it must be greater than {value}",
        "exclusiveMaximum": f"it must be less than {value}",
        "minItems": f"it must have at least {value} item",
        "minProperties": f"it must have at least {value} entry",
        "uniqueItems": "an item stands in it twice; remove one",
        "pattern": f"it must match {value}",
    }
    return rules.get(validator, f"{validator}: {value}")


def _problems(params: Params) -> Iterator[str]:
    experiments = params["experiments"]
    for position, name in enumerate(params["run"]):
        if name not in experiments:
            yield f"run[{position}]: experiment {name!r} is not defined{_suggest(name, experiments)}"
    for name, entry in params["methods"].items():
        try:
            registry.resolve([{"name": name, **entry}])
        except CaseSaliencyError as error:
            yield f"methods.{name}: {error}"
    for name in experiments:
        yield from _experiment_problems(params, name)


def _experiment_problems(params: Params, name: str) -> Iterator[str]:
    experiment, where = params["experiments"][name], f"experiments.{name}"
    if experiment["dataset"] not in DATASETS:
        yield f"{where}.dataset: {experiment['dataset']!r} is not a data set{_suggest(experiment['dataset'], DATASETS)}"
    for position, model in enumerate(experiment["models"]):
        if model not in MODELS:
            yield f"{where}.models[{position}]: {model!r} is not a model{_suggest(model, MODELS)}"
            continue
        layers = MODELS[model].target_layers
        for index, layer in enumerate(experiment["layers"]):
            if layer not in layers:
                yield f"{where}.layers[{index}]: {layer!r} is not a target layer of {model}{_suggest(layer, layers)}"
    known = {**registry.ENTRIES, **params["methods"]}
    for position, method in enumerate(experiment["methods"]):
        here = f"{where}.methods[{position}]"
        if method not in known:
            yield f"{here}: {method!r} is not a method{_suggest(method, known)}"
        else:
            yield from (f"{here}: {problem}" for problem in _needs(params, name, method))
    reference = params["fidelity"]["reference"]
    if name in params["run"] and reference not in experiment["methods"]:
        yield f"fidelity.reference: {reference!r} is not among {where}.methods; add it there or choose one of them"


def _needs(params: Params, experiment: str, name: str) -> Iterator[str]:
    """Yield what a method needs and the experiment's data set cannot give."""
    try:
        method = registry.resolve([_entry(params, name)])[0]
    except CaseSaliencyError:
        return  # told under `methods`
    dataset = params["experiments"][experiment]["dataset"]
    if "confusion" in method.requires:
        yield (
            f"{name!r} takes its contrast set from a confusion matrix (source: confusion), which needs a held-out "
            f"split, and data set {dataset!r} has none; set methods.{name}.source to logits"
        )


def _key(path: Iterable[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; choose one of {', '.join(sorted(known))}"
