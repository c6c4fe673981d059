import hashlib
import json

import pytest

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.record import Record


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Make a record of a stage that copies a.txt to results/b.txt."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("input")
    output = tmp_path / "results/x/b.txt"

    def make(**changes):
        values = {
            "stage": "copy",
            "command": ["case-saliency", "copy"],
            "parameters": {"k": 5},
            "code": {"copy.py": "00"},
            "inputs": {"source": [tmp_path / "a.txt"]},
            "outputs": {"target": [output]},
        }
        return Record(**{**values, **changes})

    output.parent.mkdir(parents=True)
    output.write_text("output")
    return make


def test_a_record_names_hashes_of_what_went_in_and_what_came_out(run, tmp_path):
    path = run().finish()
    assert path.as_posix() == "results/provenance/copy/x/b.txt.json"
    body = json.loads(path.read_text())
    assert body["status"] == "completed"
    expected = {"role": "source", "path": "a.txt", "sha256": hashlib.sha256(b"input").hexdigest(), "bytes": 5}
    assert body["inputs"] == [expected]
    assert body["outputs"][0]["sha256"] == hashlib.sha256(b"output").hexdigest()
    assert body["parameters"] == {"k": 5}
    assert body["git"] == {"commit": None, "dirty": None, "diff_sha256": None}
    assert body["started"] <= body["ended"]


def test_the_id_changes_with_parameters_code_and_inputs_and_with_nothing_else(run, tmp_path):
    base = run()
    assert run(command=["other"]).id == base.id
    assert run(parameters={"k": 6}).id != base.id
    assert run(code={"copy.py": "01"}).id != base.id
    (tmp_path / "a.txt").write_text("changed")
    assert run().id != base.id


def test_a_record_can_be_told_where_to_lie(run, tmp_path):
    assert run(location=tmp_path / "out/record.json").finish() == tmp_path / "out/record.json"
    run(location=tmp_path / "out/record.json").finish(ValueError("no"))
    assert (tmp_path / "out/record.failed.json").exists()


def test_a_failed_run_is_recorded_beside_the_good_one_and_forgotten_after_success(run):
    good = run().finish()
    failed = run()
    failed.finish(ValueError("broken"))
    other = good.with_suffix(".failed.json")
    assert json.loads(other.read_text())["error"] == "ValueError: broken"
    assert json.loads(good.read_text())["status"] == "completed"
    run().finish()
    assert not other.exists()


def test_a_missing_input_or_output_is_an_error(run, tmp_path):
    with pytest.raises(CaseSaliencyError, match=r"source: cannot read .*gone.txt"):
        run(inputs={"source": [tmp_path / "gone.txt"]})
    (tmp_path / "results/x/b.txt").unlink()
    with pytest.raises(CaseSaliencyError, match=r"target: cannot read .*b.txt"):
        run().finish()


def test_an_output_elsewhere_keeps_its_record_beside_it(run, tmp_path_factory):
    output = tmp_path_factory.mktemp("elsewhere") / "b.txt"
    output.write_text("")
    assert run(outputs={"target": [output]}).finish() == output.with_name("b.txt.record.json")
