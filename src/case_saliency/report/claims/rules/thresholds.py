"""The numbers that the rules decide by; docs/analysis-plan.md fixes them."""

FAILING = 3  # of the 5 baselines: so many insensitive ones make an architecture on which common methods fail
NEARLY_ALL = 5  # of the paper's 6 methods
MOST_BASELINES = 4  # of the 5
SEEDS = 5
SPARSE = 0.5  # a ratio of active shares below this is "sparse"
SENSITIVITY_GAIN, FIDELITY_GAIN = 0.42, 0.28  # figures without a source
