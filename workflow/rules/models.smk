# Networks: verified or trained weights, what they predict for the selected images, and what they confuse.
# Of a data set and a model, as they stand in a path, that which has published weights for the data set's classes.
PUBLISHED = "|".join(
    f"{dataset}/{model}/"
    for dataset in DATASETS
    for model in MODELS
    if not is_trained(model, dataset, config["models"])
)


rule obtain_model:
    input:
        published=own_weights,
        code=lambda w: code("obtain_model", model_modules(w)),
    output:
        weights="models/{dataset}/{model}/seed{seed}/weights.safetensors",
        description="models/{dataset}/{model}/seed{seed}/model.json",
    log:
        "logs/obtain_model/{dataset}/{model}/seed{seed}.log",
    wildcard_constraints:
        dataset=f"(?={PUBLISHED})[^/]+",
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=lambda w: settings(**own_model(w)),
        environment=lambda w: environment("obtain_model", model_modules(w)),
    message:
        "obtain {wildcards.model}, seed {wildcards.seed}, for {wildcards.dataset}"
    shell:
        "case-saliency --log {log} obtain-model --dataset {wildcards.dataset} --model {wildcards.model} "
        "--seed {wildcards.seed} --settings {params.settings:q} --weights {output.weights} "
        "--description {output.description}"


rule train_model:
    input:
        manifest="data/{dataset}/manifest.csv",
        images=ancient("data/{dataset}/images"),
        published=own_weights,
        code=lambda w: code("train_model", model_modules(w)),
    output:
        weights="models/{dataset}/{model}/seed{seed}/weights.safetensors",
        description="models/{dataset}/{model}/seed{seed}/model.json",
        history="models/{dataset}/{model}/seed{seed}/training.csv",
    log:
        "logs/train_model/{dataset}/{model}/seed{seed}.log",
    wildcard_constraints:
        dataset=f"(?!{PUBLISHED})[^/]+",
    threads: config["compute"]["threads"]
    resources:
        **ON_DEVICE,
        mem_mb=training_memory,
        runtime=growing(600),
    params:
        settings=lambda w: settings(
            device=config["compute"]["device"], recipe=study.recipe(config, w.dataset, w.model), **own_model(w)
        ),
        environment=lambda w: environment("train_model", model_modules(w)),
    message:
        "train {wildcards.model}, seed {wildcards.seed}, on {wildcards.dataset}"
    shell:
        "case-saliency --log {log} --threads {threads} train-model --manifest {input.manifest} "
        "--dataset {wildcards.dataset} --model {wildcards.model} --seed {wildcards.seed} --settings {params.settings:q} "
        "--weights {output.weights} --description {output.description} --history {output.history}"


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
        **ON_DEVICE,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        settings=lambda w: settings(compute=config["compute"], **own_model(w)),
        environment=lambda w: environment("predict", model_modules(w)),
    message:
        "predict {wildcards.experiment} with {wildcards.model}, seed {wildcards.seed}"
    shell:
        "case-saliency --log {log} --threads {threads} predict --manifest {input.manifest} "
        "--selection {input.selection} --weights {input.weights} --description {input.description} "
        "--settings {params.settings:q} --predictions {output.predictions}"


rule estimate_confusion:
    input:
        manifest="data/{dataset}/manifest.csv",
        images=ancient("data/{dataset}/images"),
        weights="models/{dataset}/{model}/seed{seed}/weights.safetensors",
        description="models/{dataset}/{model}/seed{seed}/model.json",
        code=lambda w: code("estimate_confusion", model_modules(w)),
    output:
        confusion="results/confusion/{dataset}/{model}/seed{seed}.npy",
        mean_softmax="results/confusion/{dataset}/{model}/seed{seed}-softmax.npy",
    log:
        "logs/estimate_confusion/{dataset}/{model}/seed{seed}.log",
    threads: config["compute"]["threads"]
    resources:
        **ON_DEVICE,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        settings=lambda w: settings(compute=config["compute"], **own_model(w)),
        environment=lambda w: environment("estimate_confusion", model_modules(w)),
    message:
        "estimate what {wildcards.model}, seed {wildcards.seed}, confuses on {wildcards.dataset}"
    shell:
        "case-saliency --log {log} --threads {threads} estimate-confusion --manifest {input.manifest} "
        "--weights {input.weights} --description {input.description} --settings {params.settings:q} "
        "--confusion {output.confusion} --mean-softmax {output.mean_softmax}"
