# Table of contents of the study. `snakemake --cores all` (or plain `snakemake`) makes everything;
# run again, it redoes only what changed.
include: "workflow/rules/start.smk"


configfile: "params.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/unseen_inputs.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/attribution.smk"
include: "workflow/rules/diagnostic.smk"
include: "workflow/rules/fidelity.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/analyses.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/steps.smk"
include: "workflow/rules/benchmarks.smk"


rule all:
    default_target: True
    input:  # every file that a rule makes, by name: only then is a deleted one noticed
        [files(config["run"]) for files in [*OF_DATASET.values(), *OF_EXPERIMENT.values()]],
        "results/metrics.json",
        ["results/claims.json", "results/claims.md"],
        ["results/side-by-side.md", "results/paper-consistency.csv"],
        "results/report.html",
        again_if_damaged,
    message:
        "everything is there"


onstart:
    # Snakemake's limit of 100 jobs a second, on unless told otherwise, starts a timer in every round of scheduling, and
    # each timer starts another round: after n jobs there are n rounds a second, and they take a third of a core. No limit
    # is needed here; another one that a profile or the command line sets is kept.
    limiter = workflow.scheduler.job_rate_limiter
    if limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    # A part alone has nothing to sum up, and what lies in a store is not here.
    if set(workflow.dag_settings.targets) <= {"all"} and not workflow.storage_settings.default_storage_provider:
        shell("case-saliency summary {config[run]:q}")
        running = f"run={json.dumps(config['run'])}"
        shell("snakemake --quiet all --cores 1 --config {running:q} --report results/workflow-report.html")
        shell("python -m workflow.versioning.commit --within-run {config[run]:q}")
