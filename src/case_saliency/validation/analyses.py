"""What an analysis asks for and the experiment or its data set cannot give."""

from collections.abc import Iterator

from case_saliency.analyses import ANALYSES
from case_saliency.attribution import comparisons, registry
from case_saliency.datasets.sources import DATASETS
from case_saliency.errors import CaseSaliencyError
from case_saliency.params import Params, analysed_seeds, entry
from case_saliency.params import methods as methods_of
from case_saliency.validation.suggestions import suggest


def listed_problems(params: Params) -> Iterator[str]:
    """Yield methods listed by an analysis that do not exist, and experiments that would be left without any."""
    known = {**registry.ENTRIES, **params["methods"]}
    for analysis in ANALYSES:
        listed = params.get(analysis, {}).get("methods") or ()
        for position, method in enumerate(listed):
            if method not in known:
                yield f"{analysis}.methods[{position}]: {method!r} is not a method{suggest(method, known)}"
        for name, experiment in params["experiments"].items() if listed else ():
            if analysis in experiment["analyses"] and not set(listed) & set(experiment["methods"]):
                yield (
                    f"{analysis}.methods: none of {', '.join(listed)} is in experiments.{name}.methods; name one of "
                    "them, or use null"
                )


def analysis_problems(params: Params, name: str) -> Iterator[str]:
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


def _circularity_problems(params: Params, name: str) -> Iterator[str]:
    where = f"experiments.{name}"
    if "case" not in params["experiments"][name]["methods"]:
        yield f"{where}.analyses: circularity asks about 'case', which is not among {where}.methods; add or remove one"
        return
    try:
        compared = entry(params, "case", name).get("compared", "any")
    except CaseSaliencyError:
        return  # told under `methods`
    if compared != "any":
        yield f"methods.case.compared: {compared!r} found, but circularity compares case with variants of it; use any"
