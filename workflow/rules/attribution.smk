# Saliency maps: one job computes all methods of a family at all target layers for a shard of the images.


rule attribute:
    input:
        manifest=dataset_file("manifest.csv"),
        images=ancient(dataset_file("images")),
        selection=rules.select_images.output.selection,
        weights=model_file("weights.safetensors"),
        description=model_file("model.json"),
        predictions=rules.predict.output.predictions,
        confusion=confusion_file(""),
        mean_softmax=confusion_file("-softmax"),
        code=lambda w: code("attribute", method_modules(w) + model_modules(w)),
    output:
        maps="results/saliency/{experiment}/{model}/seed{seed}/{family}/{shard}.nc",
    log:
        "logs/attribute/{experiment}/{model}/seed{seed}/{family}/{shard}.log",
    threads: config["compute"]["threads"]
    resources:
        **ON_DEVICE,
        mem_mb=growing(4000),
        runtime=growing(240, an_image=0.1),
    params:
        settings=lambda w: settings(
            compute=config["compute"],
            attribution=config["attribution"],
            layers=study.layers(config, w.experiment, w.model),
            methods=study.entries(config, w.experiment, w.family),
            **own_model(w),
        ),
        confusion=lambda w, input: given("--confusion", input.confusion),
        mean_softmax=lambda w, input: given("--mean-softmax", input.mean_softmax),
        environment=lambda w: environment("attribute", method_modules(w) + model_modules(w)),
    message:
        "attribute {wildcards.experiment} with {wildcards.model}, seed {wildcards.seed}: "
        "{wildcards.family} family, shard {wildcards.shard}"
    shell:
        "case-saliency --log {log} --threads {threads} attribute --manifest {input.manifest} "
        "--selection {input.selection} --weights {input.weights} --description {input.description} "
        "--predictions {input.predictions} {params.confusion} {params.mean_softmax} --shard {wildcards.shard} "
        "--settings {params.settings:q} --maps {output.maps}"
