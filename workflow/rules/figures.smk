# Figures, each as PDF, PNG and SVG with the id of the record that made it.
OF_TABLE = {  # figures of one table
    "attrition": "attrition",
    "equivalence": "fidelity",
    "pooling": "pooled",
    "sensitivity_fidelity": "summary",
}
FIGURES = [
    "agreement_distributions",
    "agreement_heatmap",
    "confidence_drops",
    "critical_difference",
    "cross_deletion",
    *OF_TABLE,
]
FORMATS = ["pdf", "png", "svg"]


rule plot_agreement_distributions:
    input:
        scores=per_model("results/scores/{experiment}/agreement/{model}/seed{seed}.parquet"),
        table=rules.test_hypotheses.output.agreement,
        code=code("plot", ["case_saliency.figures.agreement_distributions"]),
    output:
        pdf="results/figures/{experiment}/agreement_distributions.pdf",
        png=report(
            "results/figures/{experiment}/agreement_distributions.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/agreement_distributions.rst",
        ),
        svg="results/figures/{experiment}/agreement_distributions.svg",
    log:
        "logs/plot/{experiment}/agreement_distributions.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=lambda w: settings(threshold=config["diagnostic"]["threshold"]),
        environment=environment("plot", ["case_saliency.figures.agreement_distributions"]),
    message:
        "plot the distributions of agreement of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} plot --figure agreement_distributions --scores {input.scores} "
        "--table {input.table} --settings {params.settings:q} --pdf {output.pdf} --png {output.png} --svg {output.svg}"


rule plot_agreement_heatmap:
    input:
        table=rules.test_hypotheses.output.agreement,
        code=code("plot", ["case_saliency.figures.agreement_heatmap"]),
    output:
        pdf="results/figures/{experiment}/agreement_heatmap.pdf",
        png=report(
            "results/figures/{experiment}/agreement_heatmap.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/agreement_heatmap.rst",
        ),
        svg="results/figures/{experiment}/agreement_heatmap.svg",
    log:
        "logs/plot/{experiment}/agreement_heatmap.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=lambda w: settings(threshold=config["diagnostic"]["threshold"]),
        environment=environment("plot", ["case_saliency.figures.agreement_heatmap"]),
    message:
        "plot the overview of agreement of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} plot --figure agreement_heatmap --table {input.table} "
        "--settings {params.settings:q} --pdf {output.pdf} --png {output.png} --svg {output.svg}"


rule plot_critical_difference:
    input:
        table=rules.test_hypotheses.output.ranks,
        code=code("plot", ["case_saliency.figures.critical_difference"]),
    output:
        pdf="results/figures/{experiment}/critical_difference.pdf",
        png=report(
            "results/figures/{experiment}/critical_difference.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/critical_difference.rst",
        ),
        svg="results/figures/{experiment}/critical_difference.svg",
    log:
        "logs/plot/{experiment}/critical_difference.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=settings(),
        environment=environment("plot", ["case_saliency.figures.critical_difference"]),
    message:
        "plot the ranks of methods of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} plot --figure critical_difference --table {input.table} "
        "--settings {params.settings:q} --pdf {output.pdf} --png {output.png} --svg {output.svg}"


rule plot_confidence_drops:
    input:
        table=rules.test_hypotheses.output.fidelity,
        code=code("plot", ["case_saliency.figures.confidence_drops"]),
    output:
        pdf="results/figures/{experiment}/confidence_drops.pdf",
        png=report(
            "results/figures/{experiment}/confidence_drops.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/confidence_drops.rst",
        ),
        svg="results/figures/{experiment}/confidence_drops.svg",
    log:
        "logs/plot/{experiment}/confidence_drops.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=lambda w: settings(
            measure=study.fidelity(config, w.experiment)["measure"],
            reference=study.fidelity(config, w.experiment)["reference"],
        ),
        environment=environment("plot", ["case_saliency.figures.confidence_drops"]),
    message:
        "plot the confidence drops of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} plot --figure confidence_drops --table {input.table} "
        "--settings {params.settings:q} --pdf {output.pdf} --png {output.png} --svg {output.svg}"


rule plot_cross_deletion:
    input:
        table=rules.test_class_specificity.output.cross_deletion,
        code=code("plot", ["case_saliency.figures.cross_deletion"]),
    output:
        pdf="results/figures/{experiment}/cross_deletion.pdf",
        png=report(
            "results/figures/{experiment}/cross_deletion.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/cross_deletion.rst",
        ),
        svg="results/figures/{experiment}/cross_deletion.svg",
    log:
        "logs/plot/{experiment}/cross_deletion.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=settings(),
        environment=environment("plot", ["case_saliency.figures.cross_deletion"]),
    message:
        "plot the cross-deletion of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} plot --figure cross_deletion --table {input.table} "
        "--settings {params.settings:q} --pdf {output.pdf} --png {output.png} --svg {output.svg}"


rule plot_table:
    input:
        table=lambda w: f"results/tables/{w.experiment}/{OF_TABLE[w.figure]}.csv",
        code=lambda w: code("plot", [f"case_saliency.figures.{w.figure}"]),
    output:
        pdf="results/figures/{experiment}/{figure}.pdf",
        png=report(
            "results/figures/{experiment}/{figure}.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/of_table.rst",
        ),
        svg="results/figures/{experiment}/{figure}.svg",
    log:
        "logs/plot/{experiment}/{figure}.log",
    wildcard_constraints:
        figure="|".join(OF_TABLE),
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=figure_settings,
        environment=lambda w: environment("plot", [f"case_saliency.figures.{w.figure}"]),
    message:
        "plot {wildcards.figure} of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} plot --figure {wildcards.figure} --table {input.table} "
        "--settings {params.settings:q} --pdf {output.pdf} --png {output.png} --svg {output.svg}"


rule plot_seeds:
    input:
        table=rules.test_hypotheses.output.pooled,
        code=code("plot", ["case_saliency.figures.seeds"]),
    output:
        pdf="results/figures/{experiment}/seeds.pdf",
        png=report(
            "results/figures/{experiment}/seeds.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/seeds.rst",
        ),
        svg="results/figures/{experiment}/seeds.svg",
    log:
        "logs/plot/{experiment}/seeds.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=lambda w: settings(threshold=config["diagnostic"]["threshold"]),
        environment=environment("plot", ["case_saliency.figures.seeds"]),
    message:
        "plot the agreement of {wildcards.experiment} across training seeds"
    shell:
        "case-saliency --log {log} plot --figure seeds --table {input.table} "
        "--settings {params.settings:q} --pdf {output.pdf} --png {output.png} --svg {output.svg}"


rule plot_perturbation_curves:
    input:
        points=rules.test_curves.output.points,
        table=rules.test_curves.output.curves,
        code=code("plot", ["case_saliency.figures.perturbation_curves"]),
    output:
        pdf="results/figures/{experiment}/perturbation_curves.pdf",
        png=report(
            "results/figures/{experiment}/perturbation_curves.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/perturbation_curves.rst",
        ),
        svg="results/figures/{experiment}/perturbation_curves.svg",
    log:
        "logs/plot/{experiment}/perturbation_curves.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        settings=settings(),
        environment=environment("plot", ["case_saliency.figures.perturbation_curves"]),
    message:
        "plot the perturbation curves of {wildcards.experiment}"
    shell:
        "case-saliency --log {log} plot --figure perturbation_curves --points {input.points} --table {input.table} "
        "--settings {params.settings:q} --pdf {output.pdf} --png {output.png} --svg {output.svg}"


rule plot_map_panels:
    input:
        maps=saliency_files,
        scores="results/scores/{experiment}/agreement/{model}/seed{seed}.parquet",
        manifest=dataset_file("manifest.csv"),
        images=ancient(dataset_file("images")),
        selection=rules.select_images.output.selection,
        description=model_file("model.json"),
        predictions=rules.predict.output.predictions,
        code=code("plot", ["case_saliency.figures.map_panels"]),
    output:
        pdf="results/figures/{experiment}/map_panels/{model}-seed{seed}.pdf",
        png=report(
            "results/figures/{experiment}/map_panels/{model}-seed{seed}.png",
            category="Figures",
            subcategory="{experiment}",
            caption="../report/map_panels.rst",
        ),
        svg="results/figures/{experiment}/map_panels/{model}-seed{seed}.svg",
    log:
        "logs/plot/{experiment}/map_panels/{model}-seed{seed}.log",
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        maps=lambda w, input: braced(input.maps),
        settings=lambda w: settings(
            example_images=config["figures"]["example_images"],
            k_percent=config["diagnostic"]["k_percent"],
            methods=experiment(w)["methods"],
            layer=study.layers(config, w.experiment, w.model)[0],
        ),
        environment=environment("plot", ["case_saliency.figures.map_panels"]),
    message:
        "plot maps of {wildcards.experiment}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "case-saliency --log {log} plot --figure map_panels --maps {params.maps} --scores {input.scores} "
        "--manifest {input.manifest} --selection {input.selection} --description {input.description} "
        "--predictions {input.predictions} --settings {params.settings:q} "
        "--pdf {output.pdf} --png {output.png} --svg {output.svg}"
