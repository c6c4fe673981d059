# The paper's claims, decided from tables and scores; rules in docs/claims.md.


rule decide_claims:
    input:
        agreement=rules.test_hypotheses.output.agreement,
        fidelity=rules.test_hypotheses.output.fidelity,
        agreement_scores=per_model("results/scores/{experiment}/agreement/{model}/seed{seed}.parquet"),
        descriptions=lambda w: expand(
            "models/{dataset}/{model}/seed{seed}/model.json",
            dataset=experiment(w)["dataset"],
            model=experiment(w)["models"],
            seed=experiment(w)["seeds"],
        ),
        layers=if_analysed("layers", "results/tables/{experiment}/layers.csv"),
        layers_scores=if_analysed("layers", "results/scores/{experiment}/layers/{model}/seed{seed}.parquet"),
        activity_scores=if_analysed("activity", "results/scores/{experiment}/activity/{model}/seed{seed}.parquet"),
        curves_scores=if_analysed("curves", "results/scores/{experiment}/curves/{model}/seed{seed}.parquet"),
        code=code("decide_claims"),
    output:
        claims="results/claims/{experiment}.json",
    log:
        "logs/decide_claims/{experiment}.log",
    threads: 1
    resources:
        mem_mb=growing(2000, an_image=0.005),
        runtime=growing(30, an_image=0.001),
    params:
        settings=lambda w: settings(**study.deciding(config, w.experiment)),
        optional=lambda w, input: " ".join(
            given(f"--{name.replace('_', '-')}", input.get(name))
            for name in ("layers", "layers_scores", "activity_scores", "curves_scores")
        ),
        environment=environment("decide_claims"),
    message:
        "decide the claims on {wildcards.experiment}"
    shell:
        "case-saliency --log {log} decide-claims --agreement {input.agreement} --fidelity {input.fidelity} "
        "--agreement-scores {input.agreement_scores} --descriptions {input.descriptions} {params.optional} "
        "--settings {params.settings:q} --claims {output.claims}"


rule collect_claims:
    input:
        claims=per_experiment("results/claims/{experiment}.json"),
        code=code("collect_claims"),
    output:
        collected="results/claims.json",
        page="results/claims.md",
    log:
        "logs/collect_claims.log",
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        environment=environment("collect_claims"),
    message:
        "collect the verdicts on the claims"
    shell:
        "case-saliency --log {log} collect-claims --claims {input.claims} --collected {output.collected} "
        "--page {output.page}"
