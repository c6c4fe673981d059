"""params.yaml, checked before any job runs: against its schema, and against what the package knows.

No torch is imported here: the workflow reads this module each time it plans.
"""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from case_saliency.analyses import ANALYSES
from case_saliency.attribution import comparisons, registry
from case_saliency.datasets.labels import LABEL_SPACES, USER
from case_saliency.datasets.sources import DATASETS
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import checking, zoo
from case_saliency.params import Params, analysed_seeds, entry, layers
from case_saliency.params import methods as methods_of


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


def _schema_problems(params: Params, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from _not_finite(params)
    for error in _validator_class()(schema).iter_errors(params):
        key = _key(error.absolute_path)
        if error.validator == "additionalProperties":
            known = sorted(error.schema["properties"])
            for name in sorted(set(error.instance) - set(known), key=str):
                yield f"{f'{key}.' if key else ''}{name}: unknown key{_suggest(str(name), known)}"
        elif error.validator == "required":
            missing = [name for name in error.schema["required"] if name not in error.instance]
            unknown = set(error.instance) - set(error.schema.get("properties", error.instance))
            missing = [name for name in missing if not difflib.get_close_matches(name, map(str, unknown), n=1)]
            if missing and missing[0] in error.message:  # one error arrives for each missing key: tell them once
                yield f"{key or 'the file'}: missing {', '.join(missing)}; add what is missing"
        elif error.validator == "oneOf":
            yield f"{key}: {error.instance!r} is not allowed; it must be null or a whole number >= 1"
        else:
            rule = _rule(error.validator, error.validator_value)
            yield f"{key or 'the file'}: {error.instance!r} is not allowed; {rule}"


def _not_finite(section: Any, key: str = "") -> Iterator[str]:
    """Yield numbers that pass every comparison: NaN and infinity."""
    if isinstance(section, float) and not math.isfinite(section):
        yield f"{key}: {section} is not allowed; it must be a finite number"
    for name, value in section.items() if isinstance(section, dict) else ():
        yield from _not_finite(value, f"{key}.{name}" if key else str(name))
    for position, value in enumerate(section) if isinstance(section, list) else ():
        yield from _not_finite(value, f"{key}[{position}]")


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator


def _rule(validator: str, value: Any) -> str:
    """Say in words what a schema keyword demands."""
    kinds = {
        "integer": "a whole number",
        "number": "a number",
        "string": "text",
        "array": "a list",
        "object": "a mapping",
        "boolean": "true or false",
    }
    types = value if isinstance(value, list) else [value]
    rules = {
        "type": f"it must be {' or '.join(kinds.get(str(one), str(one)) for one in types)}",
        "minLength": "it must not be empty",
        "enum": f"choose one of {', '.join(map(str, value))}" if isinstance(value, list) else "",
        "minimum": f"it must be at least {value}",
        "maximum": f"it must be at most {value}",
        "exclusiveMinimum": f"it must be greater than {value}",
        "exclusiveMaximum": f"it must be less than {value}",
        "minItems": f"it must have at least {value} item",
        "maxItems": f"it must have at most {value} items",
        "minProperties": f"it must have at least {value} entry",
        "uniqueItems": "an item stands in it twice; remove one",
        "pattern": f"it must match {value}",
    }
    return rules.get(validator, f"{validator}: {value}")


def _problems(params: Params) -> Iterator[str]:
    if unusable := list(checking.problems(params["models"], zoo.MODELS)):
        yield from unusable
        return
    experiments = params["experiments"]
    for position, name in enumerate(params["run"]):
        if name not in experiments:
            yield f"run[{position}]: experiment {name!r} is not defined{_suggest(name, experiments)}"
    for name, variant in params["methods"].items():
        if name in registry.ENTRIES and variant["method"] != name:
            yield f"methods.{name}: a method's own name stands for {variant['method']!r}; give the variant another"
        try:
            registry.resolve([{"name": name, **variant}])
        except CaseSaliencyError as error:
            yield f"methods.{name}: {error}"
    space = params["datasets"]["folder"]["label_space"]
    if space is not None and space not in LABEL_SPACES:
        yield f"datasets.folder.label_space: {space!r} is not a label space{_suggest(space, LABEL_SPACES)}, or use null"
    yield from _training_problems(params, zoo.known(params["models"]))
    for name in experiments:
        yield from _experiment_problems(params, name)
    yield from _listed_problems(params)


def _listed_problems(params: Params) -> Iterator[str]:
    """Yield methods listed by an analysis that do not exist, and experiments that would be left without any."""
    known = {**registry.ENTRIES, **params["methods"]}
    for analysis in ANALYSES:
        listed = params.get(analysis, {}).get("methods") or ()
        for position, method in enumerate(listed):
            if method not in known:
                yield f"{analysis}.methods[{position}]: {method!r} is not a method{_suggest(method, known)}"
        for name, experiment in params["experiments"].items() if listed else ():
            if analysis in experiment["analyses"] and not set(listed) & set(experiment["methods"]):
                yield (
                    f"{analysis}.methods: none of {', '.join(listed)} is in experiments.{name}.methods; name one of "
                    "them, or use null"
                )


def _experiment_problems(params: Params, name: str) -> Iterator[str]:
    experiment, where = params["experiments"][name], f"experiments.{name}"
    if experiment["dataset"] not in DATASETS:
        yield f"{where}.dataset: {experiment['dataset']!r} is not a data set{_suggest(experiment['dataset'], DATASETS)}"
    else:
        yield from _size_problems(params, experiment, where)
        yield from _place_problems(params, name)
    yield from _model_problems(params, name)
    yield from _analysis_problems(params, name)
    known = {**registry.ENTRIES, **params["methods"]}
    for position, method in enumerate(experiment["methods"]):
        here = f"{where}.methods[{position}]"
        if method not in known:
            yield f"{here}: {method!r} is not a method{_suggest(method, known)}"
        elif problem := _override_problem(params, name, method):
            yield problem
        else:
            yield from (f"{here}: {problem}" for problem in _needs(params, name, method))
    for method in experiment.get("parameters", {}):
        if method not in experiment["methods"]:
            yield (
                f"{where}.parameters.{method}: not among the experiment's methods"
                f"{_suggest(method, experiment['methods'])}"
            )
    reference = params["fidelity"]["reference"]
    if name in params["run"] and reference not in experiment["methods"]:
        yield f"fidelity.reference: {reference!r} is not among {where}.methods; add it there or choose one of them"


def _model_problems(params: Params, name: str) -> Iterator[str]:
    """Yield networks that do not exist, or cannot be had for the experiment's data set, and layers they lack."""
    experiment, where, models = params["experiments"][name], f"experiments.{name}", zoo.known(params["models"])
    for position, model in enumerate(experiment["models"]):
        if model not in models:
            yield f"{where}.models[{position}]: {model!r} is not a model{_suggest(model, models)}"
            continue
        if experiment["dataset"] in DATASETS:
            yield from _seed_problems(params, name, model)
        if name in params["run"] and (problem := checking.missing(models[model])):
            yield problem
        target_layers = models[model].target_layers
        for index, layer in enumerate(listed := layers(params, name, model)):
            if layer not in target_layers:
                here = f"{where}.layers{_part(experiment['layers'], model)}[{index}]"
                yield f"{here}: {layer!r} is not a target layer of {model}{_suggest(layer, target_layers)}"
        if not listed:
            yield f"{where}.layers: nothing found for {model}; name its layers, or add `default`"
    named = experiment["layers"] if isinstance(experiment["layers"], dict) else ()
    for model in named:
        if model not in (*experiment["models"], "default"):
            yield f"{where}.layers.{model}: not among the experiment's models{_suggest(model, experiment['models'])}"


def _part(told: Any, model: str) -> str:
    """Return the key under which a model's layers stand."""
    return "" if isinstance(told, list) else f".{model if model in told else 'default'}"


def _training_problems(params: Params, models: Mapping[str, Any]) -> Iterator[str]:
    """Yield recipes for what does not exist."""
    for dataset, recipes in params["training"].items():
        if dataset == "default":
            continue
        if dataset not in DATASETS:
            yield f"training.{dataset}: {dataset!r} is not a data set{_suggest(dataset, DATASETS)}"
        for model in recipes:
            if model not in models and model != "default":
                yield f"training.{dataset}.{model}: {model!r} is not a model{_suggest(model, [*models, 'default'])}"


def _seed_problems(params: Params, name: str, model: str) -> Iterator[str]:
    """Yield seeds that a model cannot have, and a training without images to learn from."""
    experiment, where = params["experiments"][name], f"experiments.{name}"
    dataset = DATASETS[experiment["dataset"]]
    if not zoo.is_trained(model, dataset.name, params["models"]):
        if experiment["seeds"] != [0]:
            yield f"{where}.seeds: {experiment['seeds']} found, but {model} is pretrained and has one seed; use [0]"
    elif not {"train", "validation"} <= set(dataset.splits or ()):
        yield (
            f"{where}.models: {model} must be trained, and data set {dataset.name!r} has no images for that; choose a "
            f"model with published weights of {dataset.label_space}, or a data set with a training split"
        )


def _override_problem(params: Params, name: str, method: str) -> str | None:
    """Return what is wrong with an experiment's own parameters of a method."""
    given = params["experiments"][name].get("parameters", {}).get(method, {})
    where = f"experiments.{name}.parameters.{method}"
    if "method" in given or "name" in given:
        return f"{where}: only parameters may differ here; give a variant a name of its own under methods"
    try:
        registry.resolve([entry(params, method)])
    except CaseSaliencyError:
        return None  # told under `methods`
    try:
        registry.resolve([entry(params, method, name)])
    except CaseSaliencyError as error:
        return f"{where}: {error}"
    return None


def _size_problems(params: Params, experiment: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield more images, or more shards, than the data set has images and batches."""
    available, batch_size = DATASETS[experiment["dataset"]].n_test, params["compute"]["batch_size"]
    wanted = experiment["n_images"] or available
    if wanted is None:
        return  # all images of a folder that nobody has looked into yet
    available = wanted if available is None else available
    if wanted > available:
        yield (
            f"{where}.n_images: {wanted} found, {experiment['dataset']} has {available} to evaluate; lower it or use "
            "null"
        )
    batches = math.ceil(min(wanted, available) / batch_size)
    if experiment["shards"] > batches:
        yield (
            f"{where}.shards: {experiment['shards']} found, but {wanted} images make {batches} batches of {batch_size} "
            f"(compute.batch_size), which are never cut; use at most {batches}"
        )


def _place_problems(params: Params, name: str) -> Iterator[str]:
    """Yield a data set of the user's that an experiment in `run` needs and params.yaml does not place."""
    dataset = DATASETS[params["experiments"][name]["dataset"]]
    told = params["datasets"].get(dataset.name, {})
    if name in params["run"] and dataset.needs_path and told["path"] is None:
        yield (
            f"datasets.{dataset.name}.path: null found, but experiment {name!r} in run needs {dataset.description}; "
            "name their folder, or take the experiment out of run"
        )
    if dataset.label_space != USER:
        return
    models, expected = zoo.known(params["models"]), told["label_space"] or USER
    for position, model in enumerate(params["experiments"][name]["models"]):
        space = models[model].label_space if model in models else None
        if space not in (None, expected):  # None: it must be trained, which is told elsewhere
            yield (
                f"experiments.{name}.models[{position}]: {model} tells "
                f"{'your own classes' if space == USER else f'the classes of {space}'} apart, and "
                f"datasets.{dataset.name}.label_space is {told['label_space'] or 'null'}; set it to "
                f"{'null' if space == USER else space}, or choose another model"
            )


def _circularity_problems(params: Params, name: str) -> Iterator[str]:
    where = f"experiments.{name}"
    if "case" not in params["experiments"][name]["methods"]:
        yield f"{where}.analyses: circularity asks about 'case', which is not among {where}.methods; add or remove one"
    elif (compared := entry(params, "case", name).get("compared", "any")) != "any":
        yield f"methods.case.compared: {compared!r} found, but circularity compares case with variants of it; use any"


def _analysis_problems(params: Params, name: str) -> Iterator[str]:
    """Yield what an analysis of the experiment asks for and the experiment or its data set cannot give."""
    experiment, where = params["experiments"][name], f"experiments.{name}"
    if missing := sorted(set(analysed_seeds(params, name)) - set(experiment["seeds"])):
        yield f"{where}.analysed_seeds: {missing} found, but {where}.seeds has {experiment['seeds']}; choose from these"
    if "circularity" in experiment["analyses"]:
        yield from _circularity_problems(params, name)
    known = DATASETS[experiment["dataset"]].n_classes if experiment["dataset"] in DATASETS else 0
    if "pairwise" in experiment["analyses"] and known:  # of a user's folder it is found out later
        n_compared, listed = params["pairwise"]["n_classes"], params["pairwise"]["methods"]
        try:
            methods = [method for method in methods_of(params, name) if method.name in (listed or [method.name])]
        except CaseSaliencyError:
            return  # told under `methods`
        for problem in comparisons.problems(methods, n_compared, known):
            yield f"pairwise.n_classes: {n_compared} found; {where}: {problem}"


def _needs(params: Params, experiment: str, name: str) -> Iterator[str]:
    """Yield what a method needs and the experiment's data set cannot give."""
    try:
        method = registry.resolve([entry(params, name, experiment)])[0]
    except CaseSaliencyError:
        return  # told under `methods`
    dataset = params["experiments"][experiment]["dataset"]
    if "confusion" in method.requires and dataset in DATASETS and not DATASETS[dataset].has_heldout:
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
