"""Files that the workflow no longer makes go with their records, visibly; and what is refused."""

import json
import os
from pathlib import Path

import pytest
import yaml

from case_saliency.cli.main import main
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import journal, retiring
from case_saliency.provenance.audit import others
from case_saliency.provenance.audit.evidence import gather
from case_saliency.provenance.audit.judge import judge
from case_saliency.provenance.audit.measuring import measure
from case_saliency.provenance.audit.text import closing
from case_saliency.provenance.folders import FOLDER
from case_saliency.provenance.record import Record
from case_saliency.provenance.retiring import RETIRED, plan, retire

MAP, OTHER, SCORES, TABLE = (
    f"results/{name}" for name in ("maps/net/0-of-2.nc", "maps/net/1-of-2.nc", "scores/net.csv", "tables/all.csv")
)


def made(stage, outputs, inputs=(), error=None):
    """Run a stage that writes files, and return its record."""
    for path in outputs:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(f"{stage} wrote {path}")
    record = Record(
        stage=stage,
        command=["case-saliency", stage],
        parameters={},
        code={"copy.py": "00"},
        inputs={"source": [Path(path) for path in inputs]},
        outputs={"target": [Path(path) for path in outputs]},
    )
    good = record.finish(error).as_posix()
    return good if error is None else good.replace(".json", ".failed.json")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A repository with two maps, the scores of the second, and a table of two files."""
    monkeypatch.chdir(tmp_path)
    made("attribute", [MAP])
    made("attribute", [OTHER])
    made("score", [SCORES], [OTHER])
    made("test", [TABLE, "results/tables/attrition.csv"], [SCORES])
    return tmp_path


def files():
    """Every file, with its bytes."""
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def lines():
    return [json.loads(line) for line in (FOLDER / journal.NAME).read_text().splitlines()]


def audited():
    """What an audit says of records, files and the chain, where it is not OK; and its closing words."""
    audit = judge(gather(Path(), []))
    told = ("record", "known", "bytes", "chain", "inputs")
    wrong = {
        (check.subject, check.what): check for check in audit.checks if check.what in told and check.verdict != "OK"
    }
    return wrong, "\n".join(closing(audit, 0))


def verdicts():
    return {key: check.verdict.value for key, check in audited()[0].items()}


def record(stage, path):
    return f"{FOLDER}/{stage}/{path.removeprefix('results/')}.json"


def test_a_file_goes_with_its_record_and_the_audit_tells(capsys):
    assert verdicts() == {}
    digest = lines()[0]["sha256"]
    assert main(["retire", MAP]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 records, 1 files of their runs, 0 files without a record")
    assert "journal says so (lines 5)" in said
    assert not Path(MAP).exists()
    assert not Path(record("attribute", MAP)).exists()
    assert lines()[-1] | {"previous": ""} == {
        "record": "attribute/maps/net/0-of-2.nc.json",
        "sha256": digest,
        "status": RETIRED,
        "previous": "",
    }
    wrong, told = audited()  # the chain among it
    assert wrong == {}
    assert "1 records were retired with their files (results/provenance/journal.jsonl, lines 5)." in told
    made("attribute", [MAP])  # the workflow makes it again
    wrong, told = audited()
    assert (wrong, "retired" in told) == ({}, False)


def test_without_a_line_a_removed_record_is_still_missing():
    Path(MAP).unlink()
    Path(record("attribute", MAP)).unlink()
    assert verdicts() == {(record("attribute", MAP), "record"): "MISSING"}


def test_a_forged_line_shows_against_the_hash_of_the_records_that_git_holds():
    """As a forged run does; tests/workflow/test_versioning.py shows it against the crate as well."""
    kept = others.members(Path(), [str(FOLDER)])
    told = others.folder_md5(str(FOLDER), kept[str(FOLDER)], measure(Path(), kept[str(FOLDER)], md5=kept[str(FOLDER)]))
    Path(others.RECORDS).write_text(yaml.safe_dump({"outs": [{"md5": told, "path": FOLDER.name}]}))
    assert judged()[str(FOLDER)] == "OK"
    journal.append(FOLDER, Path(record("attribute", MAP)), RETIRED)
    Path(record("attribute", MAP)).unlink()
    Path(MAP).unlink()
    assert verdicts() == {}
    assert judged()[str(FOLDER)] == "MISMATCH"


def judged():
    """What an audit says of what DVC tells."""
    return {
        check.subject: check.verdict.value for check in judge(gather(Path(), [])).checks if check.what == "dvc.lock"
    }


def test_a_folder_goes_with_all_in_it_and_empty_folders_too():
    Path("results/maps/net/stray.nc").write_text("no run wrote it")
    Path("results/maps/net/empty").mkdir()
    Path("results/maps/net/.snakemake_timestamp").touch()
    what = plan(Path(), ["results/maps/", "results/scores", "results/tables"])
    assert what.unrecorded == ("results/maps/net/stray.nc",)
    assert retire(Path(), what) == (5, 6, 7, 8)
    assert {path.split("/")[1] for path in files()} == {"provenance"}
    assert sorted(path.name for path in Path("results").iterdir()) == ["provenance"]
    assert sorted(path.name for path in FOLDER.iterdir()) == ["environments", "journal.jsonl"]
    assert verdicts() == {}


def test_all_files_of_a_run_go_and_those_that_were_not_named_are_told(capsys):
    assert main(["retire", TABLE]) == 0
    assert "results/tables/attrition.csv (not named, but of the same run)" in capsys.readouterr().out
    assert not Path("results/tables").exists()
    assert verdicts() == {}


def test_what_a_later_run_made_again_stays():
    made("test_hypotheses", ["results/tables/attrition.csv"], [SCORES])
    what = plan(Path(), [TABLE])
    later = record("test_hypotheses", "results/tables/attrition.csv")
    assert (what.files, what.kept) == ((TABLE,), {"results/tables/attrition.csv": later})
    retire(Path(), what)
    assert Path("results/tables/attrition.csv").exists()
    assert verdicts() == {}


def test_the_failed_run_of_a_job_goes_with_the_good_one():
    failed = made("attribute", [MAP], error=ValueError("no"))
    retire(Path(), plan(Path(), [MAP]))
    assert not Path(failed).exists()
    assert [line["status"] for line in lines()[-2:]] == [RETIRED, RETIRED]
    assert verdicts() == {}


def test_images_go_with_the_manifest_that_lists_them():
    manifest, image = "data/photos/manifest.csv", "data/photos/images/a.png"
    made("fetch_dataset", [manifest])
    Path(image).parent.mkdir()
    Path(image).write_text("pixels")
    for asked in (manifest, image, "data/photos/images"):
        assert set(plan(Path(), [asked]).files) == {manifest, image}
    retire(Path(), plan(Path(), ["data"]))
    assert list(Path("data").iterdir()) == []
    assert verdicts() == {}


def test_files_that_a_kept_run_read_stay_and_the_remedy_works(capsys, caplog):
    before = files()
    assert main(["retire", "results/maps"]) == 1
    said = capsys.readouterr().err + caplog.text
    assert f"{OTHER}, by {record('score', SCORES)}" in said
    assert f"case-saliency retire results/maps {SCORES} {TABLE}" in said
    assert files() == before
    assert main(["retire", "results/maps", SCORES, TABLE]) == 0
    assert verdicts() == {}


def test_a_file_without_a_record_that_a_kept_run_read_stays():
    Path("data").mkdir()
    Path("data/mine.csv").write_text("mine")
    made("score", ["results/scores/mine.csv"], ["data/mine.csv"])
    with pytest.raises(CaseSaliencyError, match=r"data/mine\.csv, by results/provenance/score"):
        plan(Path(), ["data"])


def test_a_dry_run_changes_nothing(capsys):
    before = files()
    assert main(["retire", "--dry-run", MAP]) == 0
    said = capsys.readouterr().out
    assert f"    {MAP}\n" in said
    assert said.endswith("Nothing was changed: --dry-run.\n")
    assert files() == before


@pytest.mark.parametrize("died", ["before anything", "after the files", "between records"])
def test_what_was_cut_off_shows_and_is_completed(died, monkeypatch):
    unlink, left = Path.unlink, {"before anything": 0, "after the files": 3, "between records": 4}[died]

    def dying(path, **how):
        nonlocal left
        left -= path.name != ".snakemake_timestamp"
        if left < 0:
            raise KeyboardInterrupt
        unlink(path, **how)

    what = plan(Path(), [SCORES, TABLE])
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", dying)
        with pytest.raises(KeyboardInterrupt):
            retire(Path(), what)
    wrong, _ = audited()
    shown = [check.note for (_, what), check in wrong.items() if what == "record"]
    assert len(shown) == (1 if died == "between records" else 2)
    assert all("it was retired" in note for note in shown)
    n_lines = len(lines())
    for command in shown:  # as the audit tells
        asked = command.partition("case-saliency retire ")[2].partition("`")[0].split()
        retire(Path(), plan(Path(), asked))
    assert len(lines()) == n_lines
    assert verdicts() == {}
    assert not Path("results/scores").exists()


def test_a_retired_record_that_comes_back_is_a_mismatch_and_its_file_a_stranger():
    kept = Path(record("attribute", MAP)).read_bytes(), Path(MAP).read_bytes()
    retire(Path(), plan(Path(), [MAP]))
    Path(MAP).parent.mkdir(exist_ok=True)
    Path(MAP).write_bytes(kept[1])
    assert verdicts() == {(MAP, "known"): "UNVERIFIABLE"}
    Path(record("attribute", MAP)).write_bytes(kept[0])
    assert verdicts() == {(record("attribute", MAP), "record"): "MISMATCH"}
    retire(Path(), plan(Path(), [MAP]))
    assert verdicts() == {}


def test_files_that_are_gone_already_are_retired_by_their_names():
    Path(MAP).unlink()
    assert verdicts() == {(MAP, "bytes"): "MISSING"}
    retire(Path(), plan(Path(), [MAP]))
    assert verdicts() == {}


@pytest.mark.parametrize(
    "path",
    [
        "../elsewhere",
        "results/../src",
        "/etc/passwd",
        "src",
        "",
        ".",
        "results",
        "results/provenance/score",
        "results/a\0b",
    ],
)
def test_hostile_paths_are_refused(path):
    before = files()
    with pytest.raises(CaseSaliencyError):
        plan(Path(), [MAP, path])
    assert files() == before


def test_what_was_named_in_vain_is_told(capsys):
    assert main(["retire", "--dry-run", MAP, "results/mops", "results/maps/net"]) == 1  # the other map was read
    assert main(["retire", "--dry-run", MAP, "results/mops"]) == 0
    assert "  nothing to retire at results/mops\n" in capsys.readouterr().out


def test_a_path_from_the_root_of_the_machine_is_one_of_this_folder(folder):
    assert plan(Path(), [str(folder / MAP)]).files == (MAP,)


def test_nothing_there_and_no_folder_of_records_are_told(monkeypatch, tmp_path):
    with pytest.raises(CaseSaliencyError, match="nothing to retire"):
        plan(Path(), ["results/mops"])
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert main(["retire", MAP]) == 1


def test_links_are_not_followed(tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "precious").write_text("not ours")
    Path("results/link").symlink_to(outside)
    for asked in ("results/link", "results/link/precious", "results/link/"):
        with pytest.raises(CaseSaliencyError, match="results/link is a link"):
            plan(Path(), [asked])
    Path("results/link").unlink()
    Path("results/maps/net/link").symlink_to(outside)
    with pytest.raises(CaseSaliencyError, match="is a link"):
        plan(Path(), ["results/maps/net/link", MAP])
    os.mkfifo("results/pipe")
    with pytest.raises(CaseSaliencyError, match="no regular file"):
        plan(Path(), ["results/pipe"])
    assert (outside / "precious").exists()


@pytest.mark.parametrize(
    "named", ["params.yaml", "/etc/passwd", "results/../params.yaml", f"./{TABLE}", f"{FOLDER}/{journal.NAME}"]
)
def test_a_forged_record_gets_nothing_deleted(named):
    Path("params.yaml").write_text("run: []")
    body = json.loads(Path(record("attribute", MAP)).read_text())
    body["outputs"].append({"role": "target", "path": named, "sha256": "0", "bytes": 1})
    forged = Path(record("attribute", "results/forged"))
    forged.write_text(json.dumps(body))
    before = files()
    with pytest.raises(CaseSaliencyError, match="is no result"):
        plan(Path(), [MAP])
    body["outputs"][-1]["path"] = TABLE  # what another run made stays
    forged.write_text(json.dumps(body))
    assert plan(Path(), [MAP]).files == (MAP,)
    Path(record("attribute", MAP)).write_text(json.dumps(body))
    with pytest.raises(CaseSaliencyError, match="it was edited after it was written"):
        plan(Path(), [MAP])
    assert files().keys() == before.keys()


def test_a_running_workflow_is_waited_for():
    Path(".snakemake/locks").mkdir(parents=True)
    Path(".snakemake/locks/0.input.lock").touch()
    with pytest.raises(CaseSaliencyError, match="Snakemake holds this folder"):
        plan(Path(), [MAP])


def test_what_cannot_be_deleted_is_told_and_completed_later(monkeypatch):
    def refuse(_path, **_how):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(retiring.Path, "unlink", refuse)
        with pytest.raises(CaseSaliencyError, match=f"cannot delete {MAP}: Permission denied"):
            retire(Path(), plan(Path(), [MAP]))
    retire(Path(), plan(Path(), [MAP]))
    assert verdicts() == {}
