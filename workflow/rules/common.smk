# Shared by all rules: the checked parameters, and what a rule's code and environment are.
import json
import math
import os
import sys
from functools import cache
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.resources import Resource

# This tree's code runs, wherever a package of the same name is installed.
SOURCE = str(Path(workflow.basedir, "src"))
sys.path.insert(0, SOURCE)
os.environ |= {"PYTHONPATH": os.pathsep.join(dict.fromkeys([SOURCE, *os.getenv("PYTHONPATH", "").split(os.pathsep)]))}

from case_saliency import params as study
from case_saliency.analyses import ANALYSES
from case_saliency.datasets.shards import braced
from case_saliency.datasets.sources import DATASETS
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import accelerators
from case_saliency.models.spec import LocalFile
from case_saliency.models.zoo import is_trained, known
from case_saliency.provenance.code import closure, locked_versions
from case_saliency.validation import validate

LOCK = Path(workflow.basedir, "requirements.lock")
sys.path.append(str(Path.cwd()))  # where a user's own methods and models lie

# Whether jobs are measured (benchmarks.smk): no parameter of the study, so that no job is told and none runs again.
# Asked for on the command line alone; in params.yaml it is an unknown name.
_asked = "false"
if "benchmark" in workflow.config_settings.overwrite_config:
    _asked = str(config.pop("benchmark")).lower()
if _asked not in {"true", "false"}:
    raise WorkflowError(f"--config benchmark={_asked}: true or false expected")
BENCHMARKED = _asked == "true"

try:
    validate(config, yaml.safe_load(Path(workflow.basedir, "workflow/schemas/params.schema.yaml").read_text()))
except CaseSaliencyError as error:
    raise WorkflowError(str(error)) from None


MODELS = known(config["models"])
# What jobs that compute with a network ask for: a GPU, if compute.device names one. Results do not depend on it.
ON_DEVICE = {"gpu": 1} if accelerators.wanted(config["compute"]["device"]) else {}
# One machine counts one GPU, so that two jobs never share its memory unasked. A profile cannot say that: `--resources` for
# anything else takes the place of all that it says.
if workflow.local_exec and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", Resource("gpu", 1))


wildcard_constraints:
    dataset="[A-Za-z0-9][A-Za-z0-9_-]*",
    experiment="[A-Za-z0-9][A-Za-z0-9_-]*",
    model="[A-Za-z0-9][A-Za-z0-9_-]*",
    seed=r"\d+",
    family="[a-z]+",
    shard=r"\d+-of-\d+",
    figure="[a-z_]+",
    analysis="|".join(ANALYSES),


@cache
def reachable(stage, *modules):
    """What a stage can reach from its command, and from modules that it loads by name."""
    return closure([f"case_saliency.cli.{stage}", *modules])


@cache
def sources(found):
    """Files of a closure, relative to the project where they lie in it; local ones, where results lie in a store."""
    root = Path.cwd()
    return [local(str(path.relative_to(root) if path.is_relative_to(root) else path)) for path in found.files]


@cache
def locked(found):
    """Locked versions of the packages that a closure imports, as JSON."""
    return json.dumps(locked_versions(found.distributions(), LOCK), sort_keys=True)


def code(stage, modules=()):
    """Source files that a stage can reach (`modules`: those it loads by name): its inputs beside the data."""
    return sources(reachable(stage, *modules))


def environment(stage, modules=()):
    """Locked versions of the packages that a stage computes with, as JSON."""
    return locked(reachable(stage, *modules))


def settings(**values):
    """One JSON text of the named parameters of a stage, so that two swapped values are seen."""
    return json.dumps(values, sort_keys=True)


def experiment(wildcards):
    """The section of params.yaml of one experiment."""
    return config["experiments"][wildcards.experiment]


def method_modules(wildcards):
    """The modules of the methods that a job computes: those of its family or analysis, or all of the experiment's."""
    own = ANALYSES[wildcards.analysis].methods if wildcards.get("analysis") else ()
    methods = study.methods(config, wildcards.experiment, wildcards.get("family"))
    return study.registry.modules([*methods, *study.registry.resolve(own)])


# In what follows, `names` are those of experiments; left out, of those that run.
def datasets(names=None):
    """The data sets of experiments."""
    return list(dict.fromkeys(config["experiments"][name]["dataset"] for name in names or config["run"]))


def per_experiment(pattern, names=None, **values):
    """Expand a path over experiments, and over what each of them consists of."""
    return [path for name in names or config["run"] for path in expand(pattern, **extent(name, pattern), **values)]


def extent(name, pattern):
    """What an experiment consists of, by the wildcards of a path."""
    found = {
        "experiment": lambda: name,
        "dataset": lambda: config["experiments"][name]["dataset"],
        "model": lambda: config["experiments"][name]["models"],
        "seed": lambda: config["experiments"][name]["seeds"],
        "family": lambda: study.families(config, name),
        "shard": lambda: study.shards(config, name),
    }
    return {wildcard: find() for wildcard, find in found.items() if f"{{{wildcard}}}" in pattern}


def per_analysis(pattern, names=None, **values):
    """Expand a path over experiments, and over the analyses that each asks for."""
    return [
        path
        for name in names or config["run"]
        for path in expand(
            pattern,
            experiment=name,
            model=config["experiments"][name]["models"],
            seed=study.analysed_seeds(config, name),
            analysis=study.analyses(config, name),
            **values,
        )
    ]


def per_analysed(pattern, names=None, asking=None, **values):
    """Expand a path over the networks that analyses look at, of experiments (that ask for one of them)."""
    return [
        path
        for name in names or config["run"]
        if asking is None or asking in config["experiments"][name]["analyses"]
        for path in expand(
            pattern,
            experiment=name,
            model=config["experiments"][name]["models"],
            seed=study.analysed_seeds(config, name),
            **values,
        )
    ]


def per_seeds(pattern, names=None, **values):
    """Expand a path over experiments with several training seeds."""
    several = [name for name in names or config["run"] if len(config["experiments"][name]["seeds"]) > 1]
    return expand(pattern, experiment=several, **values)


def per_training(pattern, names=None):
    """Expand a path over the trainings of experiments."""
    return [
        path
        for path in per_experiment("{dataset} {model} {seed}", names)
        for dataset, model, seed in [path.split()]
        if is_trained(model, dataset, config["models"])
        for path in [pattern.format(dataset=dataset, model=model, seed=seed)]
    ]


def per_model(pattern):
    """Input function: a path expanded over what the rule's experiment consists of."""
    return lambda wildcards: per_experiment(pattern, [wildcards.experiment])


def per_analysed_model(pattern):
    """Input function: a path expanded over the models and seeds that the analyses of the rule's experiment look at."""
    return lambda wildcards: expand(
        pattern,
        **wildcards,
        model=experiment(wildcards)["models"],
        seed=study.analysed_seeds(config, wildcards.experiment),
    )


def dataset_file(name):
    """Input function: a file of the data set of the rule's experiment."""
    return lambda wildcards: f"data/{experiment(wildcards)['dataset']}/{name}"


def model_file(name):
    """Input function: a file of the rule's trained model."""
    return lambda wildcards: f"models/{experiment(wildcards)['dataset']}/{wildcards.model}/seed{wildcards.seed}/{name}"


def confusion_file(ending):
    """Input function: what the rule's model confuses, where a method of its family or analysis needs it."""
    return lambda wildcards: (
        f"results/confusion/{experiment(wildcards)['dataset']}/{wildcards.model}/seed{wildcards.seed}{ending}.npy"
        if study.needs_confusion(config, wildcards.experiment, wildcards.get("family"), wildcards.get("analysis"))
        else []
    )


def given(option, file):
    """An option of a command with its file, and nothing where the file is not needed."""
    return f"{option} {file}" if file else ""


def dataset_modules(wildcards):
    """The module that fetches the rule's data set, loaded by name."""
    return [DATASETS[wildcards.dataset].fetcher.partition(":")[0]]


def model_modules(wildcards):
    """The module that builds the rule's network, loaded by name."""
    return [MODELS[wildcards.model].builder.partition(":")[0]]


def own_weights(wildcards):
    """The file of weights of a network of the user's; nothing for other networks."""
    weights = MODELS[wildcards.model].weights
    return [str(Path(weights.path).expanduser())] if isinstance(weights, LocalFile) else []


def own_model(wildcards):
    """What params.yaml says of a network of the user's, as a setting; nothing for a network of the zoo."""
    return study.own(config, wildcards.model)


def growing(amount, an_image=0):
    """Resource function: MB or minutes, and some for each image of each network that the job looks at (`images_of`).

    Twice as much in the second attempt, three times in the third.
    """
    return lambda wildcards, attempt: math.ceil(amount + an_image * images_of(wildcards)) * attempt


def images_of(wildcards):
    """How many images of how many networks a job looks at: a shard, of one network, of an experiment, or of all."""
    names = [wildcards.experiment] if wildcards.get("experiment") else config["run"]
    per_network = wildcards.get("model") is not None
    found = sum(study.images(config, name) * (1 if per_network else study.networks(config, name)) for name in names)
    return found / len(study.shards(config, wildcards.experiment)) if wildcards.get("shard") else found


def training_memory(wildcards, attempt):
    """MB that a training needs: its images as the network sees them, three bytes a pixel, and what it computes with."""
    splits, size = DATASETS[wildcards.dataset].splits or {}, MODELS[wildcards.model].transform.input_size
    images = 3 * size**2 * (splits.get("train", 0) + splits.get("validation", 0)) // 10**6
    return (4000 + images) * attempt


def saliency_files(wildcards):
    """The map files of the rule's model: every family, and the rule's shard; every shard where the rule has none."""
    told = {"shard": study.shards(config, wildcards.experiment), **wildcards}
    return expand(
        "results/saliency/{experiment}/{model}/seed{seed}/{family}/{shard}.nc",
        family=study.families(config, wildcards.experiment),
        **told,
    )


def figure_settings(w):
    """What the figure of one table is told beside it."""
    fidelity = study.fidelity(config, w.experiment)
    told = {
        "attrition": lambda: {"controls": study.controls(config, w.experiment)},
        "equivalence": lambda: {
            "measure": fidelity["measure"],
            "reference": fidelity["reference"],
            "margin": fidelity["equivalence_margin"],
        },
        **dict.fromkeys(("pooling", "sensitivity_fidelity"), lambda: {"threshold": config["diagnostic"]["threshold"]}),
    }
    return settings(**told[w.figure]())


def if_analysed(analysis, pattern):
    """Input function: files of an analysis, expanded over its networks; nothing where the experiment does not ask."""
    found = per_analysed_model(pattern)
    return lambda wildcards: (
        list(dict.fromkeys(found(wildcards))) if analysis in experiment(wildcards)["analyses"] else []
    )


def per_gallery(pattern):
    """Expand a path over the networks of the gallery: one training of each architecture that analyses look at."""
    return [
        path
        for name in config["run"]
        for path in dict.fromkeys(
            expand(
                pattern,
                experiment=name,
                model=config["experiments"][name]["models"],
                seed=study.analysed_seeds(config, name)[0],
                family=study.families(config, name),
                shard=study.shards(config, name),
            )
        )
    ]
