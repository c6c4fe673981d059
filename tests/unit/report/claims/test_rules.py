"""Every rule on tables whose verdict is known, for each verdict that the rule can give."""

from dataclasses import replace

import pandas as pd
import pytest

from case_saliency.report.claims import rules
from case_saliency.report.claims.deciding import DECIDE
from case_saliency.report.claims.evidence import Evidence
from case_saliency.report.claims.rules import BASELINES, EXTENDED, PAPERS_SET

MODELS = ("resnet_small", "vgg_small", "densenet_small", "convnext_small")
LOW, MIDDLE, HIGH = "class-sensitive", "undecided", "insensitive"
INTERVALS = {LOW: (5.0, 0.0, 20.0), MIDDLE: (45.0, 30.0, 60.0), HIGH: (80.0, 70.0, 90.0)}
P = {LOW: 1e-6, MIDDLE: 0.3, HIGH: 1.0}


def cell(model, method, verdict, seed=0, layer="last_conv", **changed):
    median, low, high = INTERVALS[verdict]
    return {
        "experiment": "e", "dataset": "d", "model": model, "seed": seed, "layer": layer, "method": method,
        "k_percent": 5.0, "n": 100, "median_agreement": median, "ci_low": low, "ci_high": high, "p_sign": P[verdict],
        "p_holm": P[verdict], "verdict": verdict, "verdict_if_insensitive": verdict, "verdict_if_sensitive": verdict,
        "power": 0.9, "n_for_power80": 28, "fragile": False,
    } | changed  # fmt: skip


def drop(model, method, difference=0.0, noninferior=1e-4, superior=1.0, k=5.0, seed=0, **changed):
    return {
        "test": "confidence_drop", "measure": "drop_relative_clipped", "fill": "mean", "model": model, "seed": seed,
        "layer": "last_conv", "method": method, "k_percent": k, "n_pairs": 100, "difference_to_case": difference,
        "p_noninferior": noninferior, "p_superior_holm": superior, "least_margin": abs(difference) + 0.01,
    } | changed  # fmt: skip


def pair(model, method, lower=1e-6, higher=1.0, seed=0):
    return {
        "model": model, "seed": seed, "method": method, "n_pairs": 100, "difference": 20.0, "ci_low": 15.0,
        "ci_high": 25.0, "p_lower": lower, "p_higher": higher, "detectable": 6.0,
    }  # fmt: skip


def rise(method, p_rise=1e-6, p_fall=1.0, seed=0):
    return {
        "model": "densenet_small", "seed": seed, "method": method, "n_pairs": 100, "difference": 30.0, "ci_low": 20.0,
        "ci_high": 40.0, "p_rise": p_rise, "p_fall": p_fall,
    }  # fmt: skip


def ratio(other, low, high, threshold=0.001):
    row = {"model": "densenet_small", "seed": 0, "other": other, "threshold": threshold, "n": 100}
    return row | {"ratio": (low + high) / 2, "ci_low": low, "ci_high": high}


def gain(baseline, low, high, quantity="agreement"):
    row = {"quantity": quantity, "baseline": baseline, "n": 100}
    return row | {"gain": (low + high) / 2, "ci_low": low, "ci_high": high}


EMPTY = Evidence(
    experiment="e",
    dataset="d",
    agreement=pd.DataFrame([cell("resnet_small", "random", LOW)]),
    fidelity=pd.DataFrame([drop("resnet_small", "random")]),
    layers=None,
    worst=pd.DataFrame(columns=["model", "seed", "layer", "method", "p_sign", "p_sign_worst"]),
    pairs=pd.DataFrame([pair("resnet_small", "random")]).iloc[:0],
    rises=pd.DataFrame([rise("gradcam")]).iloc[:0],
    ratios=pd.DataFrame([ratio("vgg_small", 0, 1)]).iloc[:0],
    sensitivity=pd.DataFrame([gain("gradcam", 0, 1)]).iloc[:0],
    sensitivity_heldout=pd.DataFrame([gain("gradcam", 0, 1)]).iloc[:0],
    areas=pd.DataFrame([gain("gradcam", 0, 1)]).iloc[:0],
    main=dict.fromkeys(MODELS, "last_conv"),
    conv2={"densenet_small": "last_conv"},
    norm5={"densenet_small": "norm5"},
    alpha=0.05,
    threshold=50.0,
    margin=0.02,
    k_percent=5.0,
    fill="mean",
    measure="drop_relative_clipped",
    k_removed=[5, 50],
)


def of_cells(*cells, worst=()):
    table = pd.DataFrame(cells)
    tests = table[["model", "seed", "layer", "method", "p_sign"]].assign(p_sign_worst=table["p_sign"])
    for position, p in worst:
        tests.loc[position, "p_sign_worst"] = p
    return replace(EMPTY, agreement=table, worst=tests)


def architectures(*verdicts):
    """One network for each row of five baselines' verdicts; None: not measured."""
    return of_cells(
        *(
            cell(model, method, verdict)
            for model, of_model in zip(MODELS, verdicts, strict=False)
            for method, verdict in zip(BASELINES, of_model, strict=True)
            if verdict
        ),
        cell("resnet_small", "case", LOW),
    )


FAILS, PASSES, OPEN = [HIGH] * 3 + [LOW] * 2, [LOW] * 3 + [HIGH] * 2, [HIGH] * 2 + [MIDDLE] + [LOW] * 2


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([FAILS, FAILS, FAILS, PASSES], "reproduced"),
        ([FAILS, FAILS, PASSES, PASSES], "not reproduced"),  # half is not most
        ([FAILS, FAILS, OPEN, PASSES], "inconclusive"),  # the undecided could tip it
        ([FAILS, OPEN, PASSES, PASSES], "not reproduced"),  # and here they could not
        ([[HIGH, HIGH, HIGH, None, None]] * 3, "reproduced"),  # two were not measured, and could change nothing
        ([[HIGH, HIGH, LOW, None, None]] * 3, "inconclusive"),
        ([[None] * 5] * 3, "not tested here"),
    ],
)
def test_c1(rows, verdict):
    assert DECIDE["C1"](architectures(*rows)).verdict == verdict


def test_c1_takes_the_verdict_that_most_trainings_share():
    def trained(*verdicts):
        return of_cells(
            *(
                cell("resnet_small", method, verdict, seed)
                for seed, verdict in enumerate(verdicts)
                for method in BASELINES
            )
        )

    assert DECIDE["C1"](trained(HIGH, HIGH, LOW)).verdict == "reproduced"
    assert DECIDE["C1"](trained(HIGH, LOW)).verdict == "inconclusive"


def test_a_definite_verdict_that_depends_on_empty_maps_is_none():
    shaky = of_cells(*(cell("resnet_small", name, HIGH, verdict_if_sensitive=MIDDLE) for name in BASELINES))
    assert DECIDE["C1"](shaky).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ([LOW, LOW, LOW], "reproduced"),
        ([LOW, LOW, HIGH], "partly"),
        ([LOW, HIGH, HIGH], "not reproduced"),
        ([LOW, LOW, MIDDLE], "inconclusive"),
    ],
)
def test_c2(verdicts, verdict):
    found = DECIDE["C2"](of_cells(*(cell(*args) for args in zip(MODELS, ["case"] * 3, verdicts, strict=False))))
    assert found.verdict == verdict
    assert ("probability 0.90" in found.reason) == (verdict == "inconclusive")  # the power beside a non-rejection


def test_c2_without_case_is_not_tested_and_counts_empty_maps_at_their_worst():
    assert DECIDE["C2"](EMPTY).verdict == "not tested here"
    found = DECIDE["C2"](of_cells(cell("resnet_small", "case", LOW), worst=[(0, 0.2)]))
    assert found.verdict == "inconclusive"
    assert "depends on the policy for empty maps" in found.reason


def test_c2_tells_the_held_out_variant_apart():
    found = DECIDE["C2"](of_cells(cell("resnet_small", "case", LOW), cell("resnet_small", "case_heldout", HIGH)))
    assert (found.verdict, found.also[0][1].verdict) == ("reproduced", "not reproduced")


@pytest.mark.parametrize(
    ("pairs", "verdict"),
    [
        ([pair("vgg_small", name) for name in BASELINES], "reproduced"),
        ([pair("vgg_small", name) for name in BASELINES[:4]], "inconclusive"),  # one was not measured
        ([*(pair("vgg_small", name) for name in BASELINES[:4]), pair("vgg_small", "scorecam", 1.0, 1e-3)], "partly"),
        ([pair("vgg_small", name, 1.0, 1e-3) for name in BASELINES], "not reproduced"),
        ([*(pair("vgg_small", name) for name in BASELINES[:4]), pair("vgg_small", "scorecam", 0.06)], "inconclusive"),
        ([], "not tested here"),
    ],
)
def test_c3(pairs, verdict):
    cells = of_cells(cell("vgg_small", "case", LOW), cell("vgg_small", "case_heldout", MIDDLE))
    table = pd.DataFrame(pairs) if pairs else EMPTY.pairs
    found = DECIDE["C3"](replace(cells, pairs=table))
    assert found.verdict == verdict
    assert not pairs or "held out, has medians 45%" in found.ours


def test_one_case_among_many_that_is_higher_by_chance_contradicts_nothing():
    networks = [pair(name, method) for name in MODELS for method in BASELINES]
    by_chance = [*networks[:-1], pair(MODELS[-1], BASELINES[-1], 0.99, 0.01)]
    cells = of_cells(*(cell(name, "case", LOW) for name in MODELS))
    assert DECIDE["C3"](replace(cells, pairs=pd.DataFrame(by_chance))).verdict == "inconclusive"
    shown = [*networks[:-1], pair(MODELS[-1], BASELINES[-1], 1.0, 0.001)]
    assert DECIDE["C3"](replace(cells, pairs=pd.DataFrame(shown))).verdict == "partly"


def test_c3_tells_the_extended_set_apart():
    pairs = [pair("vgg_small", name) for name in BASELINES] + [pair("vgg_small", "hirescam", 1.0, 1e-3)]
    cells = of_cells(cell("vgg_small", "case", LOW), cell("vgg_small", "hirescam", LOW))
    found = DECIDE["C3"](replace(cells, pairs=pd.DataFrame(pairs)))
    assert (found.verdict, found.also[0][1].verdict) == ("reproduced", "not reproduced")
    assert set(EXTENDED).isdisjoint(PAPERS_SET)


def densenet(*verdicts, seeds=1, layer="last_conv"):
    return of_cells(
        *(
            cell("densenet_small", method, verdict, seed, layer)
            for seed in range(seeds)
            for method, verdict in zip(PAPERS_SET, verdicts, strict=True)
            if verdict
        )
    )


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ([LOW] * 5 + [HIGH], "reproduced"),
        ([LOW] * 4 + [HIGH] * 2, "not reproduced"),
        ([LOW] * 4 + [HIGH, MIDDLE], "inconclusive"),
        ([LOW] * 4 + [None, None], "inconclusive"),
        ([LOW] * 5 + [None], "reproduced"),
    ],
)
def test_c4(verdicts, verdict):
    assert DECIDE["C4"](densenet(*verdicts)).verdict == verdict


def test_c4_is_partly_reproduced_where_most_trainings_show_it():
    cells = [cell("densenet_small", name, LOW, seed) for seed in range(3) for name in PAPERS_SET]
    cells = [row | ({} if row["seed"] else cell("densenet_small", row["method"], HIGH)) for row in cells]
    assert DECIDE["C4"](of_cells(*cells)).verdict == "partly"


@pytest.mark.parametrize("claim", ["C4", "C5", "C6", "C7"])
def test_without_a_densenet_its_claims_are_not_tested(claim):
    evidence = replace(of_cells(*(cell("resnet_small", name, LOW) for name in PAPERS_SET)), conv2={}, norm5={})
    assert DECIDE[claim](evidence).verdict == "not tested here"


def at_norm5(case, *baselines, rises):
    verdicts = dict(zip(PAPERS_SET, (case, *baselines), strict=True))
    main = densenet(*[LOW] * 6)
    rows = [cell("densenet_small", name, verdict, 0, "norm5") for name, verdict in verdicts.items()]
    return replace(main, layers=pd.DataFrame(rows), rises=pd.DataFrame([rise(*one) for one in rises]))


RISING = [(name,) for name in BASELINES]
FALLING = [(name, 1.0, 1e-6) for name in BASELINES]


@pytest.mark.parametrize(
    ("case", "baselines", "rises", "verdict"),
    [
        (LOW, [HIGH] * 4 + [LOW], RISING, "reproduced"),
        (LOW, [HIGH] * 3 + [LOW] * 2, RISING, "partly"),
        (LOW, [LOW] * 5, FALLING, "not reproduced"),
        (LOW, [HIGH] * 3 + [MIDDLE] * 2, RISING, "inconclusive"),  # two intervals begin below 50
        (HIGH, [HIGH] * 5, RISING, "partly"),
        (LOW, [HIGH] * 5, [(name, 0.2) for name in BASELINES], "inconclusive"),
    ],
)
def test_c5(case, baselines, rises, verdict):
    assert DECIDE["C5"](at_norm5(case, *baselines, rises=rises)).verdict == verdict


@pytest.mark.parametrize(
    ("verdicts", "seeds", "verdict"),
    [
        ([LOW] * 6, 5, "reproduced"),
        ([LOW] * 6, 3, "inconclusive"),  # too few seeds
        ([LOW] * 5 + [HIGH], 5, "partly"),
        ([HIGH] * 6, 5, "not reproduced"),
        ([LOW] * 5 + [MIDDLE], 5, "inconclusive"),
        ([LOW] * 5 + [None], 5, "inconclusive"),
        ([LOW] * 6, 1, "not tested here"),
    ],
)
def test_c6(verdicts, seeds, verdict):
    assert DECIDE["C6"](densenet(*verdicts, seeds=seeds)).verdict == verdict


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ([(0.1, 0.3), (0.2, 0.4), (0.1, 0.49)], "reproduced"),
        ([(0.1, 0.3), (0.2, 0.4), (0.6, 0.7)], "partly"),
        ([(0.6, 0.8), (0.9, 1.1), (0.1, 0.3)], "not reproduced"),
        ([(0.1, 0.3), (0.2, 0.4), (0.4, 0.6)], "inconclusive"),
        ([], "not tested here"),
    ],
)
def test_c7(ratios, verdict):
    rows = [ratio("vgg_small", *ends, threshold) for threshold, ends in enumerate(ratios)]
    table = pd.DataFrame(rows) if rows else EMPTY.ratios
    assert DECIDE["C7"](replace(densenet(*[LOW] * 6), ratios=table)).verdict == verdict


def with_drops(*rows):
    models = {row["model"] for row in rows}
    return replace(of_cells(*(cell(model, "case", LOW) for model in models)), fidelity=pd.DataFrame(rows))


GOOD = [drop("resnet_small", name, k=k) for name in BASELINES for k in (5.0, 50.0)]


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ([], "reproduced"),
        ([drop("resnet_small", "gradcam", 0.1, 1.0, 1e-4)], "partly"),
        ([drop("resnet_small", "gradcam", 0.01, 1e-3, 1e-4)], "partly"),  # within the margin, yet better
        ([drop("resnet_small", "gradcam", 0.0, 0.2)], "inconclusive"),
        ([drop("vgg_small", name, 0.1, 1.0, 1e-4) for name in BASELINES], "reproduced"),  # VGG is apart
        ([drop("resnet_small", name, 0.1, 1.0, 1e-4, k) for name in BASELINES for k in (5.0, 50.0)], "not reproduced"),
    ],
)
def test_c8(changed, verdict):
    keys = ("model", "method", "k_percent")
    table = {tuple(row[key] for key in keys): row for row in [*GOOD, *changed]}
    assert DECIDE["C8"](with_drops(*table.values())).verdict == verdict


def test_c8_must_hold_at_every_share_and_for_every_baseline():
    assert DECIDE["C8"](with_drops(*(row for row in GOOD if row["method"] != "scorecam"))).verdict == "inconclusive"
    late = [row | {"p_noninferior": 0.2} if row["k_percent"] == 50 else row for row in GOOD]
    found = DECIDE["C8"](with_drops(*late))
    assert found.verdict == "inconclusive"
    assert "would be shown with probability" in found.reason
    blurred = [row | {"fill": "blur"} for row in GOOD]
    assert DECIDE["C8"](with_drops(*blurred)).verdict == "not tested here"


def test_an_interval_over_few_images_decides_nothing():
    few = [gain(name, 0.5, 0.6) | {"n": 9} for name in BOTH]
    found = DECIDE["C9"](replace(EMPTY, sensitivity=pd.DataFrame(few)))
    assert found.verdict == "inconclusive"
    assert "fewer than 10 images" in found.reason
    enough = [row | {"n": 10} for row in few]
    assert DECIDE["C9"](replace(EMPTY, sensitivity=pd.DataFrame(enough))).verdict == "not reproduced"
    ratios = pd.DataFrame([ratio("vgg_small", 0.6, 0.8) | {"n": 9}])
    assert DECIDE["C7"](replace(densenet(*[LOW] * 6), ratios=ratios)).verdict == "inconclusive"


BOTH = ("gradcam", "integrated_gradients")


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ([(0.3, 0.5), (0.2, 0.6)], "partly"),  # never better
        ([(0.3, 0.5)], "inconclusive"),  # one baseline was not measured
        ([(0.3, 0.5), (-0.1, 0.5)], "inconclusive"),
        ([(0.5, 0.6), (0.3, 0.5)], "not reproduced"),
        ([], "not tested here"),
    ],
)
def test_c9(ends, verdict):
    rows = [gain(name, *one) for name, one in zip(BOTH, ends, strict=False)]
    found = DECIDE["C9"](replace(EMPTY, sensitivity=pd.DataFrame(rows) if rows else EMPTY.sensitivity))
    assert found.verdict == verdict
    assert (found.reason == "consistent with a figure that has no source") == (verdict == "partly")


def test_c9_tells_the_held_out_variant_apart():
    built_in, fair = (pd.DataFrame([gain(name, *ends) for name in BOTH]) for ends in ((0.3, 0.5), (-0.1, 0.1)))
    cells = of_cells(cell("resnet_small", "case", LOW), cell("resnet_small", "case_heldout", MIDDLE))
    found = DECIDE["C9"](replace(cells, sensitivity=built_in, sensitivity_heldout=fair))
    assert found.verdict == "partly"  # whatever the variant says
    [(about, apart)] = found.also
    assert about == "CASE, compared classes held out"
    assert apart.verdict == "not reproduced"
    assert apart.ours.startswith("agreement against Grad-CAM +0% [-10%, +10%]; ")
    [(_, apart)] = DECIDE["C9"](replace(EMPTY, sensitivity=built_in)).also
    assert (apart.verdict, apart.reason) == ("not tested here", "CASE, held out was not measured")


@pytest.mark.parametrize(
    ("deletion", "insertion", "verdict"),
    [
        ((0.2, 0.3), (0.1, 0.4), "partly"),
        ((0.2, 0.3), (0.0, 0.1), "not reproduced"),
        ((0.2, 0.3), (-0.1, 0.4), "inconclusive"),
    ],
)
def test_c10(deletion, insertion, verdict):
    rows = [gain(name, *deletion, "deletion") for name in BOTH] + [gain(name, *insertion, "insertion") for name in BOTH]
    assert DECIDE["C10"](replace(EMPTY, areas=pd.DataFrame(rows))).verdict == verdict
    assert DECIDE["C10"](EMPTY).verdict == "not tested here"


def test_fragile_cells_are_counted_whatever_the_verdict():
    found = DECIDE["C2"](of_cells(cell("resnet_small", "case", LOW, fragile=True), cell("vgg_small", "case", LOW)))
    assert found.verdict == "reproduced"
    assert "fragile in 1 of 2 cells" in found.reason


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["reproduced", "not tested here"], "reproduced"),
        (["reproduced", "reproduced", "inconclusive"], "inconclusive"),
        (["reproduced", "reproduced", "partly"], "partly"),
        (["partly", "not reproduced"], "not reproduced"),
        (["inconclusive", "not reproduced"], "not reproduced"),
        (["partly", "inconclusive"], "partly"),
        (["not tested here"], "not tested here"),
    ],
)
def test_every_experiment_counts(verdicts, expected):
    assert rules.over_experiments(verdicts) == expected


TWO = ("resnet_small", "convnext_small")
NAMES = {"resnet_small": "ResNet, small", "convnext_small": "ConvNeXt, small", "densenet_small": "DenseNet, small"}


@pytest.mark.parametrize(("left", "said"), [(None, "not measured"), (0, "too few images to test")])
def test_a_method_without_images_on_one_network_leaves_c3_open(left, said):
    networks = [pair(name, method) for name in TWO for method in BASELINES]
    rows = networks[:-1] + ([] if left is None else [networks[-1] | {"n_pairs": left, "p_lower": float("nan")}])
    cells = [cell(name, "case", LOW) for name in TWO] + ([] if left is None else [cell(TWO[1], "scorecam", LOW, n=0)])
    found = DECIDE["C3"](replace(of_cells(*cells), pairs=pd.DataFrame(rows)))
    assert found.verdict == "inconclusive"
    assert found.reason == f"holds in 9 of 10 parts; {said}: Score-CAM on {NAMES[TWO[1]]}"


def test_c3_without_case_is_not_tested():
    assert DECIDE["C3"](architectures([LOW] * 5)).verdict == "inconclusive"  # all have maps, and no image has two
    alone = of_cells(*(cell("resnet_small", name, LOW) for name in BASELINES))
    assert DECIDE["C3"](alone).verdict == "not tested here"


@pytest.mark.parametrize("left", [0, 1])
def test_a_baseline_without_images_on_one_network_leaves_c8_open(left):
    rows = [drop(name, method, k=k) for name in TWO for method in BASELINES for k in (5.0, 50.0)]
    rows[-2:] = [row | {"n_pairs": left, "p_noninferior": float("nan")} for row in rows[-2:]]
    found = DECIDE["C8"](with_drops(*rows))
    place = f"Score-CAM at {{}}% on {NAMES[TWO[1]]}"
    told = f"holds in 18 of 20 parts; too few images to test: {place.format(5)} / {place.format(50)}"
    assert (found.verdict, found.reason) == ("inconclusive", told)


def test_c8_is_open_without_a_share_that_must_hold():
    found = DECIDE["C8"](with_drops(*(row for row in GOOD if row["k_percent"] == 5)))
    assert found.verdict == "inconclusive"
    assert "holds in 5 of 10 parts; not measured: Grad-CAM at 50%" in found.reason


@pytest.mark.parametrize(("left", "said"), [(None, "not measured"), (0, "too few images to test")])
def test_a_method_without_images_on_one_seed_leaves_c6_open(left, said):
    rows = [cell("densenet_small", name, LOW, seed) for seed in range(5) for name in PAPERS_SET]
    missing = rows.pop()
    rows += [] if left is None else [missing | {"n": left, "p_holm": float("nan")}]
    found = DECIDE["C6"](of_cells(*rows))
    assert found.verdict == "inconclusive"
    assert found.reason.startswith(f"holds in 29 of 30 parts; {said}: Score-CAM on {NAMES['densenet_small']} (seed 4)")


def test_a_network_on_which_case_was_not_measured_leaves_c2_open():
    found = DECIDE["C2"](of_cells(cell("resnet_small", "case", LOW), cell("convnext_small", "gradcam", LOW)))
    assert found.verdict == "inconclusive"
    assert found.reason == "holds in 1 of 2 parts; not measured: ConvNeXt, small"


def test_c5_is_open_where_case_was_not_measured_beside_the_baselines():
    evidence = at_norm5(LOW, *[HIGH] * 5, rises=RISING)
    found = DECIDE["C5"](replace(evidence, layers=evidence.layers[evidence.layers["method"] != "case"]))
    assert found.verdict == "inconclusive"
    assert found.reason.startswith("holds in 2 of 3 parts; not measured: CASE rejects on DenseNet, small")


def test_an_architecture_whose_channels_were_not_counted_leaves_c7_open():
    cells = [cell("densenet_small", "case", LOW), *(cell(name, "case", LOW) for name in TWO)]
    found = DECIDE["C7"](replace(of_cells(*cells), ratios=pd.DataFrame([ratio(TWO[0], 0.1, 0.3)])))
    assert found.verdict == "inconclusive"
    assert found.reason == "holds in 1 of 2 parts; not measured: DenseNet, small to ConvNeXt, small above 0.001"


SHAKY = [{"verdict_if_insensitive": HIGH}, {"verdict_if_insensitive": MIDDLE}, {"verdict_if_sensitive": MIDDLE}]


@pytest.mark.parametrize("policy", SHAKY)
@pytest.mark.parametrize(("claim", "seeds"), [("C4", 1), ("C6", 5)])
def test_a_rejection_that_depends_on_empty_maps_shows_nothing(claim, seeds, policy):
    def trained(*shaky):
        names = [(name, seed) for seed in range(seeds) for name in PAPERS_SET]
        return of_cells(
            *(cell("densenet_small", name, LOW, at, **(policy if name in shaky else {})) for name, at in names)
        )

    assert DECIDE[claim](trained()).verdict == "reproduced"
    found = DECIDE[claim](trained("layercam", "scorecam"))
    assert found.verdict == "inconclusive"
    assert "depends on the policy for empty maps" in found.reason


@pytest.mark.parametrize("changed", [["case"], BASELINES[:2]])
def test_what_depends_on_empty_maps_does_not_hold_at_norm5(changed):
    evidence = at_norm5(LOW, *[HIGH] * 5, rises=RISING)
    assert DECIDE["C5"](evidence).verdict == "reproduced"
    shaky = evidence.layers["method"].isin(changed)
    layers = evidence.layers.assign(
        verdict_if_insensitive=evidence.layers["verdict_if_insensitive"].mask(shaky, MIDDLE),
        verdict_if_sensitive=evidence.layers["verdict_if_sensitive"].mask(shaky, MIDDLE),
    )
    assert DECIDE["C5"](replace(evidence, layers=layers)).verdict == "inconclusive"
