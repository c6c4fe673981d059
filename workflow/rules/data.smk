# Data sets, and the seeded sample of images that an experiment uses.


rule fetch_dataset:
    input:
        changed=again_if_changed,
        code=lambda w: code("fetch_dataset", dataset_modules(w)),
    output:
        manifest="data/{dataset}/manifest.csv",
        exclusions="data/{dataset}/exclusions.csv",
        images=directory("data/{dataset}/images"),
    log:
        "logs/fetch_dataset/{dataset}.log",
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(600),
    params:
        settings=lambda w: settings(**config["datasets"].get(w.dataset, {})),
        environment=lambda w: environment("fetch_dataset", dataset_modules(w)),
    message:
        "fetch data set {wildcards.dataset}"
    shell:
        "case-saliency --log {log} fetch-dataset --dataset {wildcards.dataset} --settings {params.settings:q} "
        "--manifest {output.manifest}"


rule select_images:
    input:
        manifest=dataset_file("manifest.csv"),
        code=code("select_images"),
    output:
        selection="results/predictions/{experiment}/selection.csv",
    log:
        "logs/select_images/{experiment}.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=lambda w: settings(n_images=experiment(w)["n_images"], seed=config["seed"]),
        environment=environment("select_images"),
    message:
        "select the images of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} select-images --manifest {input.manifest} --settings {params.settings:q} "
        "--selection {output.selection}"
