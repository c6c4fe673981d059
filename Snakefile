# Table of contents of the study. `snakemake --cores all` (or plain `snakemake`) makes everything;
# run again, it redoes only what changed.
configfile: "params.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/attribution.smk"
include: "workflow/rules/diagnostic.smk"
include: "workflow/rules/fidelity.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/analyses.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:  # every file that a rule makes, by name: only then is a deleted one noticed
        [f"data/{name}/{file}.csv" for name in datasets() for file in ("manifest", "exclusions")],
        per_experiment("models/{dataset}/{model}/seed{seed}/{file}", file=["weights.safetensors", "model.json"]),
        per_training("models/{dataset}/{model}/seed{seed}/training.csv"),
        per_experiment("results/predictions/{experiment}/selection.csv"),
        per_experiment("results/predictions/{experiment}/{model}/seed{seed}.parquet"),
        per_experiment("results/saliency/{experiment}/{model}/seed{seed}/{family}/{shard}.nc"),
        per_experiment(
            "results/scores/{experiment}/{score}/{model}/seed{seed}.parquet", score=["agreement", "fidelity"]
        ),
        "results/report.html",
        "results/metrics.json",
        per_experiment("results/claims/{experiment}.json"),
        ["results/claims.json", "results/claims.md"],
        per_experiment("results/tables/{experiment}/paper.csv"),
        ["results/side-by-side.md", "results/paper-consistency.csv"],
        per_experiment("results/tables/{experiment}/{table}.csv", table=TABLES),
        per_experiment("results/figures/{experiment}/{figure}.{format}", figure=FIGURES, format=FORMATS),
        per_analysed("results/figures/{experiment}/map_panels/{model}-seed{seed}.{format}", format=FORMATS),
        per_seeds("results/figures/{experiment}/seeds.{format}", format=FORMATS),
        per_analysed("results/scores/{experiment}/curves/{model}/seed{seed}.parquet", asking="curves"),
        per_analysed("results/tables/{experiment}/{table}.csv", asking="curves", table=["curves", "curve_points"]),
        per_analysed("results/figures/{experiment}/perturbation_curves.{format}", asking="curves", format=FORMATS),
        per_analysis("results/scores/{experiment}/{analysis}/{model}/seed{seed}.parquet"),
        per_analysis("results/tables/{experiment}/{analysis}.csv"),
        per_analysis("results/figures/{experiment}/{analysis}.{format}", format=FORMATS),
    message:
        "everything is there"


onsuccess:
    if set(workflow.dag_settings.targets) <= {"all"}:  # a part alone has nothing to sum up
        shell("case-saliency summary {config[run]:q}")
        shell("snakemake --quiet all --cores 1 --report results/workflow-report.html")
