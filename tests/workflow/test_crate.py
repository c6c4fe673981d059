"""The crate of a finished tree: valid by an independent validator without the internet, and true by the audit."""

import hashlib
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from case_saliency.provenance.audit import others

rocrate = pytest.importorskip("rocrate", reason="needs the development packages of the lock")
services = pytest.importorskip("rocrate_validator.services")
RECOMMENDED = {
    "process-run-crate-0.5_3.2": "commands have no web address",
    "process-run-crate-0.5_5.1": "the same",
    "ro-crate-1.1_31.2": "authors have none",
    "ro-crate-1.1_22.3": "who publishes it is not known",
    "ro-crate-1.1_30.2": "nor is an affiliation",
    "ro-crate-1.1_30.3": "the same",
}
BESIDE = {"workflow-ro-crate-1.0_6.1", "workflow-ro-crate-1.0_6.2"}  # the README is not inside results/
AGENT = ("--agent", "A Tester", "--agent-url", "https://orcid.org/0000-0002-1825-0097")


@pytest.fixture
def offline(monkeypatch):
    """Give the validator the context that `rocrate` ships, and nothing else from the net."""
    import requests
    from rocrate_validator.utils.http import HttpRequester

    context = Path(rocrate.__file__).with_name("data") / "ro-crate.jsonld"
    assert json.loads(context.read_text())["@id"] == "https://w3id.org/ro/crate/1.1/context"

    def get(_self, url, **_options):
        response = requests.Response()
        response.url = url
        response.status_code = 200 if url == "https://w3id.org/ro/crate/1.1/context" else 504
        response.headers["Content-Type"] = "application/ld+json"
        response._content = context.read_bytes()
        return response

    monkeypatch.setattr(HttpRequester, "get", get, raising=False)  # it delegates to a session


def export(project, *arguments):
    command = ["case-saliency", "crate", *arguments]
    subprocess.run(command, cwd=project.root, env=project.environment, check=True, capture_output=True)


def issues(folder, severity, cache):
    from rocrate_validator.models import Severity

    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier="provenance-run-crate",
        requirement_severity=Severity[severity],
        offline=True,
        cache_path=cache,
    )
    return {issue.check.identifier: issue.message for issue in services.validate(settings).get_issues()}


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # in the validator
def test_the_crate_is_valid_and_agrees_with_the_files(project, offline, tmp_path):
    export(project)
    assert issues(project.root / "results", "REQUIRED", tmp_path / "cache") == {}
    export(project, *AGENT)
    assert set(issues(project.root / "results", "RECOMMENDED", tmp_path / "cache")) <= {*RECOMMENDED, *BESIDE}
    told = others.crate(others.entities(project.root))
    assert len(told) > 60
    for path, digest in told.items():
        assert hashlib.sha256((project.root / path).read_bytes()).hexdigest() == digest, path


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_the_zip_is_a_crate_with_all_files(project, offline, tmp_path):
    export(project, *AGENT, "--zip", str(tmp_path / "a.zip"))
    export(project, *AGENT, "--zip", str(tmp_path / "b.zip"))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "crate")
    for place in (tmp_path / "crate", tmp_path / "a.zip"):
        found = issues(place, "RECOMMENDED", tmp_path / "cache")
        assert set(found) <= set(RECOMMENDED), (place, found)
    assert len(list((tmp_path / "crate/data/imagenet-sample/images").iterdir())) == 20
    body = json.loads((tmp_path / "crate/ro-crate-metadata.json").read_text())
    for entity in body["@graph"]:
        if "sha256" in entity:
            content = (tmp_path / "crate" / entity["@id"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entity["sha256"]
            assert str(len(content)) == entity["contentSize"]


def test_the_crate_tells_runs_steps_values_machine_and_licences(project):
    export(project, *AGENT)
    body = json.loads((project.root / "results/ro-crate-metadata.json").read_text())
    entities = {entity["@id"]: entity for entity in body["@graph"]}
    assert len(entities) == len(body["@graph"])
    records = list((project.root / "results/provenance").rglob("*.json"))
    runs = [one for name, one in entities.items() if name.startswith("#run/") and one["@type"] == "CreateAction"]
    assert len(runs) == len(records)
    assert all(run["agent"] == {"@id": AGENT[3]} and run["endTime"] >= run["startTime"] for run in runs)
    assert entities["../data/imagenet-sample/manifest.csv"]["license"].startswith("not stated for the photographs")
    assert entities["../models/imagenet-sample/efficientnet_lite0/seed0/weights.safetensors"]["license"] == "Apache-2.0"
    facts = {one["name"] for name, one in entities.items() if name.startswith("#fact/")}
    assert {"processor", "system", "python", "git commit", "gpus", "threads"} <= facts
    steps = {one["name"] for one in entities.values() if one["@type"] == "HowToStep"}
    assert steps == {json.loads(file.read_text())["stage"] for file in records}


@pytest.mark.parametrize("what", ["a licence", "all licences", "a size"])
def test_a_crate_that_tells_otherwise_of_licence_or_size(project, what):
    export(project)
    file = project.root / others.CRATE
    body = json.loads(file.read_text())
    for entity in body["@graph"]:
        if what == "a size" and str(entity.get("name")).endswith("agreement.csv"):
            entity["contentSize"] = "1"
        if what == "a licence" and str(entity.get("name")).endswith("model.json"):
            entity["license"] = "Public Domain"
        if what == "all licences" and entity["@id"] == "./":
            entity["license"] = {"@id": "https://spdx.org/licenses/CC0-1.0"}
    untouched = verdicts(project)
    assert untouched == (0, set())
    file.write_text(json.dumps(body))
    code, wrong = verdicts(project)
    assert code == 1
    assert {kind for _, kind in wrong} == {"crate" if what == "a size" else "licences"}


def verdicts(project):
    command = ["case-saliency", "audit", "--json"]
    done = subprocess.run(command, cwd=project.root, env=project.environment, capture_output=True, check=False)
    told = json.loads(done.stdout)["checks"]
    return done.returncode, {(check["subject"], check["what"]) for check in told if check["verdict"] != "OK"}


def test_prov_tells_what_was_made_from_what(finished, tmp_path):
    pytest.importorskip("prov", reason="needs the packages of the lock")
    from prov.model import ProvDerivation, ProvDocument

    export(finished, "--prov", str(tmp_path / "prov.json"))
    document = ProvDocument.deserialize(tmp_path / "prov.json")
    pairs = {
        tuple(str(value) for _, value in relation.formal_attributes[:2])
        for relation in document.get_records(ProvDerivation)
    }
    paths = {tuple(name.split("/", 2)[2] for name in pair) for pair in pairs}
    table, scores = "results/tables/imagenet-sample/agreement.csv", "results/scores/imagenet-sample/agreement/"
    assert (table, f"{scores}efficientnet_lite0/seed0.parquet") in paths
