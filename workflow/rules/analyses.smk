# What an experiment may ask for beside RQ1 and RQ2: for each analysis its scores, their table and its figure.
WITH_NETWORK = [name for name, analysis in ANALYSES.items() if analysis.networks]
WITHOUT_NETWORK = [name for name in ANALYSES if name not in WITH_NETWORK]


rule score_maps:
    input:
        maps=saliency_files,
        description=model_file("model.json"),
        predictions=rules.predict.output.predictions,
        code=lambda w: code(f"score_{w.analysis}"),
    output:
        scores="results/scores/{experiment}/{analysis}/{model}/seed{seed}.parquet",
    log:
        "logs/score_analysis/{experiment}/{analysis}/{model}/seed{seed}.log",
    wildcard_constraints:
        analysis="|".join(WITHOUT_NETWORK),
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60, an_image=0.005),
    params:
        maps=lambda w, input: braced(input.maps),
        settings=lambda w: settings(**study.scoring(config, w.experiment, w.analysis, w.model)),
        environment=lambda w: environment(f"score_{w.analysis}"),
    message:
        "score {wildcards.analysis} of {wildcards.experiment}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "case-saliency --log {log} score-{wildcards.analysis} --experiment {wildcards.experiment} "
        "--model {wildcards.model} --seed {wildcards.seed} --maps {params.maps} --description {input.description} "
        "--predictions {input.predictions} --settings {params.settings:q} --scores {output.scores}"


rule score_network:
    input:
        maps=saliency_files,
        manifest=dataset_file("manifest.csv"),
        images=ancient(dataset_file("images")),
        selection=rules.select_images.output.selection,
        weights=model_file("weights.safetensors"),
        description=model_file("model.json"),
        predictions=rules.predict.output.predictions,
        confusion=confusion_file(""),
        mean_softmax=confusion_file("-softmax"),
        code=lambda w: code(f"score_{w.analysis}", method_modules(w) + model_modules(w)),
    output:
        scores="results/scores/{experiment}/{analysis}/{model}/seed{seed}.parquet",
    log:
        "logs/score_analysis/{experiment}/{analysis}/{model}/seed{seed}.log",
    wildcard_constraints:
        analysis="|".join(WITH_NETWORK),
    threads: config["compute"]["threads"]
    resources:
        **ON_DEVICE,
        mem_mb=growing(4000),
        runtime=growing(240, an_image=0.01),
    params:
        maps=lambda w, input: braced(input.maps),
        settings=lambda w: settings(**study.scoring(config, w.experiment, w.analysis, w.model)),
        confusion=lambda w, input: given("--confusion", input.confusion),
        mean_softmax=lambda w, input: given("--mean-softmax", input.mean_softmax),
        environment=lambda w: environment(f"score_{w.analysis}", method_modules(w) + model_modules(w)),
    message:
        "score {wildcards.analysis} of {wildcards.experiment}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "case-saliency --log {log} --threads {threads} score-{wildcards.analysis} --experiment {wildcards.experiment} "
        "--model {wildcards.model} --seed {wildcards.seed} --maps {params.maps} --manifest {input.manifest} "
        "--selection {input.selection} --weights {input.weights} --description {input.description} "
        "--predictions {input.predictions} {params.confusion} {params.mean_softmax} --settings {params.settings:q} --scores {output.scores}"


rule test_analysis:
    input:
        scores=per_analysed_model("results/scores/{experiment}/{analysis}/{model}/seed{seed}.parquet"),
        code=lambda w: code(f"test_{w.analysis}"),
    output:
        table="results/tables/{experiment}/{analysis}.csv",
    log:
        "logs/test_analysis/{experiment}/{analysis}.log",
    threads: 1
    resources:
        mem_mb=growing(1000, an_image=0.005),
        runtime=growing(30, an_image=0.001),
    params:
        settings=lambda w: settings(**study.testing(config, w.experiment, w.analysis)),
        environment=lambda w: environment(f"test_{w.analysis}"),
    message:
        "test {wildcards.analysis} of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} test-{wildcards.analysis} --scores {input.scores} "
        "--settings {params.settings:q} --table {output.table}"


rule plot_analysis:
    input:
        table=rules.test_analysis.output.table,
        code=lambda w: code("plot", [f"case_saliency.figures.{w.analysis}"]),
    output:
        pdf="results/figures/{experiment}/{analysis}.pdf",
        png=report(
            "results/figures/{experiment}/{analysis}.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/analysis.rst",
        ),
        svg="results/figures/{experiment}/{analysis}.svg",
    log:
        "logs/plot/{experiment}/{analysis}.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=settings(),
        environment=lambda w: environment("plot", [f"case_saliency.figures.{w.analysis}"]),
    message:
        "plot {wildcards.analysis} of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} plot --figure {wildcards.analysis} --table {input.table} "
        "--settings {params.settings:q} --pdf {output.pdf} --png {output.png} --svg {output.svg}"
