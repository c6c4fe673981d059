"""Files that are damaged after they were made: named by the next stage that reads them, and made again."""

import json

import pytest

SCORES = "results/scores/imagenet-sample/agreement/efficientnet_lite0/seed0.parquet"


def flip(file):
    """Flip one bit in the middle of a file."""
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)


@pytest.mark.fault("a bit of a map flips", "...nc: sha256 ... found, but the run that made it wrote ...; delete it")
def test_a_damaged_map_is_named_and_made_again(project, finished):
    file = project.first_outputs()["attribute"]
    flip(project.root / file)
    (project.root / SCORES).unlink()
    said = project.snakemake(SCORES, check=False)
    assert f"{file}: sha256" in said
    assert "delete it and run the workflow again" in said
    assert "Traceback" not in said
    (project.root / file).unlink()
    project.completes(finished, SCORES)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["select_images", "predict", "score_agreement", "score_fidelity", "test_hypotheses"])
@pytest.mark.fault("a bit flips in any other intermediate file", "the same, of the file")
def test_a_damaged_file_is_named_and_made_again(project, finished, stage):
    file = project.first_outputs()[stage]
    flip(project.root / file)
    readers = [
        json.loads(record.read_text())
        for record in (project.root / "results/provenance").rglob("*.json")
        if any(entry["path"] == file for entry in json.loads(record.read_text())["inputs"])
    ]
    (project.root / readers[0]["outputs"][0]["path"]).unlink()
    said = project.snakemake(check=False)
    assert f"{file}: sha256" in said
    assert "Traceback" not in said
    (project.root / file).unlink()
    project.completes(finished)


@pytest.mark.fault("a record is cut off", "...json: it is not JSON: ... is made again; and by an audit: UNVERIFIABLE")
def test_a_damaged_record_is_told_and_what_it_told_of_is_made_again(project, finished):
    [record] = (project.root / "results/provenance").glob("*/figures/imagenet-sample/critical_difference.*.json")
    file = json.loads(record.read_text())["outputs"][0]["path"]
    record.write_bytes(record.read_bytes()[:100])
    said = project.run("case-saliency", "audit", file, check=False)
    assert "UNVERIFIABLE: no record tells where it comes from" in said
    assert "Traceback" not in said
    assert project.pending() == {"plot_critical_difference", "report_page"}
    said = project.snakemake()
    assert f"{record.relative_to(project.root)}: it is not JSON" in said
    assert f"{file} is made again, and what depends on it" in said
    project.completes(finished)
    assert json.loads(record.read_text())["status"] == "completed"


def test_nothing_is_computed_from_what_a_damaged_record_may_tell_of(project):
    outputs = project.first_outputs()
    file, table = outputs["score_agreement"], outputs["test_hypotheses"]
    record = project.root / f"results/provenance/score_agreement/{file.removeprefix('results/')}.json"
    record.write_bytes(record.read_bytes()[:100])
    said = project.snakemake("--forcerun", table, "--", table, check=False)
    assert f"{file}: whether it is what a run wrote is not known" in said
    assert "Traceback" not in said
