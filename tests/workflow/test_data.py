"""Data sets of the user through the real Snakefile."""

import shutil

from case_saliency import storage
from case_saliency.datasets import labels, sources


def test_an_imagenet_tree_goes_through_the_whole_workflow(fresh, tmp_path):
    """The official images in class folders, made from the sample: read where they lie, nothing copied."""
    photographs = sources.fetch("imagenet-sample", tmp_path / "sample")
    for number, row in enumerate(photographs.to_dict("records"), start=1):
        home = tmp_path / "ilsvrc/val" / labels.wordnet_ids()[row["label"]]
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "sample" / row["file"], home / f"ILSVRC2012_val_{number:08d}.JPEG")
    (tmp_path / "ilsvrc/val/n01440764").mkdir()
    fresh.set("experiments", "imagenet-sample", "dataset", to="imagenet")
    said = fresh.snakemake(check=False)
    assert "params.yaml: datasets.imagenet.path: null found, but experiment 'imagenet-sample' in run needs" in said
    fresh.set("datasets", "imagenet", "path", to=str(tmp_path / "ilsvrc"))
    fresh.snakemake()
    assert fresh.pending() == set()
    made = {name for name in fresh.results() if name.startswith("data/")}
    assert made == {f"data/imagenet/{name}" for name in ("manifest.csv", "exclusions.csv", "images/reference.json")}
    assert storage.read_table(fresh.root / "data/imagenet/exclusions.csv")["file"].tolist() == ["val/n01440764/"]
    selection = storage.read_table(fresh.root / "results/predictions/imagenet-sample/selection.csv")
    assert set(selection["split"]) == {"test"}
    predictions = storage.read_table(
        fresh.root / "results/predictions/imagenet-sample/efficientnet_lite0/seed0.parquet"
    )
    assert predictions["correct"].sum() >= 2
    summary = storage.read_table(fresh.root / "results/tables/imagenet-sample/summary.csv")
    assert list(summary["method"]) == ["gradcam", "case", "random"]
    # Another place of the images fetches them again; that of another data set is only printed.
    fresh.set("datasets", "cifar10", "path", to="elsewhere")
    assert fresh.pending() == {"report_page"}
    fresh.set("datasets", "imagenet", "path", to=str(tmp_path / "elsewhere"))
    assert "fetch_dataset" in fresh.pending()
