# RQ2: what the network loses when the pixels that a map marks are removed, image by image. Drops of all images are the
# most expensive scores, and are split as the maps are; curves are those of a few images.


rule score_fidelity:
    input:
        maps=saliency_files,
        manifest=dataset_file("manifest.csv"),
        images=ancient(dataset_file("images")),
        selection=rules.select_images.output.selection,
        weights=model_file("weights.safetensors"),
        description=model_file("model.json"),
        predictions=rules.predict.output.predictions,
        code=lambda w: code("score_fidelity", model_modules(w)),
    output:
        scores="results/scores/{experiment}/fidelity/{model}/seed{seed}/{shard}.parquet",
    log:
        "logs/score_fidelity/{experiment}/{model}/seed{seed}/{shard}.log",
    threads: config["compute"]["threads"]
    resources:
        **ON_DEVICE,
        mem_mb=growing(4000),
        runtime=growing(240, an_image=0.02),
    params:
        settings=lambda w: settings(
            compute=config["compute"],
            seed=config["seed"],
            dataset=experiment(w)["dataset"],
            k_percent=study.fidelity(config, w.experiment)["k_percent"],
            fill=study.fidelity(config, w.experiment)["fill"],
            methods=experiment(w)["methods"],
            **own_model(w),
        ),
        environment=lambda w: environment("score_fidelity", model_modules(w)),
    message:
        "score fidelity of {wildcards.experiment}, {wildcards.model}, seed {wildcards.seed}: shard {wildcards.shard}"
    shell:
        "case-saliency --log {log} --threads {threads} score-fidelity --experiment {wildcards.experiment} "
        "--model {wildcards.model} --seed {wildcards.seed} --maps {input.maps} --manifest {input.manifest} "
        "--selection {input.selection} --weights {input.weights} --description {input.description} "
        "--predictions {input.predictions} --shard {wildcards.shard} --settings {params.settings:q} --scores {output.scores}"


rule score_curves:
    input:
        maps=saliency_files,
        manifest=dataset_file("manifest.csv"),
        images=ancient(dataset_file("images")),
        selection=rules.select_images.output.selection,
        weights=model_file("weights.safetensors"),
        description=model_file("model.json"),
        predictions=rules.predict.output.predictions,
        code=lambda w: code("score_curves", model_modules(w)),
    output:
        scores="results/scores/{experiment}/curves/{model}/seed{seed}.parquet",
    log:
        "logs/score_curves/{experiment}/{model}/seed{seed}.log",
    threads: config["compute"]["threads"]
    resources:
        **ON_DEVICE,
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        maps=lambda w, input: braced(input.maps),
        settings=lambda w: settings(
            compute=config["compute"],
            seed=config["seed"],
            dataset=experiment(w)["dataset"],
            curves=config["curves"],
            methods=experiment(w)["methods"],
            **own_model(w),
        ),
        environment=lambda w: environment("score_curves", model_modules(w)),
    message:
        "score perturbation curves of {wildcards.experiment}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "case-saliency --log {log} --threads {threads} score-curves --experiment {wildcards.experiment} "
        "--model {wildcards.model} --seed {wildcards.seed} --maps {params.maps} --manifest {input.manifest} "
        "--selection {input.selection} --weights {input.weights} --description {input.description} "
        "--predictions {input.predictions} --settings {params.settings:q} --scores {output.scores}"
