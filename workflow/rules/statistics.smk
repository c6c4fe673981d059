# Tests over images, and the numbers that a reader wants first.
TABLES = ["agreement", "fidelity", "ranks", "pooled", "cross_deletion", "attrition", "summary"]


rule test_hypotheses:
    input:
        agreement=per_model("results/scores/{experiment}/agreement/{model}/seed{seed}.parquet"),
        fidelity=per_model("results/scores/{experiment}/fidelity/{model}/seed{seed}/{shard}.parquet"),
        code=code("test_hypotheses"),
    output:
        agreement="results/tables/{experiment}/agreement.csv",
        fidelity="results/tables/{experiment}/fidelity.csv",
        ranks="results/tables/{experiment}/ranks.csv",
        pooled="results/tables/{experiment}/pooled.csv",
        attrition="results/tables/{experiment}/attrition.csv",
    log:
        "logs/test_hypotheses/{experiment}.log",
    threads: 1
    resources:
        mem_mb=growing(1000, an_image=0.005),
        runtime=growing(30, an_image=0.001),
    params:
        fidelity=lambda w, input: braced(input.fidelity),
        settings=lambda w: settings(
            seed=config["seed"],
            alpha=config["diagnostic"]["alpha"],
            threshold=config["diagnostic"]["threshold"],
            zero_method=config["diagnostic"]["zero_method"],
            degenerate=config["diagnostic"]["degenerate"],
            reference=study.fidelity(config, w.experiment)["reference"],
            equivalence_margin=study.fidelity(config, w.experiment)["equivalence_margin"],
            controls=study.controls(config, w.experiment),
        ),
        environment=environment("test_hypotheses"),
    message:
        "test the hypotheses of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} test-hypotheses --agreement-scores {input.agreement} "
        "--fidelity-scores {params.fidelity} --settings {params.settings:q} --agreement {output.agreement} "
        "--fidelity {output.fidelity} --ranks {output.ranks} --pooled {output.pooled} "
        "--attrition {output.attrition}"


rule test_class_specificity:
    input:
        fidelity=per_model("results/scores/{experiment}/fidelity/{model}/seed{seed}/{shard}.parquet"),
        agreement=rules.test_hypotheses.output.agreement,
        code=code("test_class_specificity"),
    output:
        cross_deletion="results/tables/{experiment}/cross_deletion.csv",
    log:
        "logs/test_class_specificity/{experiment}.log",
    threads: 1
    resources:
        mem_mb=growing(1000, an_image=0.005),
        runtime=growing(30, an_image=0.001),
    params:
        fidelity=lambda w, input: braced(input.fidelity),
        settings=lambda w: settings(
            alpha=config["diagnostic"]["alpha"],
            reference=study.fidelity(config, w.experiment)["reference"],
            controls=study.controls(config, w.experiment),
        ),
        environment=environment("test_class_specificity"),
    message:
        "test the class specificity of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} test-class-specificity --fidelity-scores {params.fidelity} "
        "--agreement {input.agreement} --settings {params.settings:q} --cross-deletion {output.cross_deletion}"


rule test_curves:
    input:
        scores=per_analysed_model("results/scores/{experiment}/curves/{model}/seed{seed}.parquet"),
        code=code("test_curves"),
    output:
        curves="results/tables/{experiment}/curves.csv",
        points="results/tables/{experiment}/curve_points.csv",
    log:
        "logs/test_curves/{experiment}.log",
    threads: 1
    resources:
        mem_mb=growing(1000, an_image=0.005),
        runtime=growing(30, an_image=0.001),
    params:
        settings=lambda w: settings(
            alpha=config["diagnostic"]["alpha"],
            reference=study.fidelity(config, w.experiment)["reference"],
            equivalence_margin=study.fidelity(config, w.experiment)["equivalence_margin"],
            controls=study.controls(config, w.experiment),
        ),
        environment=environment("test_curves"),
    message:
        "test the perturbation curves of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} test-curves --scores {input.scores} --settings {params.settings:q} "
        "--curves {output.curves} --points {output.points}"


rule summarise:
    input:
        agreement=rules.test_hypotheses.output.agreement,
        fidelity=rules.test_hypotheses.output.fidelity,
        code=code("summarise"),
    output:
        summary=report(
            "results/tables/{experiment}/summary.csv",
            category="Tables",
            subcategory="{experiment}",
            caption="../report/summary.rst",
        ),
        metrics="results/metrics/{experiment}.json",
    log:
        "logs/summarise/{experiment}.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=lambda w: settings(
            k_agreement=config["diagnostic"]["k_percent"],
            k_fidelity=study.fidelity(config, w.experiment)["k_percent"][0],
            fill=study.fidelity(config, w.experiment)["fill"][0],
            measure=study.fidelity(config, w.experiment)["measure"],
        ),
        environment=environment("summarise"),
    message:
        "summarise {wildcards.experiment}"
    shell:
        "case-saliency --log {log} summarise --agreement {input.agreement} --fidelity {input.fidelity} "
        "--settings {params.settings:q} --summary {output.summary} --metrics {output.metrics}"


rule collect_metrics:
    input:
        metrics=per_experiment("results/metrics/{experiment}.json"),
        code=code("collect_metrics"),
    output:
        metrics="results/metrics.json",
    log:
        "logs/collect_metrics.log",
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        environment=environment("collect_metrics"),
    message:
        "collect the metrics of all experiments"
    shell:
        "case-saliency --log {log} collect-metrics --metrics {input.metrics} --collected {output.metrics}"
