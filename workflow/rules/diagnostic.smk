# RQ1: agreement between the maps for the two most likely classes, image by image.


rule score_agreement:
    input:
        maps=saliency_files,
        description=model_file("model.json"),
        predictions=rules.predict.output.predictions,
        code=code("score_agreement"),
    output:
        scores="results/scores/{experiment}/agreement/{model}/seed{seed}.parquet",
    log:
        "logs/score_agreement/{experiment}/{model}/seed{seed}.log",
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        maps=lambda w, input: braced(input.maps),
        settings=lambda w: settings(
            dataset=experiment(w)["dataset"],
            k_percent=config["diagnostic"]["k_percent"],
            ties=config["diagnostic"]["ties"],
            methods=experiment(w)["methods"],
        ),
        environment=environment("score_agreement"),
    message:
        "score agreement of {wildcards.experiment}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "case-saliency --log {log} score-agreement --experiment {wildcards.experiment} --model {wildcards.model} "
        "--seed {wildcards.seed} --maps {params.maps} --description {input.description} "
        "--predictions {input.predictions} --settings {params.settings:q} --scores {output.scores}"
