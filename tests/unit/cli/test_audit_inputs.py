"""What an audit and a crate make of files that others may have put there, on small cases."""

import hashlib
import json
import os
import zipfile

import pandas as pd
import pytest

from case_saliency import storage
from case_saliency.cli import audit, cells, crate, upstream
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.audit import manifests, reading
from case_saliency.provenance.audit.cells import Cell
from case_saliency.provenance.audit.judge import Audit
from case_saliency.provenance.audit.parsing import UnreadableError
from case_saliency.provenance.crate.content import Content
from case_saliency.provenance.crate.licences import licences
from case_saliency.storage.tables import write_table

IMAGES = "data/x/images"


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """Make a data set of one image in an empty folder, and return the rows of its manifest."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / IMAGES).mkdir(parents=True)
    (tmp_path / IMAGES / "a.jpg").write_bytes(b"a")
    digest = hashlib.sha256(b"a").hexdigest()
    rows = pd.DataFrame({"file": ["images/a.jpg"], "index": [-1], "sha256": [digest], "licence": ["MIT"]})
    write_table(rows, tmp_path / "data/x/manifest.csv")
    (tmp_path / "secret").write_text("{}")
    return rows


def wrong(root, rows):
    checks = upstream.depicted(root, rows, [])
    return {check.subject: check.verdict.value for check in checks if check.verdict.value != "OK"}


STRANGERS = {
    "a link to a folder": ("sub", lambda place: place.symlink_to("/etc")),
    "a link to nothing": ("b.jpg", lambda place: place.symlink_to("/no/such/file")),
    "a link to a file": ("b.jpg", lambda place: place.symlink_to(place.parents[3] / "secret")),
    "a pipe": ("p.jpg", os.mkfifo),
    "a reference of a data set that has its images": ("reference.json", lambda place: place.write_text("{}")),
    "what git does not hold": (".gitignore", lambda place: place.write_text("a")),
    "a mark that holds something": (".snakemake_timestamp", lambda place: place.write_text("a")),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_whatever_lies_among_images_is_a_stranger(dataset, tmp_path, kind):
    folder = (tmp_path / IMAGES).relative_to(tmp_path).parent
    assert wrong(folder, dataset) == {}
    (tmp_path / IMAGES / ".snakemake_timestamp").touch()
    assert wrong(folder, dataset) == {}
    name, make = STRANGERS[kind]
    make(tmp_path / IMAGES / name)
    assert wrong(folder, dataset) == {f"{IMAGES}/{name}": "UNVERIFIABLE"}


def test_the_reference_of_a_data_set_by_reference_is_none(dataset, tmp_path):
    (tmp_path / IMAGES / "a.jpg").unlink()
    (tmp_path / "own").mkdir()
    (tmp_path / "own/a.jpg").write_bytes(b"a")
    storage.write_json({"root": str(tmp_path / "own")}, tmp_path / IMAGES / "reference.json")
    folder = (tmp_path / IMAGES).relative_to(tmp_path).parent
    assert wrong(folder, dataset.assign(file=["reference:a.jpg"])) == {}


def test_what_is_too_large_is_not_read(dataset, tmp_path, monkeypatch):
    assert dict(licences(["data/x/manifest.csv"])) == {"data/x/manifest.csv": "MIT"}
    monkeypatch.setattr(manifests, "LIMIT", 3)
    with pytest.raises(UnreadableError, match="larger than"):
        manifests.rows("data/x/manifest.csv")
    model = tmp_path / "models/model.json"
    model.parent.mkdir()
    (model.parent / "weights.safetensors").write_bytes(b"w")
    model.touch()
    os.truncate(model, 3 * 2**30)  # of which the disk holds nothing
    monkeypatch.setattr(reading, "LIMIT", 3)
    monkeypatch.setattr(upstream, "measure", lambda _root, paths, **_: dict.fromkeys(paths, upstream.Found("0")))
    made = type("Run", (), {"stage": "train_model", "record": "r", "outputs": (), "parameters": {}})()
    made.outputs = tuple(
        reading.Entry(role, f"models/{name}", "0", 1)
        for role, name in (("weights", "weights.safetensors"), ("description", "model.json"))
    )
    evidence = type("Evidence", (), {"runs": (made,), "found": {}})()
    [check] = upstream.upstream(evidence, [])
    assert (check.verdict.value, "larger than" in check.note) == ("UNVERIFIABLE", True)


def content(tmp_path):
    (tmp_path / "Snakefile").write_text("rule all:\n")
    others = {"Snakefile": (storage.sha256(tmp_path / "Snakefile"), 10), "f": (hashlib.sha256(b"f").hexdigest(), 1)}
    (tmp_path / "f").write_bytes(b"f")
    from case_saliency.provenance.audit.graph import graph

    return Content(graph([]), (), base="", others=others, folders={IMAGES: 1})


TAMPERED = {
    "an image that is a link to a secret": (f"{IMAGES}/b.jpg", True),
    "a file that is a link to a secret": ("f", True),
    "an image that the manifest does not tell of": (f"{IMAGES}/b.jpg", False),
    "an image that was edited": (f"{IMAGES}/a.jpg", False),
    "a file that was edited": ("f", False),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_the_zip_holds_nothing_that_does_not_fit(dataset, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(crate, "_text", lambda _content: "{}")
    told = content(tmp_path)
    crate._zip(told, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        held = set(archive.namelist())
    assert held == {"ro-crate-metadata.json", f"{IMAGES}/", f"{IMAGES}/a.jpg", "Snakefile", "f"}
    path, is_link = TAMPERED[kind]
    (tmp_path / path).unlink(missing_ok=True)
    secret = tmp_path.parent / f"{tmp_path.name}-secret"
    secret.write_text("secret")
    (tmp_path / path).symlink_to(secret) if is_link else (tmp_path / path).write_text("other")
    with pytest.raises(CaseSaliencyError, match=path):
        crate._zip(told, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_a_path_may_lead_through_a_link_to_the_folder(tmp_path, monkeypatch):
    (tmp_path / "here/results").mkdir(parents=True)
    (tmp_path / "link").symlink_to("here")
    (tmp_path / "here/results/out").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path / "here")
    assert audit._inside(str(tmp_path / "link/results/claims.md")) == "results/claims.md"
    assert audit._inside(str(tmp_path / "link")) == "."
    assert audit._inside("results/out/a") == "results/out/a"  # it is named as it is called, and refused when it is read
    with pytest.raises(CaseSaliencyError, match="outside"):
        audit._inside(str(tmp_path / "link/results/out/a"))


def test_a_cell_without_scores_says_so():
    none = pd.DataFrame(columns=["image_id"])
    cell = Cell(1.0, {}, (), (), none, ("rows of scores",))
    said = "\n".join(cells._lines(Audit(None, ()), cell, "t.csv", "n"))
    assert "No row of scores was found" in said
    assert "none are stored" not in said
    assert "Images" not in said


def test_the_hash_of_a_description_is_compared_whatever_else_it_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps({"licence": "Apache-2.0"}))
    assert dict(licences(["model.json", "gone/model.json"])) == {
        "model.json": "Apache-2.0",
        "weights.safetensors": "Apache-2.0",
    }
    (tmp_path / "model.json").write_text("[" * 1000)
    with pytest.raises(CaseSaliencyError, match=r"model\.json: no licence can be read"):
        dict(licences(["model.json"]))
