import copy
from pathlib import Path

import pytest
import yaml

from case_saliency import params, validation
from case_saliency.errors import CaseSaliencyError
from case_saliency.models.recipe import Recipe

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/params.schema.yaml").read_text())
EXPERIMENT = "experiments.imagenet-sample"


def plain():
    """The shipped parameters; one experiment runs, and none asks for analyses."""
    found = copy.deepcopy(SHIPPED)
    found["run"] = ["imagenet-sample"]
    for experiment in found["experiments"].values():
        experiment["analyses"] = []
    return found


def changed(path, value):
    """Those parameters with one entry set; `...` deletes it."""
    found = plain()
    *parents, last = path
    section = found
    for key in parents:
        section = section[key]
    if value is ...:
        del section[last]
    else:
        section[last] = value
    return found


def test_the_shipped_parameters_are_valid():
    validation.validate(SHIPPED, SCHEMA)


SAMPLE = ("experiments", "imagenet-sample")
DIGITS = ("experiments", "digits")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("diagnostc",), {}, "diagnostc: unknown key; did you mean 'diagnostic'?"),
        (("diagnostic", "k_procent"), 5, "diagnostic.k_procent: unknown key; did you mean 'k_percent'?"),
        (("diagnostic", "k_percent"), 0, "diagnostic.k_percent: 0 is not allowed; it must be greater than 0"),
        (("diagnostic", "k_percent"), 150, "diagnostic.k_percent: 150 is not allowed; it must be at most 100"),
        (("diagnostic", "k_percent"), "five", "diagnostic.k_percent: 'five' is not allowed; it must be a number"),
        (("diagnostic", "ties"), "none", "diagnostic.ties: 'none' is not allowed; choose one of expected, paper"),
        (("diagnostic", "alpha"), ..., "diagnostic: missing alpha; add what is missing"),
        (("run",), [], "run: [] is not allowed; it must have at least 1 item"),
        (("run",), ["imagnet"], "run[0]: experiment 'imagnet' is not defined; did you mean 'imagenet'?"),
        ((*SAMPLE, "n_images"), 0, f"{EXPERIMENT}.n_images: 0 is not allowed; it must be null or a whole number >= 1"),
        ((*SAMPLE, "dataset"), "imagnet", f"{EXPERIMENT}.dataset: 'imagnet' is not a data set"),
        ((*SAMPLE, "models"), ["resnet"], f"{EXPERIMENT}.models[0]: 'resnet' is not a model"),
        ((*SAMPLE, "layers"), ["last"], f"{EXPERIMENT}.layers[0]: 'last' is not a target layer of efficientnet_lite0"),
        ((*SAMPLE, "layers"), [], f"{EXPERIMENT}.layers: [] is not allowed; it must have at least 1 item"),
        (
            (*SAMPLE, "layers"),
            "last_conv",
            f"{EXPERIMENT}.layers: 'last_conv' is not allowed; it must be a list or a map",
        ),
        (
            (*SAMPLE, "layers"),
            {"default": ["last"]},
            f"{EXPERIMENT}.layers.default[0]: 'last' is not a target layer of efficientnet_lite0",
        ),
        (
            (*SAMPLE, "layers"),
            {"efficientnet_lite0": ["last_conv"]},
            f"{EXPERIMENT}.layers: nothing found for efficientnet_lite1; name its layers, or add `default`",
        ),
        (
            (*SAMPLE, "layers"),
            {"default": ["last_conv"], "resnet50": ["block1"]},
            f"{EXPERIMENT}.layers.resnet50: not among the experiment's models",
        ),
        (
            (*SAMPLE, "layers"),
            {"default": []},
            f"{EXPERIMENT}.layers.default: [] is not allowed; it must have at least",
        ),
        ((*SAMPLE, "methods"), ["case", "gradcan"], f"{EXPERIMENT}.methods[1]: 'gradcan' is not a method"),
        (("methods", "case", "source"), "confusion", "set methods.case.source to logits"),
        (("methods", "case", "k"), None, "methods.case: method case: k is None, an integer >= 1 expected"),
        (("methods", "case", "kk"), 3, "methods.case: method case: unknown parameter 'kk'; did you mean 'k'?"),
        (("methods", "case", "method"), "os; rm -rf", "methods.case.method: 'os; rm -rf' is not allowed"),
        (("fidelity", "reference"), "finer", "fidelity.reference: 'finer' is not among"),
        (
            ("fidelity", "fill"),
            ["mean", "blurr"],
            "fidelity.fill[1]: 'blurr' is not allowed; choose one of mean, blur,",
        ),
        (
            (*DIGITS, "fidelity"),
            {"fil": ["mean"]},
            "experiments.digits.fidelity.fil: unknown key; did you mean 'fill'?",
        ),
        (
            (*DIGITS, "fidelity"),
            {"fill": ["mean", "rode"]},
            "experiments.digits.fidelity.fill[1]: 'rode' is not allowed; choose one of mean, blur, noise, road",
        ),
        ((*DIGITS, "fidelity"), {"fill": []}, "experiments.digits.fidelity.fill: [] is not allowed; it must have at"),
        ((*DIGITS, "fidelity"), ["blur"], "experiments.digits.fidelity: ['blur'] is not allowed; it must be a mapping"),
        (
            (*DIGITS, "fidelity"),
            {"reference": "finercam"},
            "experiments.digits.fidelity.reference: 'finercam' is not among experiments.digits.methods; add it there",
        ),
        (("curves", "kinds"), ["delete"], "curves.kinds[0]: 'delete' is not allowed; choose one of deletion, "),
        (("curves", "steps"), 0, "curves.steps: 0 is not allowed; it must be at least 1"),
        (("fidelity", "equivalence_margin"), 0, "fidelity.equivalence_margin: 0 is not allowed"),
        (("compute", "device"), "gpu", "compute.device: 'gpu' is not allowed"),
        (("diagnostic", "k_percent"), float("nan"), "diagnostic.k_percent: nan is not allowed"),
        ((*SAMPLE, "seeds"), [0, 1], f"{EXPERIMENT}.seeds: [0, 1] found, but efficientnet_lite0 is pretrained"),
        ((*SAMPLE, "n_images"), 21, f"{EXPERIMENT}.n_images: 21 found, imagenet-sample has 20"),
        ((*SAMPLE, "shards"), 3, f"{EXPERIMENT}.shards: 3 found, but 20 images make 2 batches of 10"),
        (
            ("randomisation", "how"),
            "shuffle",
            "randomisation.how: 'shuffle' is not allowed; choose one of permute, rei",
        ),
        (("randomisation", "methods"), [], "randomisation.methods: [] is not allowed; it must have at least 1 item"),
        (("methods", "gradcam"), {"method": "case"}, "methods.gradcam: a method's own name stands for 'case'"),
        (
            ("attribution", "precision"),
            "float8",
            "attribution.precision: 'float8' is not allowed; choose one of float32",
        ),
        (
            ("attribution", "deterministic"),
            "yes",
            "attribution.deterministic: 'yes' is not allowed; it must be true or f",
        ),
        ((*DIGITS, "parameters"), {"gradcan": {}}, "experiments.digits.parameters.gradcan: not among the experiment's"),
        (
            (*DIGITS, "parameters", "case"),
            {"kk": 3},
            "experiments.digits.parameters.case: method case: unknown parameter 'kk'; did you mean 'k'?",
        ),
        (
            (*DIGITS, "parameters", "case"),
            {"method": "gradcam"},
            "experiments.digits.parameters.case: only parameters may differ here",
        ),
        (
            (*SAMPLE, "parameters"),
            {"case": {"source": "confusion"}},
            "needs a held-out split, and data set 'imagenet-sample' has none",
        ),
        ((*SAMPLE, "models"), ["resnet_small"], f"{EXPERIMENT}.models: resnet_small must be trained, and data set"),
        ((*DIGITS, "seeds"), [-1], "experiments.digits.seeds[0]: -1 is not allowed; it must be at least 0"),
        (("training", "default", "epochs"), 0, "training.default.epochs: 0 is not allowed; it must be at least 1"),
        (("training", "default", "epochs"), ..., "training.default: missing epochs"),
        (
            ("training", "digits", "vgg_small"),
            {"epoch": 3},
            "training.digits.vgg_small.epoch: unknown key; did you mean",
        ),
        (("training", "digit"), {}, "training.digit: 'digit' is not a data set; did you mean 'digits'?"),
        (("training", "digits", "vgg"), {}, "training.digits.vgg: 'vgg' is not a model"),
        (("training", "default", "optimiser"), "adam", "'adam' is not allowed; choose one of sgd, adamw"),
        (("seed",), -1, "seed: -1 is not allowed; it must be at least 0"),
        (("datasets", "imagnet"), {}, "datasets.imagnet: unknown key; did you mean 'imagenet'?"),
        (("datasets", "imagenet"), ..., "datasets: missing imagenet; add what is missing"),
        (("datasets", "folder", "pfad"), "x", "datasets.folder.pfad: unknown key; choose one of label_space, path"),
        (("datasets", "imagenet", "path"), 3, "datasets.imagenet.path: 3 is not allowed; it must be text or null"),
        (("datasets", "imagenet", "path"), "", "datasets.imagenet.path: '' is not allowed; it must not be empty"),
        (("datasets", "folder", "label_space"), "imagenet", "did you mean 'imagenet-1k'?, or use null"),
        (
            (*SAMPLE, "dataset"),
            "imagenet",
            "datasets.imagenet.path: null found, but experiment 'imagenet-sample' in run",
        ),
        ((*SAMPLE, "dataset"), "folder", "datasets.folder.path: null found, but experiment 'imagenet-sample' in run"),
        (
            (*SAMPLE, "dataset"),
            "folder",
            f"{EXPERIMENT}.models[0]: efficientnet_lite0 tells the classes of imagenet-1k",
        ),
        (
            ("localization", "min_confidence"),
            1,
            "localization.min_confidence: 1 is not allowed; it must be less than 1",
        ),
        (("localization", "size"), "half", "localization.size: 'half' is not allowed; choose one of native, halved"),
        (("localization", "methods"), "case", "localization.methods: 'case' is not allowed; it must be null or a list"),
        (("localization", "methods"), ["case", "gradcan"], "localization.methods[1]: 'gradcan' is not a method"),
    ],
)
def test_an_error_names_key_value_and_remedy_in_one_line(path, value, message):
    with pytest.raises(CaseSaliencyError) as error:
        validation.validate(changed(path, value), SCHEMA)
    lines = [line for line in str(error.value).splitlines() if message in line]
    assert lines, str(error.value)
    assert all(line.startswith("params.yaml: ") for line in str(error.value).splitlines())


def test_a_data_set_of_the_users_is_checked_where_it_runs():
    settled = changed((*SAMPLE, "dataset"), "folder")
    settled["datasets"]["folder"] = {"path": "photographs", "label_space": "imagenet-1k"}
    settled["experiments"]["imagenet-sample"]["n_images"] = 10**6  # how many there are is found out later
    settled["experiments"]["later"] = {**settled["experiments"]["imagenet-sample"], "dataset": "imagenet"}
    settled["experiments"]["later"]["n_images"] = 25_000
    validation.validate(settled, SCHEMA)
    settled["experiments"]["later"]["n_images"] = 25_001
    with pytest.raises(CaseSaliencyError, match=r"later\.n_images: 25001 found, imagenet has 25000 to evaluate"):
        validation.validate(settled, SCHEMA)


def test_localization_must_have_a_method():
    asked = changed((*SAMPLE, "analyses"), ["localization"])
    asked["localization"]["methods"] = ["xgradcam", "gradcam"]
    validation.validate(asked, SCHEMA)
    asked["localization"]["methods"] = ["xgradcam"]
    with pytest.raises(CaseSaliencyError, match=r"none of xgradcam is in experiments.imagenet-sample.methods"):
        validation.validate(asked, SCHEMA)


def test_all_problems_are_told_at_once():
    broken = changed(("diagnostic", "k_percent"), 0)
    broken["fidelity"]["fill"] = ["black"]
    with pytest.raises(CaseSaliencyError) as error:
        validation.validate(broken, SCHEMA)
    assert len(str(error.value).splitlines()) == 2


def test_a_misspelt_key_is_one_line():
    broken = changed(("diagnostic", "k_procent"), 5)
    del broken["diagnostic"]["k_percent"]
    with pytest.raises(CaseSaliencyError) as error:
        validation.validate(broken, SCHEMA)
    assert str(error.value) == "params.yaml: diagnostic.k_procent: unknown key; did you mean 'k_percent'?"


def test_a_gradient_method_that_serves_as_control_is_one():
    with_control = changed((*SAMPLE, "methods"), ["case", "case_random_direction", "random"])
    assert params.controls(with_control, "imagenet-sample") == ["case_random_direction", "random"]


def test_a_variant_is_a_method_of_its_own():
    variant = changed(("methods", "case_k5"), {"method": "case", "k": 5})
    variant["experiments"]["imagenet-sample"]["methods"].append("case_k5")
    validation.validate(variant, SCHEMA)
    found = {method.name: method for method in params.methods(variant, "imagenet-sample")}
    assert (found["case"].parameters["k"], found["case_k5"].parameters["k"]) == (3, 5)
    assert found["case_k5"].family == "gradient"


@pytest.mark.parametrize(
    ("section", "entries", "methods", "message"),
    [
        (
            "pairwise",
            {"n_classes": 1001},
            ["case"],
            "1001 found; {}: 1001 classes are to be compared, and",
        ),
        (
            "pairwise",
            {"n_classes": 998},
            ["case", "case_heldout"],
            "998 found; {}: method 'case_heldout' keeps the",
        ),
        ("pairwise", {"n_classes": 4}, ["case", "difference_gradcam"], "4 found; {}: method 'difference_gradcam' sets"),
        ("pairwise", {"methods": ["gradcan"]}, ["case"], "pairwise.methods[0]: 'gradcan' is not a method"),
        (
            "reliability",
            {"methods": ["sobel"]},
            ["case"],
            "reliability.methods: none of sobel is in {}.methods; name one",
        ),
        ("reliability", {"methods": []}, ["case"], "reliability.methods: [] is not allowed; it must have at least 1 "),
        ("reliability", {"methods": "case"}, ["case"], "methods: 'case' is not allowed; it must be null or a list"),
        ("reliability", {"shift": 0}, ["case"], "reliability.shift: 0 is not allowed; it must be at least 1"),
    ],
)
def test_an_analysis_is_refused_what_it_cannot_do(section, entries, methods, message):
    asked = changed((*SAMPLE, "methods"), methods)
    asked["experiments"]["imagenet-sample"]["analyses"] = [section]
    asked[section] |= entries
    with pytest.raises(CaseSaliencyError) as error:
        validation.validate(asked, SCHEMA)
    assert message.format(EXPERIMENT) in str(error.value)
    asked["experiments"]["imagenet-sample"]["analyses"] = []
    if "not allowed" not in message and "not a method" not in message:
        validation.validate(asked, SCHEMA)


def test_an_analysis_may_leave_a_method_out():
    asked = changed((*SAMPLE, "methods"), ["case", "difference_gradcam", "case_heldout"])
    asked["experiments"]["imagenet-sample"]["analyses"] = ["pairwise"]
    asked["pairwise"] |= {"n_classes": 997, "methods": ["case", "case_heldout"]}
    validation.validate(asked, SCHEMA)


def test_families_and_controls_follow_the_order_of_the_file():
    assert params.families(SHIPPED, "imagenet-sample")[0] == "gradient"
    assert {"random", "sobel"} <= set(params.controls(SHIPPED, "imagenet-sample"))
    assert "case" not in params.controls(SHIPPED, "imagenet-sample")


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (None, f"{EXPERIMENT}.analyses: circularity asks about 'case', which is not among {EXPERIMENT}.methods"),
        ({"method": "case", "compared": "out"}, "methods.case.compared: 'out' found, but circularity compares"),
    ],
)
def test_circularity_needs_case_as_it_is(method, message):
    found = plain()
    experiment = found["experiments"]["imagenet-sample"]
    experiment["analyses"] = ["circularity"]
    validation.validate(found, SCHEMA)
    if method is None:
        experiment["methods"].remove("case")
        found["fidelity"]["reference"] = "gradcam"
    else:
        found["methods"]["case"] = method
    with pytest.raises(CaseSaliencyError, match="circularity") as error:
        validation.validate(found, SCHEMA)
    assert message in str(error.value)


def test_an_experiments_parameters_go_before_those_of_all():
    (ours,) = (method for method in params.methods(SHIPPED, "digits") if method.name == "case")
    (theirs,) = (method for method in params.methods(SHIPPED, "imagenet-sample") if method.name == "case")
    assert (ours.parameters["source"], theirs.parameters["source"]) == ("confusion", "logits")
    assert ours.parameters["k"] == theirs.parameters["k"] == 3
    given = next(entry for entry in params.entries(SHIPPED, "digits") if entry["name"] == "case")
    assert given == {"name": "case", "method": "case", "source": "confusion", "k": 3}


def test_an_experiments_settings_of_fidelity_go_before_those_of_all():
    ours = changed((*DIGITS, "fidelity"), {"fill": ["blur", "noise"], "reference": "gradcam"})
    validation.validate(ours, SCHEMA)
    shared = ours["fidelity"]
    assert params.fidelity(ours, "imagenet-sample") == shared
    assert params.fidelity(ours, "digits") == {**shared, "fill": ["blur", "noise"], "reference": "gradcam"}
    assert params.scoring(ours, "digits", "circularity", "vgg_small")["fidelity"]["fill"] == ["blur"]  # the primary one
    assert params.testing(ours, "digits", "localization")["fidelity"] == {"reference": "gradcam"}
    assert params.testing(ours, "imagenet-sample", "localization")["fidelity"] == {"reference": "case"}


def test_the_plans_fill_is_the_primary_one_of_every_experiment():
    assert {params.fidelity(SHIPPED, name)["fill"][0] for name in SHIPPED["experiments"]} == {"mean"}
    assert params.fidelity(SHIPPED, "digits")["fill"] == ["mean", "blur", "road"]


def test_a_confusion_matrix_is_made_for_those_who_need_it():
    needed = {family: params.needs_confusion(SHIPPED, "digits", family) for family in ("gradient", "control")}
    assert needed == {"gradient": True, "control": False}
    assert not params.needs_confusion(SHIPPED, "imagenet-sample", "gradient")


def test_the_recipe_of_a_model_goes_before_that_of_its_data_set():
    changed_ = changed(("training", "digits"), {"default": {"epochs": 5, "flip": True}, "vgg_small": {"epochs": 2}})
    default = SHIPPED["training"]["default"]
    assert params.recipe(changed_, "digits", "vgg_small") == {**default, "epochs": 2, "flip": True}
    assert params.recipe(changed_, "digits", "resnet_small") == {**default, "epochs": 5, "flip": True}
    assert params.recipe(changed_, "cifar10", "resnet_small") == {
        **default,
        **SHIPPED["training"]["cifar10"]["default"],
    }


@pytest.mark.parametrize("dataset", [name for name in SHIPPED["training"] if name != "default"])
def test_every_shipped_recipe_is_whole(dataset):
    for model in [*SHIPPED["training"][dataset], "densenet_small"]:
        Recipe.from_dict(params.recipe(SHIPPED, dataset, model))


def test_a_recipe_with_a_missing_field_is_refused():
    with pytest.raises(CaseSaliencyError, match=r"training: fields \['epochs'\] found; .*missing"):
        Recipe.from_dict({"epochs": 1})


@pytest.mark.parametrize("name", SHIPPED["experiments"])
def test_every_shipped_experiment_can_run(name):
    asked = copy.deepcopy(SHIPPED)
    asked["run"] = [name]
    asked["datasets"]["imagenet"]["path"] = "ilsvrc"
    validation.validate(asked, SCHEMA)


def test_layers_are_those_of_the_model():
    assert params.layers(SHIPPED, "imagenet", "densenet201") == ["conv2", "norm5"]
    assert params.layers(SHIPPED, "imagenet", "vgg19_bn") == ["last_conv"]
    assert params.scoring(SHIPPED, "imagenet", "contrast", "densenet201")["layers"] == ["conv2", "norm5"]
    assert params.testing(SHIPPED, "imagenet", "contrast")["layers"] == {
        "resnet50": ["last_conv"],
        "vgg19_bn": ["last_conv"],
        "densenet201": ["conv2", "norm5"],
        "convnext_large": ["last_conv"],
    }


def test_the_large_experiments_have_the_planned_methods():
    """The sets of docs/analysis-plan.md, with contrast sets from the confusion matrix."""
    paper = {"case", "gradcam", "gradcam_plus_plus", "layercam", "ablationcam", "scorecam"}
    for name in ("fashion-mnist", "cifar100", "imagenet"):
        section = SHIPPED["experiments"][name]
        assert paper | {"case_heldout", "random", "random_channels", "sobel"} <= set(section["methods"])
        assert section["n_images"] == (500 if name == "fashion-mnist" else 1000)  # a deviation of the plan
        assert section["parameters"]["case"] == {"source": "confusion"}
        assert section["seeds"] == ([0] if name == "imagenet" else [0, 1, 2, 3, 4])


def test_shards_are_as_many_as_said_or_as_the_images_ask_for():
    found = plain()
    assert len(params.shards(found, "imagenet-sample")) == 1
    del found["experiments"]["imagenet-sample"]["shards"]
    validation.validate(found, SCHEMA)
    assert params.shards(found, "imagenet-sample") == ["0-of-1"]
    assert params.shards(found, "imagenet") == [f"{index}-of-10" for index in range(10)]
    found["experiments"]["imagenet"]["n_images"] = None  # all 25,000
    assert len(params.shards(found, "imagenet")) == 158
    found["compute"]["batch_size"] = 500  # a batch is never cut
    assert len(params.shards(found, "imagenet")) == 50
    found["experiments"]["imagenet"] |= {"dataset": "folder"}  # nobody has counted
    assert params.shards(found, "imagenet") == ["0-of-1"]
