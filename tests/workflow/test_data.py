"""Data sets and networks of the user through the real Snakefile."""

import shutil
import sys
from pathlib import Path

import safetensors.torch
import torch
import yaml
from torch.nn.functional import relu

from case_saliency import storage
from case_saliency.datasets import images, labels, sources
from case_saliency.datasets.images import Transform
from case_saliency.storage.tables import read_table

ROOT = Path(__file__).resolve().parents[2]
MODULE = '''
import torch
from torchvision.models import DenseNet


def dense(name, n_classes):
    """A small DenseNet."""
    return DenseNet(growth_rate=12, block_config=(2, 2, 2), num_init_features=16, num_classes=n_classes)
'''
LAST = "features.denseblock3.denselayer2.conv2"
NETWORK = {
    "builder": "my_networks:dense",
    "weights": "my_dense.safetensors",
    "label_space": "imagenet-1k",
    "n_classes": None,
    "layers": {"conv2": LAST, "norm5": "features.norm5"},
    "input_size": 64,
    "resize": 72,
    "interpolation": "bilinear",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
}


def imagenet_tree(tmp_path):
    """The official images in class folders, made from the sample; the rows and the folder of the sample."""
    photographs = sources.fetch("imagenet-sample", tmp_path / "sample")
    for number, row in enumerate(photographs.to_dict("records"), start=1):
        home = tmp_path / "ilsvrc/val" / labels.wordnet_ids()[row["label"]]
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "sample" / row["file"], home / f"ILSVRC2012_val_{number:08d}.JPEG")
    (tmp_path / "ilsvrc/val/n01440764").mkdir()
    return photographs, tmp_path / "sample"


def write_network(root, photographs, folder):
    """Seeded random weights, and a last layer that tells the photographs apart: least squares on their features."""
    (root / "my_networks.py").write_text(MODULE)
    sys.path.insert(0, str(root))
    try:
        from my_networks import dense
    finally:
        sys.path.remove(str(root))
        sys.modules.pop("my_networks", None)
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(0)
        network = dense("my_dense", 1000).eval()
        transform = Transform.from_dict(
            {key: NETWORK[key] for key in ("input_size", "resize", "interpolation", "mean", "std")}
        )
        inputs = torch.cat([batch for _, batch in images.batches(folder, photographs, transform, 20)])
        features = relu(network.features(inputs)).mean(dim=(2, 3))
        wanted = 12 * torch.eye(1000)[photographs["label"].tolist()]
        network.classifier.weight.copy_((torch.linalg.pinv(features.double()) @ wanted.double()).T.float())
        network.classifier.bias.zero_()
    safetensors.torch.save_file(network.state_dict(), root / "my_dense.safetensors")


def test_an_imagenet_tree_goes_through_the_imagenet_experiment(fresh, tmp_path):
    """The shipped definition on the user's images, read where they lie, with a network of the user's."""
    photographs, folder = imagenet_tree(tmp_path)
    write_network(fresh.root, photographs, folder)
    fresh.set("run", to=["imagenet"])
    shipped = yaml.safe_load((ROOT / "params.yaml").read_text())["experiments"]["imagenet"]
    layers = {"default": ["last_conv"], "my_dense": shipped["layers"]["densenet201"]}
    fresh.set(
        "experiments", "imagenet", to=shipped | {"models": ["my_dense"], "layers": layers, "n_images": 6, "shards": 1}
    )
    fresh.set("models", "my_dense", to=NETWORK)
    said = fresh.snakemake(check=False)
    assert "params.yaml: datasets.imagenet.path: null found, but experiment 'imagenet' in run needs" in said
    fresh.set("datasets", "imagenet", "path", to=str(tmp_path / "ilsvrc"))
    fresh.snakemake()
    assert fresh.pending() == set()
    made = {name for name in fresh.results() if name.startswith("data/")}
    assert made == {f"data/imagenet/{name}" for name in ("manifest.csv", "exclusions.csv", "images/reference.json")}
    assert read_table(fresh.root / "data/imagenet/exclusions.csv")["file"].tolist() == ["val/n01440764/"]
    selection = read_table(fresh.root / "results/predictions/imagenet/selection.csv")
    assert (set(selection["split"]), len(selection)) == ({"test"}, 6)
    predictions = read_table(fresh.root / "results/predictions/imagenet/my_dense/seed0.parquet")
    assert predictions["correct"].all()
    summary = read_table(fresh.root / "results/tables/imagenet/summary.csv")
    expected = {(layer, method) for layer in ("conv2", "norm5") for method in shipped["methods"]}
    in_input = {"integrated_gradients", "sobel"}  # methods that know no layer
    assert set(zip(summary["layer"], summary["method"], strict=True)) == {
        ("input" if method in in_input else layer, method) for layer, method in expected
    }
    assert {path.stem for path in (fresh.root / "results/tables/imagenet").iterdir()} >= {*shipped["analyses"], "ranks"}
    record = storage.read_json(
        fresh.root / "results/provenance/obtain_model/models/imagenet/my_dense/seed0/weights.safetensors.json"
    )
    assert "my_dense.safetensors" in str(record["inputs"])
    assert "my_networks.py" in record["code"]
    # Another place of the images fetches them again; that of another data set is only printed.
    fresh.set("datasets", "cifar10", "path", to="elsewhere")
    assert fresh.pending() == {"report_page"}
    # The user's module is code, and the file of weights an input, of what the network is needed for.
    fresh.edit("my_networks.py", "A small", "A little")
    pending = fresh.pending()
    assert {"obtain_model", "estimate_confusion", "predict", "attribute", "score_fidelity"} <= pending
    assert not {"fetch_dataset", "select_images"} & pending
    fresh.edit("my_networks.py", "A little", "A small")
    assert fresh.pending() == {"report_page"}
    # The results stand where the images are not at hand; a changed image is seen where it lies.
    (tmp_path / "ilsvrc").rename(tmp_path / "unplugged")
    assert fresh.pending() == {"report_page"}
    (tmp_path / "unplugged").rename(tmp_path / "ilsvrc")
    next((tmp_path / "ilsvrc/val").rglob("*.JPEG")).write_bytes(b"damaged")
    assert {"fetch_dataset", "predict"} <= fresh.pending()
    fresh.set("datasets", "imagenet", "path", to=str(tmp_path / "elsewhere"))
    assert "fetch_dataset" in fresh.pending()
