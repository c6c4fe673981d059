# Networks: verified weights, and what they predict for the selected images.


rule obtain_model:
    input:
        code=lambda w: code("obtain_model", model_modules(w)),
    output:
        weights="models/{dataset}/{model}/seed{seed}/weights.safetensors",
        description="models/{dataset}/{model}/seed{seed}/model.json",
    log:
        "logs/obtain_model/{dataset}/{model}/seed{seed}.log",
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        environment=lambda w: environment("obtain_model", model_modules(w)),
    message:
        "obtain {wildcards.model}, seed {wildcards.seed}, for {wildcards.dataset}"
    shell:
        "case-saliency --log {log} obtain-model --dataset {wildcards.dataset} --model {wildcards.model} "
        "--seed {wildcards.seed} --weights {output.weights} --description {output.description}"


rule predict:
    input:
        selection=rules.select_images.output.selection,
        manifest=dataset_file("manifest.csv"),
        images=ancient(dataset_file("images")),
        weights=model_file("weights.safetensors"),
        description=model_file("model.json"),
        code=lambda w: code("predict", model_modules(w)),
    output:
        predictions="results/predictions/{experiment}/{model}/seed{seed}.parquet",
    log:
        "logs/predict/{experiment}/{model}/seed{seed}.log",
    threads: config["compute"]["threads"]
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        settings=settings(compute=config["compute"]),
        environment=lambda w: environment("predict", model_modules(w)),
    message:
        "predict {wildcards.experiment} with {wildcards.model}, seed {wildcards.seed}"
    shell:
        "case-saliency --log {log} --threads {threads} predict --manifest {input.manifest} "
        "--selection {input.selection} --weights {input.weights} --description {input.description} "
        "--settings {params.settings:q} --predictions {output.predictions}"
