"""Single images, which are no inputs of jobs: a plan sees that one changed, and has its data set fetched again."""

import os
import shutil
from pathlib import Path

from PIL import Image

from case_saliency import storage
from case_saliency.storage.tables import read_table

PHOTOGRAPH = "data/imagenet-sample/images/imagenet_05_853.jpg"


def flip(file: Path) -> None:
    """Flip one bit in the middle of a file; its size and its times stay."""
    before, body = file.stat(), bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_changed_image_is_planned_for_and_made_again(project, finished):
    flip(project.root / PHOTOGRAPH)
    said = project.snakemake("--dry-run")
    assert f"{PHOTOGRAPH} is not what the manifest says" in said
    assert "run `snakemake data-imagenet-sample` alone first" in said
    assert project.pending() == set(project.jobs("--forceall")) - {"all", "obtain_model"}  # planning mends nothing
    project.snakemake("predictions-imagenet-sample")  # the jobs, which read the Snakefile too, force nothing
    assert project.pending() == set()
    assert {name for name, content in project.results().items() if content != finished.results()[name]} == set()


def test_an_image_mended_by_the_command_that_is_named_leaves_nothing_to_do(project):
    (project.root / PHOTOGRAPH).unlink()
    stranger = project.root / "data/imagenet-sample/images/stranger.jpg"
    stranger.write_bytes(b"")
    assert f"{PHOTOGRAPH} cannot be read (No such file or directory), and 1 more" in project.snakemake(
        "data-imagenet-sample"
    )
    assert project.pending() == set()
    assert (project.root / PHOTOGRAPH).exists()
    assert not stranger.exists()


def test_images_that_a_user_changes_or_adds_make_another_data_set(fresh, tmp_path):
    photographs = tmp_path / "photographs"
    for name in ("tabby", "goldfish"):
        (photographs / name).mkdir(parents=True)
        Image.new("RGB", (32, 32), "red").save(photographs / name / "a.png")
    fresh.set("datasets", "folder", to={"path": str(photographs), "label_space": "imagenet-1k"})
    fresh.set("experiments", "imagenet-sample", "dataset", to="folder")
    fresh.set("experiments", "imagenet-sample", "n_images", to=None)
    step, plan = "predictions-imagenet-sample", ("--dry-run", "predictions-imagenet-sample")
    fresh.snakemake("data-folder")
    Image.new("RGB", (32, 32), "blue").save(photographs / "tabby/a.png")
    assert "photographs/tabby/a.png is not what the manifest says" in fresh.snakemake(*plan)
    shutil.copy(photographs / "tabby/a.png", photographs / "goldfish/b.png")
    fresh.snakemake(step)
    assert "Nothing to be done" in fresh.snakemake(*plan)
    rows = read_table(fresh.root / "data/folder/manifest.csv").set_index("image_id")
    assert rows["sha256"].to_dict() == {
        name: storage.sha256(photographs / name) for name in ("goldfish/a.png", "goldfish/b.png", "tabby/a.png")
    }
    predictions = read_table(fresh.root / "results/predictions/imagenet-sample/efficientnet_lite0/seed0.parquet")
    assert set(predictions["image_id"]) == set(rows.index)
