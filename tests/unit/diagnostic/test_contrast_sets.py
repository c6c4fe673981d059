import numpy as np

from case_saliency.attribution import registry
from case_saliency.diagnostic import contrast_sets


def test_every_combination_is_a_method_that_resolves():
    found = contrast_sets.variants(["logits", "weights"], [1, 3], ["mean", "span"])
    methods = registry.resolve([{"name": name, **parameters} for name, parameters in found.items()])
    told = [(m.base, m.parameters["source"], m.parameters["k"]) for m in methods]
    of_one_source = [("case", 1), ("case", 3), ("case_span", 3)]
    assert told == [(base, source, k) for source in ("logits", "weights") for base, k in of_one_source]


def test_a_span_of_one_class_is_kept_where_no_mean_is_asked_for():
    assert list(contrast_sets.variants(["logits"], [1], ["span"])) == ["case_span_logits_k1"]


def test_the_other_class_is_looked_for_in_each_set():
    sets = np.array([[[5, 7], [3, 4]], [[5, 6], [3, 4]], [[5, 6], [8, 9]]])
    classes = np.array([[3, 7]] * 3)
    assert contrast_sets.other_in_set(sets, classes).tolist() == [1.0, 0.5, 0.0]
