# The paper's tables and figures with our numbers beside its own.


rule side_by_side:
    input:
        agreement=rules.test_hypotheses.output.agreement,
        fidelity=rules.test_hypotheses.output.fidelity,
        layers=if_analysed("layers", "results/tables/{experiment}/layers.csv"),
        code=code("side_by_side"),
    output:
        table="results/tables/{experiment}/paper.csv",
    log:
        "logs/side_by_side/{experiment}.log",
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        settings=lambda w: settings(
            layers={name: study.layers(config, w.experiment, name) for name in experiment(w)["models"]},
            fidelity={"measure": study.fidelity(config, w.experiment)["measure"]},
        ),
        layers=lambda w, input: given("--layers", input.layers),
        environment=environment("side_by_side"),
    message:
        "set {wildcards.experiment} beside the paper"
    shell:
        "case-saliency --log {log} side-by-side --agreement {input.agreement} --fidelity {input.fidelity} "
        "{params.layers} --settings {params.settings:q} --table {output.table}"


rule collect_side_by_side:
    input:
        papers=per_experiment("results/tables/{experiment}/paper.csv"),
        pooled=per_experiment("results/tables/{experiment}/pooled.csv"),
        activity=[
            f"results/tables/{name}/activity.csv"
            for name in config["run"]
            if "activity" in study.analyses(config, name)
        ],
        code=code("collect_side_by_side"),
    output:
        page="results/side-by-side.md",
        consistency="results/paper-consistency.csv",
    log:
        "logs/collect_side_by_side.log",
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        settings=settings(threshold=config["diagnostic"]["threshold"]),
        activity=lambda w, input: given("--activity", input.activity),
        environment=environment("collect_side_by_side"),
    message:
        "write the page beside the paper"
    shell:
        "case-saliency --log {log} collect-side-by-side --papers {input.papers} --pooled {input.pooled} "
        "{params.activity} --settings {params.settings:q} --page {output.page} --consistency {output.consistency}"
