"""Inputs of a run, against the records of the runs that made them."""

from pathlib import Path

import pandas as pd
import pytest

from case_saliency import storage
from case_saliency.cli.main import main
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import hashing, inputs
from case_saliency.provenance.record import Record
from case_saliency.storage.tables import write_table
from case_saliency.validation import records


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A file that a recorded run made."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "results/tables/tiny/a.csv"
    record = Record("plot", ["x"], {}, {}, {}, {"table": [file]})
    storage.write_text("as written", file)
    record.finish()
    return file


def entry(file):
    return {"path": "results/tables/tiny/a.csv", "sha256": hashing.sha256(file)}


def test_a_file_as_its_run_wrote_it_passes_and_so_does_the_users(made):
    inputs.check([entry(made), {"path": "mine.csv", "sha256": "0"}, {"path": "/elsewhere.csv", "sha256": "0"}])


def test_a_file_that_changed_is_refused(made):
    made.write_text("as writtem")
    with pytest.raises(CaseSaliencyError, match=r"^results/tables/tiny/a\.csv: sha256 \w{64} found, .* wrote \w{64}"):
        inputs.check([entry(made)])


def test_what_a_damaged_record_may_tell_of_is_refused_and_what_others_tell_of_is_not(made):
    [record] = made.parents[3].rglob("a.csv.json")
    other = made.with_name("b.csv")
    storage.write_text("other", other)
    Record("plot", ["x"], {}, {}, {}, {"table": [other]}).finish()
    record.write_text("{")
    inputs.check([{"path": "results/tables/tiny/b.csv", "sha256": hashing.sha256(other)}])
    with pytest.raises(
        CaseSaliencyError, match=r"^results/tables/tiny/a\.csv: .* damaged: .*a\.csv\.json: it is not JSON"
    ):
        inputs.check([entry(made)])
    for name in (".a.csv.json.7@host.x.tmp.json", "b.csv.failed.json"):  # one is being written, one tells of no file
        record.with_name(name).write_text("{")
    [(file, damage)] = records.damaged()
    assert file == "results/tables/tiny/a.csv"
    assert damage.startswith(f"{record.relative_to(Path.cwd())}: it is not JSON")


def test_a_damaged_record_of_another_folder_or_of_a_failed_run_is_no_hindrance(made):
    [record] = made.parents[3].rglob("a.csv.json")
    untold = {"path": "results/tables/tiny/mine.csv", "sha256": "0"}
    record.with_name("a.csv.failed.json").write_text("{")
    (Path("results/provenance/report/report.html.json")).parent.mkdir()
    (Path("results/provenance/report/report.html.json")).write_text("{")
    assert inputs.check([entry(made), untold, {"path": "mine.csv", "sha256": "0"}]) == [
        untold,
        {"path": "mine.csv", "sha256": "0"},
    ]


def test_a_stage_computes_nothing_from_it(made, tmp_path):
    rows = pd.DataFrame({"image_id": ["a"], "split": ["test"]})
    record = Record("fetch_dataset", ["x"], {}, {}, {}, {"manifest": [tmp_path / "data/tiny/manifest.csv"]})
    write_table(rows, tmp_path / "data/tiny/manifest.csv")
    record.finish()
    command = ["select-images", "--manifest", "data/tiny/manifest.csv", "--settings", '{"n_images": 1, "seed": 0}']
    command += ["--selection", "results/selection.csv"]
    assert main(command) == 0
    (tmp_path / "results/selection.csv").unlink()
    write_table(rows.assign(image_id=["b"]), tmp_path / "data/tiny/manifest.csv")
    assert main(command) == 1
    assert not (tmp_path / "results/selection.csv").exists()
