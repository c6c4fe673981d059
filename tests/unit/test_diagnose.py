"""The diagnosis of a tiny seeded network on generated images, from Python and from the command line."""

import json
import shutil
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

import case_saliency
from case_saliency import storage
from case_saliency.attribution.resample import upsample
from case_saliency.diagnosis import files, folder, layers, output
from case_saliency.diagnosis.measure import Reader
from case_saliency.diagnosis.options import TRANSFORM, Options
from case_saliency.diagnosis.subject import load
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.tables import read_table

SIDE = 16
SMALL = {"input_size": SIDE}
MODULE = """
from collections import OrderedDict
import torch
from torch import nn

def build(n_classes=5):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(OrderedDict(
            stem=nn.Conv2d(3, 6, 3, padding=1), relu=nn.ReLU(inplace=True),
            block=nn.Sequential(nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.ReLU(inplace=True)),
            pool=nn.AdaptiveAvgPool2d(2), flatten=nn.Flatten(), head=nn.Linear(32, n_classes)))

def plain(view):
    return view.combine(view.weights(view.classes))

def flat(view):
    return view.weights(view.classes)

def broken(view):
    return helper(view.images)

def helper(images):
    raise ZeroDivisionError("no  pixels\\nleft")

def broken_at_the_end(view):
    if "4.png" in view.image_ids:
        raise ValueError("the last one")
    return plain(view)

def no_argument():
    return None

def breaks_the_network(view):
    return view.module.no_such_part

number = 3
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a user's module and five images, one of them no image at all."""
    place = tmp_path_factory.mktemp("user")
    (place / "my_network.py").write_text(MODULE)
    (place / "images").mkdir()
    for number in range(5):
        pixels = np.random.default_rng(number).integers(0, 255, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / "images" / f"{number}.png")
    (place / "images/notes.txt").write_text("not an image")
    (place / "images/.hidden").write_text("")
    return place


@pytest.fixture
def user(place, monkeypatch):
    """The user's working folder."""
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(place)
    return place


@pytest.fixture
def network(user):
    import my_network

    return my_network.build()


@pytest.fixture(scope="module")
def done(place):
    """One run of the command line."""
    command = [
        *(sys.executable, "-m", "case_saliency.cli.main", "diagnose", "--model", "my_network:build"),
        *("--images", "images", "--out", "out", "--method", "my_network:plain", "--input-size", str(SIDE)),
    ]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)


def test_a_layer_with_a_slash_is_refused_before_anything_is_measured(network):
    network.add_module("a/b", torch.nn.Identity())
    with pytest.raises(CaseSaliencyError, match="layer a/b: map files have no layer with a slash in its name"):
        case_saliency.diagnose(network, "images", ["my_network:plain"], layer="a/b", transform=SMALL)


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, case_saliency; print(*{'torch', 'numpy', 'pandas'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
    assert callable(case_saliency.diagnose)
    with pytest.raises(AttributeError, match="diagnos"):
        case_saliency.diagnosee  # noqa: B018


def test_the_command_writes_its_files_and_its_record(done, place):
    assert done.returncode == 0, done.stderr
    out = place / "out"
    written = {path for path in out.rglob("*") if path.is_file()}
    assert written == {*files.outputs(out), out / "record.json"}
    record = storage.read_json(out / "record.json")
    assert record["status"] == "completed"
    assert {entry["path"] for entry in record["inputs"]} == {*(f"images/{n}.png" for n in range(5)), "images/notes.txt"}
    assert {entry["path"] for entry in record["outputs"]} == {
        path.relative_to(place).as_posix() for path in files.outputs(out)
    }
    assert record["parameters"]["alpha"] == 0.05
    assert "my_network.py" in record["code"]
    with Image.open(out / "figures/map_panels.png") as picture:
        assert picture.info["Record"] == record["id"]


def test_the_command_prints_verdicts_and_what_limits_them(done):
    said = " ".join(done.stdout.split())
    for word in ("gradcam", "case", "plain", "random", "sobel", "insensitive"):
        assert word in said
    assert "Target layer: block, found as the last map, maps of 8 x 8 cells." in said
    assert "mean 0.485, 0.456, 0.406" in said
    assert "Labels: none, so all images count" in said
    assert "Excluded as no usable images: 1 of 6 files: notes.txt (not an image" in said
    assert "with n = 5 images the sign test" in said
    assert "low agreement alone does not make an explanation right" in said or "a random map passes it too" in said
    assert "Report: out/report.html" in said


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("broken", r"raised ZeroDivisionError: no pixels left in \S+my_network.py line \d+, explaining the batch of "),
        ("no_argument", r"raised TypeError: no_argument\(\) takes 0 positional .* in the call function\(view"),
        ("breaks_the_network", r"raised AttributeError: .*no_such_part"),
    ],
)
def test_a_users_method_that_raises_is_named_with_its_images_and_the_remedy(user, network, method, message):
    asked = ["gradcam", f"my_network:{method}"]
    with pytest.raises(CaseSaliencyError, match=message) as error:
        case_saliency.diagnose(network, "images", asked, transform=SMALL, options=Options(batch_size=4))
    told = str(error.value)
    assert told.startswith(f"method {method}: my_network:{method} raised ")
    assert "images 0.png, 1.png, 2.png and 1 more; correct it" in told
    assert "leave the method out" in told
    assert not isinstance(error.value.__cause__, CaseSaliencyError)
    assert error.value.__cause__ is not None


def test_the_batch_that_is_named_is_the_one_that_failed(user, network):
    with pytest.raises(CaseSaliencyError, match=r"explaining the batch of images 4\.png; correct it"):
        case_saliency.diagnose(
            network, "images", ["my_network:broken_at_the_end"], transform=SMALL, options=Options(batch_size=2)
        )


def test_what_is_no_fault_of_a_method_keeps_its_own_exception(user):
    class Broken(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner, self.passes = inner, 0

        def forward(self, images):
            self.passes += 1
            if len(images) == 5 and self.passes > 3:
                raise ZeroDivisionError("the network's own")
            return self.inner(images)

    import my_network

    with pytest.raises(ZeroDivisionError, match="the network's own"):
        case_saliency.diagnose(
            Broken(my_network.build()), "images", ["my_network:plain"], layer="inner.block", transform=SMALL
        )


def test_on_the_command_line_it_is_one_line_and_a_traceback_on_request(place):
    def run(*options):
        command = [
            *(sys.executable, "-m", "case_saliency.cli.main", *options, "diagnose", "--model", "my_network:build"),
            *("--images", "images", "--out", "out_broken", "--method", "my_network:broken", "--input-size", str(SIDE)),
        ]
        return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)

    short, long = run(), run("--traceback")
    assert short.returncode == 1
    assert "error: method broken: my_network:broken raised ZeroDivisionError: no pixels left in " in short.stderr
    assert "Traceback" not in short.stderr
    assert long.returncode == 1
    assert "in helper" in long.stderr


def test_the_report_does_not_speak_of_correct_predictions_where_there_are_no_labels(done, place):
    page = (place / "out/report.html").read_text(encoding="utf-8")
    assert "Diagnosis of one network" in page
    assert "no labels" in page
    assert "top-1 prediction is correct" not in page.replace("whether the top-1 prediction is correct or not", "")
    assert "params.yaml" not in page.replace("name of the experiment in params.yaml", "")


def test_the_joint_verdict_is_measured_printed_and_reported(done, place, network, user):
    out = place / "out"
    table = read_table(out / "cross_deletion.csv")
    assert set(table["k_percent"]) == {5, 50}
    sobel = table[table["method"] == "sobel"]
    assert (sobel["interaction"] == 0).all()  # one map for both classes
    scores = read_table(out / "scores-fidelity.parquet")
    assert set(scores["target"]) == {"top1", "top2"}
    assert len(read_table(out / "fidelity.csv")) == 5 * 4 * 2  # methods, measures, k: the predicted class alone
    summary = read_table(out / "summary.csv").set_index("method")
    shown = table[table["k_percent"] == 5].set_index("method")
    assert summary["joint_verdict"].to_dict() == shown["joint_verdict"].to_dict()
    printed = {words[0]: words[-1] for words in map(str.split, done.stdout.splitlines()) if len(words) > 7}
    words = {"class-specific": "yes", "not class-specific": "no", "undecided": "open"}
    for method, verdict in summary["joint_verdict"].items():
        assert printed[method] == words[verdict]
    assert "takes away its own class" in " ".join(done.stdout.split())
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "diagnosis-cross_deletion.csv" in page
    assert "Class-specific, that is class-sensitive and faithful" in page
    assert "diagnosis-curves.csv" not in page


def test_the_interaction_is_that_of_logits_of_perturbed_images(network, user):
    found = case_saliency.diagnose(network, "images", ["my_network:plain"], controls=[], transform=SMALL)
    reader = Reader(found.folder, found.network.transform, 5, lambda items, *_: items)
    [(_, inputs)] = reader.batches("")
    k = SIDE * SIDE // 2
    own = []
    for image, (first, second), maps in zip(inputs, found.maps.classes, found.maps.maps["block"]["plain"], strict=True):
        left = []
        for values in upsample(maps, (SIDE, SIDE)):
            ordered = torch.tensor(values).flatten().argsort(descending=True)
            assert values.ravel()[ordered[k - 1]] > values.ravel()[ordered[k]]  # no tie to break
            gone = image.flatten(1).clone()
            gone[:, ordered[:k]] = 0
            logits = network(gone.view_as(image)[None])[0].detach()
            left.append(float(logits[first] - logits[second]))
        own.append(left[1] - left[0])
    row = found.cross_deletion.set_index("k_percent").loc[50]
    assert row["interaction"] == pytest.approx(np.mean(own), abs=1e-4)


def test_curves_are_made_on_request(place, user, tmp_path):
    command = [
        *(sys.executable, "-m", "case_saliency.cli.main", "diagnose", "--model", "my_network:build"),
        *("--images", "images", "--out", str(tmp_path / "out"), "--methods", "gradcam", "--controls", "random"),
        *("--input-size", str(SIDE), "--curves", "deletion,road", "--steps", "4", "--removed", "10", "--fills", "blur"),
    ]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert {path for path in out.rglob("*") if path.is_file()} == {
        *files.outputs(out, curves=True),
        out / "record.json",
    }
    points = read_table(out / "curve_points.csv")
    assert points.groupby(["method", "test"])["step"].apply(list).to_dict() == {
        (method, test): [0, 1, 2, 3, 4] for method in ("gradcam", "random") for test in ("deletion", "road")
    }
    areas = read_table(out / "curves.csv").set_index(["method", "test", "measure"])["mean"]
    mean = points[(points["method"] == "gradcam") & (points["test"] == "deletion")]
    expected = np.trapezoid(mean["mean_confidence"], mean["fraction"])
    assert areas["gradcam", "deletion", "auc"] == pytest.approx(expected)
    assert "diagnosis-curves.csv" in (out / "report.html").read_text(encoding="utf-8")
    assert "Perturbation curves" in (out / "report.html").read_text(encoding="utf-8")


def test_curves_of_an_earlier_diagnosis_are_not_left_beside_a_new_one(network, user, tmp_path):
    for curves in (("deletion",), ()):
        options = Options(curves=curves, steps=2, removed=(10,))
        output.write(
            case_saliency.diagnose(network, "images", ["gradcam"], transform=SMALL, controls=(), options=options),
            tmp_path / "out",
        )
        expected = files.outputs(tmp_path / "out", curves=bool(curves))
        assert {path for path in (tmp_path / "out").rglob("*") if path.is_file()} == set(expected)


def test_the_command_measures_what_the_call_measures(done, place, network, user):
    options = Options(batch_size=2)
    called = case_saliency.diagnose(
        network, "images", ["gradcam", "case", "my_network:plain"], transform=SMALL, options=options
    )
    read = read_table(place / "out/scores-agreement.parquet")
    columns = ["method", "image_id", "target_a", "target_b", "agreement"]
    pd.testing.assert_frame_equal(called.scores.agreement[columns], read[columns], rtol=1e-5, check_dtype=False)
    assert list(called.summary["method"]) == ["gradcam", "case", "plain", "random", "sobel"]
    assert called.summary.set_index("method").loc["sobel", "median_agreement"] == 100
    assert called.reference == "case"
    assert "Target layer: block" in str(called)


def test_the_network_is_left_as_it_was_found(network, user):
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    case_saliency.diagnose(network, "images", ["gradcam"], controls=[], transform=SMALL, options=Options(removed=(5,)))
    assert all(part.training for part in network.modules())
    assert not any(part._forward_hooks for part in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_maps_too_coarse_for_their_top_set_are_told(network, user):
    asked = {"controls": [], "transform": SMALL, "layer": "block"}  # maps of 8 x 8 cells
    for k, coarse in ((1, True), (5, False)):
        options = Options(k_percent=k, removed=(5,))
        notes = case_saliency.diagnose(network, "images", ["gradcam"], options=options, **asked).notes()
        assert any(note.startswith(f"Coarse maps: {k}% of 8 x 8 cells is less") for note in notes) == coarse


def test_class_folders_set_wrong_predictions_aside(network, user, tmp_path):
    found = case_saliency.diagnose(network, "images", ["gradcam"], controls=[], transform=SMALL)
    predicted = dict(zip(found.predictions["image_id"], found.predictions["top1"], strict=True))
    for name, index in predicted.items():
        wrong = name == "0.png"
        home = tmp_path / "labelled" / f"{(index + wrong) % 5}"
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(user / "images" / name, home)
    labelled = case_saliency.diagnose(network, tmp_path / "labelled", ["gradcam"], controls=[], transform=SMALL)
    assert labelled.labelled
    [row] = labelled.agreement.to_dict("records")
    assert (row["n"], row["n_excluded_misclassified"], row["n_total"]) == (4, 1, 5)
    assert not any(note.startswith("Labels: none") for note in labelled.notes())


def test_with_few_classes_the_contrast_set_is_all_the_others(user):
    import my_network

    found = case_saliency.diagnose(my_network.build(2), "images", ["case"], controls=[], transform=SMALL)
    [case] = found.methods
    assert case.parameters["k"] == 1


@pytest.mark.parametrize("batch", [None, 1])
def test_an_exported_program_gives_the_maps_of_its_network(network, user, tmp_path, batch):
    network.eval()
    shapes = ({0: torch.export.Dim("n", min=1, max=64)},) if batch is None else None
    example = torch.rand(batch or 2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    torch.export.save(torch.export.export(network, (example,), dynamic_shapes=shapes), tmp_path / "network.pt2")
    subject = load(tmp_path / "network.pt2", None, {})
    assert (subject.name, subject.transform.input_size, subject.batch_size) == ("network", SIDE, batch)
    assert layers.find(subject.module, example[:1]) == "block"
    ours, theirs = (layers.probe(module, example[:1], {"a": "block"}) for module in (subject.module, network))
    torch.testing.assert_close(ours.logits, theirs.logits)
    ones = torch.ones(1, 1, 5)
    torch.testing.assert_close(ours.layers["a"].pullback(ones), theirs.layers["a"].pullback(ones))


def test_a_program_of_one_image_at_a_time_cannot_be_ablated(network, user, tmp_path):
    program = torch.export.export(network.eval(), (torch.rand(1, 3, SIDE, SIDE),))
    torch.export.save(program, tmp_path / "network.pt2")
    with pytest.raises(CaseSaliencyError, match="ablationcam: the program takes one image at a time"):
        case_saliency.diagnose(tmp_path / "network.pt2", "images", ["gradcam", "ablationcam"])


class Tokens(nn.Module):
    """A vision transformer of one block that reads its class token: behind `ln_1` the patches count no more."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.ln_1, self.ln_2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.mlp = nn.Linear(8, 8)
        self.ln = nn.LayerNorm(8)
        self.head = nn.Linear(8, 3)

    def forward(self, images):
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], 1)
        normed = self.ln_1(tokens)
        tokens = tokens + self.attention(normed, normed, normed, need_weights=False)[0]
        tokens = tokens + self.mlp(self.ln_2(tokens))
        return self.head(self.ln(tokens)[:, 0])


def seeded(build):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build().eval()


def convolution(*rest):
    return OrderedDict(conv=nn.Conv2d(3, 4, 3), **dict(rest), flatten=nn.Flatten(), head=nn.LazyLinear(3))


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (Tokens, "ln_1"),
        (lambda: nn.Sequential(convolution(("relu", nn.ReLU()), ("pool", nn.AvgPool2d(2)))), "relu"),
        (lambda: nn.Sequential(convolution(("pool", nn.AdaptiveAvgPool2d(1)))), "conv"),
    ],
)
def test_the_last_map_that_counts_is_found(build, expected):
    assert layers.find(seeded(build), torch.ones(1, 3, SIDE, SIDE)) == expected


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 4)), "no submodule of the model returns a map"),
        (nn.Sequential(nn.Conv2d(3, 1, SIDE), nn.Flatten()), "model: 1 class found, two or more needed"),
        (nn.Sequential(nn.Conv2d(3, 2, 3)), r"its output is \(1, 2, 14, 14\), logits of shape"),
        (nn.Sequential(nn.Flatten(), nn.Linear(5, 4)), "it fails on an image of 3 x 16 x 16 .*--input-size"),
        (
            nn.Sequential(nn.Conv2d(3, 2, SIDE), nn.Flatten(), nn.Threshold(1e9, float("nan"))),
            "image 0.png: its logits",
        ),
    ],
)
def test_a_network_that_cannot_be_asked_is_refused(user, network, message):
    with pytest.raises(CaseSaliencyError, match=message):
        case_saliency.diagnose(network, "images", transform=SMALL)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "efficientnet_lite9"}, "did you mean 'efficientnet_lite2'"),
        ({"model": "my_network:bild"}, "has no 'bild'; did you mean 'build'"),
        ({"model": "my_networks:build"}, "module 'my_networks' cannot be found"),
        ({"model": "my_network:number"}, "gave int, a torch.nn.Module expected"),
        ({"model": "my_network:plain"}, "needs arguments"),
        ({"model": "my_network.py"}, "is not an exported program"),
        ({"model": "missing.pt2"}, "missing.pt2: not a readable exported program"),
        ({"layer": "blok"}, "layer blok: .* did you mean 'block'"),
        ({"layer": "head"}, "layer head: its output has shape"),
        ({"methods": ["gradcan"]}, "did you mean 'gradcam'"),
        ({"methods": []}, "methods: none are named"),
        ({"methods": ["my_network:flat"]}, "method flat: it returned"),
        ({"images": "nowhere"}, "images: nowhere is not a folder"),
        ({"options": Options(curves=("deleted",))}, r"curves: unknown \['deleted'\]"),
        ({"class_names": ["a", "b"]}, "class names: 2 found, the model has 5"),
    ],
)
def test_an_error_names_what_is_wrong(user, changes, message):
    with pytest.raises(CaseSaliencyError, match=message):
        case_saliency.diagnose(**{"model": "my_network:build", "images": "images", "transform": SMALL, **changes})


def test_folders_that_cannot_be_read_are_explained(user, tmp_path):
    with pytest.raises(CaseSaliencyError, match="holds no image among 0 files"):
        folder.survey(tmp_path)
    (tmp_path / "cat").mkdir()
    shutil.copy(user / "images/0.png", tmp_path / "cat")
    assert folder.survey(tmp_path).class_names == ["cat"]
    shutil.copy(user / "images/1.png", tmp_path)
    with pytest.raises(CaseSaliencyError, match=r"1 images lie beside the class folders, such as 1\.png"):
        folder.survey(tmp_path)
    with pytest.raises(CaseSaliencyError, match="class folders cat match no class of the model, which has 5"):
        folder.labels(["cat"], 5, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"k_percent": 0},
        {"removed": ()},
        {"removed": (5, 5)},
        {"alpha": 1},
        {"fills": ()},
        {"curves": ("road", "road")},
        {"steps": 1},
    ],
)
def test_impossible_options_are_refused(wrong):
    with pytest.raises(CaseSaliencyError, match="found"):
        Options(**wrong)


def test_a_zoo_network_brings_its_layer_its_classes_and_its_preparation(imagenet_photographs):
    found = case_saliency.diagnose(
        "efficientnet_lite0", imagenet_photographs, ["gradcam"], controls=[], options=Options(removed=(5,))
    )
    assert found.layer == {"last_conv": "_conv_head"}
    assert found.network.transform != TRANSFORM
    assert found.labelled
    assert len(found.predictions) == 3
    assert found.predictions["correct"].sum() >= 2
    assert any(
        note.startswith("Target layer: last_conv (_conv_head), the zoo's choice, maps of 7 x 7")
        for note in found.notes()
    )


@pytest.fixture
def imagenet_photographs(tmp_path):
    """Three photographs of the package foolbox, in folders named after their class."""
    from case_saliency.datasets import sources

    manifest = sources.fetch("imagenet-sample", tmp_path / "all").head(3)
    for row in manifest.to_dict("records"):
        home = tmp_path / "three" / row["label_name"].replace(" ", "_")
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "all" / row["file"], home)
    return tmp_path / "three"


def test_settings_can_be_written_as_json(network, user, tmp_path):
    found = case_saliency.diagnose(network, "images", ["gradcam"], controls=["sobel"], transform=SMALL)
    settings = json.loads(json.dumps(output.settings(found)))
    assert settings["methods"] == {
        "gradcam": {"method": "gradcam", **settings["methods"]["gradcam"]},
        "sobel": {"method": "sobel"},
    }
    assert settings["controls"] == ["sobel"]
    assert settings["transform"]["resize"] == 18


def test_a_network_that_the_workflow_trains_is_refused_with_a_remedy():
    with pytest.raises(CaseSaliencyError, match="vgg_small has no published weights, the workflow trains it"):
        load("vgg_small", None, {})
