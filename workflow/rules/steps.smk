# The steps of the study: what `rule all` makes, in parts. A part is asked for by the step and what it is made for
# (`snakemake agreement-digits`), and is a stage of dvc.yaml.
PUBLISHED = [path.name for path in sorted(Path(workflow.basedir, "docs/results").glob("*/"))]
REMEMBERED = [name for name in config["experiments"] if name in {*config["run"], *PUBLISHED}]

OF_DATASET = {
    "data": lambda names: [
        f"data/{name}/{file}.csv" for name in datasets(names) for file in ("manifest", "exclusions")
    ],
    "models": lambda names: [
        *per_experiment(
            "models/{dataset}/{model}/seed{seed}/{file}", names, file=["weights.safetensors", "model.json"]
        ),
        *per_training("models/{dataset}/{model}/seed{seed}/training.csv", names),
    ],
    "confusion": lambda names: [
        path
        for name in names
        if any(study.needs_confusion(config, name, analysis=asked) for asked in [None, *study.analyses(config, name)])
        for ending in ("", "-softmax")
        for path in per_experiment(f"results/confusion/{{dataset}}/{{model}}/seed{{seed}}{ending}.npy", [name])
    ],
}

OF_EXPERIMENT = {
    "predictions": lambda names: [
        *per_experiment("results/predictions/{experiment}/selection.csv", names),
        *per_experiment("results/predictions/{experiment}/{model}/seed{seed}.parquet", names),
    ],
    "saliency": lambda names: per_experiment(
        "results/saliency/{experiment}/{model}/seed{seed}/{family}/{shard}.nc", names
    ),
    "agreement": lambda names: per_experiment(
        "results/scores/{experiment}/agreement/{model}/seed{seed}.parquet", names
    ),
    "fidelity": lambda names: per_experiment(
        "results/scores/{experiment}/fidelity/{model}/seed{seed}/{shard}.parquet", names
    ),
    **{
        analysis: lambda names, analysis=analysis: per_analysed(
            f"results/scores/{{experiment}}/{analysis}/{{model}}/seed{{seed}}.parquet", names, asking=analysis
        )
        for analysis in ["curves", *ANALYSES]
    },
    "tables": lambda names: [
        *per_experiment("results/tables/{experiment}/{table}.csv", names, table=TABLES),
        *per_experiment("results/metrics/{experiment}.json", names),
        *per_analysed(
            "results/tables/{experiment}/{table}.csv", names, asking="curves", table=["curves", "curve_points"]
        ),
        *per_analysis("results/tables/{experiment}/{analysis}.csv", names),
        *per_experiment("results/tables/{experiment}/paper.csv", names),
    ],
    "claims": lambda names: per_experiment("results/claims/{experiment}.json", names),
    "figures": lambda names: [
        *per_experiment("results/figures/{experiment}/{figure}.{format}", names, figure=FIGURES, format=FORMATS),
        *per_analysed("results/figures/{experiment}/map_panels/{model}-seed{seed}.{format}", names, format=FORMATS),
        *per_seeds("results/figures/{experiment}/seeds.{format}", names, format=FORMATS),
        *per_analysed(
            "results/figures/{experiment}/perturbation_curves.{format}", names, asking="curves", format=FORMATS
        ),
        *per_analysis("results/figures/{experiment}/{analysis}.{format}", names, format=FORMATS),
    ],
}


def step_files(step, name):
    """Files that a step makes for a data set (for all experiments on it) or for an experiment."""
    if step in OF_EXPERIMENT:
        return OF_EXPERIMENT[step]([name])
    return OF_DATASET[step]([one for one in REMEMBERED if config["experiments"][one]["dataset"] == name])


def stages():
    """Every stage of the experiments that run or are published, without those that make nothing: step, name, files."""
    found = [(step, name) for step in OF_DATASET for name in datasets(REMEMBERED)]
    found += [(step, name) for name in REMEMBERED for step in OF_EXPERIMENT]
    return [(step, name, files) for step, name in found if (files := step_files(step, name))]


for _step, _name, _files in stages():

    rule:
        name:
            f"{_step}-{_name}"
        input:
            _files,
        message:
            f"{_step} of {_name}: there"
