# The page that people read.
REPORTED = ["agreement", "fidelity", "cross_deletion", "ranks", "pooled", "attrition", "paper", "summary"]
ANALYSIS_FIGURES = sorted(
    {f"case_saliency.figures.{name}" for run in config["run"] for name in study.analyses(config, run)}
)


rule report_page:
    input:
        tables=[
            *per_experiment("results/tables/{experiment}/{table}.csv", table=REPORTED),
            *per_analysed("results/tables/{experiment}/curves.csv", asking="curves"),
            *per_analysis("results/tables/{experiment}/{analysis}.csv"),
        ],
        figures=[
            *per_experiment("results/figures/{experiment}/sensitivity_fidelity.png"),
            *per_experiment("results/figures/{experiment}/agreement_heatmap.png"),
            *per_experiment("results/figures/{experiment}/agreement_distributions.png"),
            *per_experiment("results/figures/{experiment}/critical_difference.png"),
            *per_seeds("results/figures/{experiment}/seeds.png"),
            *per_experiment("results/figures/{experiment}/confidence_drops.png"),
            *per_experiment("results/figures/{experiment}/cross_deletion.png"),
            *per_experiment(
                "results/figures/{experiment}/{figure}.png",
                figure=[name for name in OF_TABLE if name != "sensitivity_fidelity"],
            ),
            *per_analysed("results/figures/{experiment}/perturbation_curves.png", asking="curves"),
            *per_analysis("results/figures/{experiment}/{analysis}.png"),
        ],
        claims=per_experiment("results/claims/{experiment}.json"),
        manifests=[f"data/{name}/manifest.csv" for name in datasets()],
        images=[ancient(f"data/{name}/images") for name in datasets()],
        selections=per_experiment("results/predictions/{experiment}/selection.csv"),
        predictions=per_experiment("results/predictions/{experiment}/{model}/seed{seed}.parquet"),
        maps=per_gallery("results/saliency/{experiment}/{model}/seed{seed}/{family}/{shard}.nc"),
        agreement_scores=per_gallery("results/scores/{experiment}/agreement/{model}/seed{seed}.parquet"),
        fidelity_scores=per_gallery("results/scores/{experiment}/fidelity/{model}/seed{seed}/{shard}.parquet"),
        descriptions=per_experiment("models/{dataset}/{model}/seed{seed}/model.json"),
        code=code("report", ANALYSIS_FIGURES),
    output:
        page="results/report.html",
    log:
        "logs/report.log",
    threads: 1
    resources:
        mem_mb=growing(1000, an_image=0.005),
        runtime=growing(10, an_image=0.0005),
    params:
        maps=lambda w, input: braced(input.maps),
        fidelity_scores=lambda w, input: braced(input.fidelity_scores),
        settings=settings(**{**config, "experiments": {name: config["experiments"][name] for name in config["run"]}}),
        environment=environment("report", ANALYSIS_FIGURES),
    message:
        "write the report"
    shell:
        "case-saliency --log {log} report --tables {input.tables} --figures {input.figures} "
        "--claims {input.claims} --manifests {input.manifests} --selections {input.selections} --predictions {input.predictions} "
        "--descriptions {input.descriptions} --maps {params.maps} --agreement-scores {input.agreement_scores} "
        "--fidelity-scores {params.fidelity_scores} --settings {params.settings:q} --page {output.page}"
