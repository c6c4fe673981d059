# With `--config benchmark=true` every job notes its time and its memory in logs/benchmarks/, under the name of its log.
# Measurements differ in every run: they are no results, nothing depends on them, and no file of them is ever missed.
if BENCHMARKED:
    for _rule in workflow.rules:
        if _rule.log:
            _rule.benchmark_modifier = workflow.modifier.path_modifier
            _rule.benchmark = f"logs/benchmarks/{str(_rule.log[0]).removeprefix('logs/').removesuffix('.log')}.tsv"
