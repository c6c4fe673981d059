"""params.yaml, checked before any job runs: against its schema, and against what the package knows.

No torch is imported here: the workflow reads this package each time it plans.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from case_saliency.attribution import registry
from case_saliency.datasets.labels import LABEL_SPACES
from case_saliency.datasets.sources import DATASETS
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import checking, zoo
from case_saliency.params import Params
from case_saliency.validation.analyses import listed_problems
from case_saliency.validation.experiments import experiment_problems
from case_saliency.validation.schema import schema_problems
from case_saliency.validation.suggestions import suggest


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
    problems = list(schema_problems(params, schema)) or list(dict.fromkeys(_problems(params)))
    if problems:
        raise CaseSaliencyError("\n".join(f"params.yaml: {problem}" for problem in problems))


def _problems(params: Params) -> Iterator[str]:
    if unusable := list(checking.problems(params["models"], zoo.MODELS)):
        yield from unusable
        return
    experiments = params["experiments"]
    for position, name in enumerate(params["run"]):
        if name not in experiments:
            yield f"run[{position}]: experiment {name!r} is not defined{suggest(name, experiments)}"
    for name, variant in params["methods"].items():
        if name in registry.ENTRIES and variant["method"] != name:
            yield f"methods.{name}: a method's own name stands for {variant['method']!r}; give the variant another"
        try:
            registry.resolve([{"name": name, **variant}])
        except CaseSaliencyError as error:
            yield f"methods.{name}: {error}"
    space = params["datasets"]["folder"]["label_space"]
    if space is not None and space not in LABEL_SPACES:
        yield f"datasets.folder.label_space: {space!r} is not a label space{suggest(space, LABEL_SPACES)}, or use null"
    yield from training_problems(params, zoo.known(params["models"]))
    for name in experiments:
        yield from experiment_problems(params, name)
    yield from listed_problems(params)


def training_problems(params: Params, models: Mapping[str, Any]) -> Iterator[str]:
    """Yield recipes for what does not exist."""
    for dataset, recipes in params["training"].items():
        if dataset == "default":
            continue
        if dataset not in DATASETS:
            yield f"training.{dataset}: {dataset!r} is not a data set{suggest(dataset, DATASETS)}"
        for model in recipes:
            if model not in models and model != "default":
                yield f"training.{dataset}.{model}: {model!r} is not a model{suggest(model, [*models, 'default'])}"
