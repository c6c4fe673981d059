"""What people and disks do to a study: a clear error, and the next run completes."""

import subprocess

import pytest


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("diagnostic", "k_percent"), 150, "params.yaml: diagnostic.k_percent: 150 is not allowed"),
        (("diagnostic", "k_procent"), 5, "params.yaml: diagnostic.k_procent: unknown key; did you mean 'k_percent'?"),
        (("methods", "case", "source"), "confusion", "set methods.case.source to logits"),
    ],
)
def test_bad_parameters_stop_the_workflow_before_any_job(fresh, path, value, message):
    fresh.set(*path, to=value)
    said = fresh.snakemake(check=False)
    assert message in said
    assert "Traceback" not in said
    assert not (fresh.root / "data").exists()


@pytest.mark.fault("an image is cut off", "...jpg: sha256 ... found, ... expected; fetch it again: ...")
def test_a_damaged_image_is_named_and_fetched_again(project, finished):
    chosen = (project.root / "results/predictions/imagenet-sample/selection.csv").read_text()
    images = (project.root / "data/imagenet-sample/images").iterdir()
    image = next(file for file in sorted(images) if file.name in chosen)
    image.write_bytes(image.read_bytes()[:1000])
    predictions = "results/predictions/imagenet-sample/efficientnet_lite0/seed0.parquet"
    (project.root / predictions).unlink()
    said = project.snakemake("--allowed-rules", "predict", "--", predictions, check=False)  # else it is fetched first
    assert f"{image.name}: sha256" in said
    remedy = said.split("fetch it again: ")[1].splitlines()[0]
    assert remedy.startswith("case-saliency fetch-dataset --dataset imagenet-sample")
    subprocess.run(remedy.split(), cwd=project.root, env=project.environment, check=True)
    project.completes(finished, predictions)


@pytest.mark.fault("a bit of the weights flips", "...safetensors: sha256 ... found, but the run that made it wrote ...")
def test_damaged_weights_are_named_and_obtained_again(project, finished):
    weights = project.root / "models/imagenet-sample/efficientnet_lite0/seed0/weights.safetensors"
    predictions = project.first_outputs()["predict"]
    body = bytearray(weights.read_bytes())
    body[-1] ^= 1
    weights.write_bytes(body)
    said = project.snakemake(predictions, "--forcerun", predictions, check=False)
    assert "weights.safetensors: sha256" in said
    weights.unlink()
    project.completes(finished, predictions)
