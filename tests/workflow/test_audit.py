"""The audit of a finished tree: silent while nothing was touched, and a test for each thing that is tampered with."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
import yaml

from case_saliency.provenance import journal
from case_saliency.provenance.audit import others
from case_saliency.provenance.audit.measuring import measure
from case_saliency.provenance.record import identity
from case_saliency.storage.tables import write_table

FIGURES = "results/figures/imagenet-sample"
HEATMAP, DROPS = f"{FIGURES}/agreement_heatmap", f"{FIGURES}/confidence_drops"
MAPS = "results/saliency/imagenet-sample/efficientnet_lite0/seed0/gradient/0-of-1.nc"
WEIGHTS = "models/imagenet-sample/efficientnet_lite0/seed0/weights.safetensors"
SELECTION = "results/predictions/imagenet-sample/selection.csv"
TABLE = "results/tables/imagenet-sample/agreement.csv"
RECORDS = "results/provenance"
PLOT = f"{RECORDS}/plot/figures/imagenet-sample/agreement_heatmap.pdf.json"
CHOICE = f"{RECORDS}/select_images/predictions/imagenet-sample/selection.csv.json"


def call(project, *arguments):
    command = ["case-saliency", "audit", *arguments]
    done = subprocess.run(
        command, cwd=project.root, env=project.environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


class Outcome:
    """What `audit --json` said: the exit code, and verdicts by subject and comparison."""

    def __init__(self, project, *arguments):
        done = call(project, "--json", *arguments)
        self.code = done.returncode
        self.told = json.loads(done.stdout)
        assert self.told.get("exit_code", self.code) == self.code
        self.checks = {(check["subject"], check["what"]): check for check in self.told["checks"]}

    def wrong(self):
        return {key: check["verdict"] for key, check in self.checks.items() if check["verdict"] != "OK"}


def edit_record(project, path, change, *, sign=False):
    """Edit a record; `sign`: give it the id that follows from its new content."""
    file = project.root / path
    body = json.loads(file.read_text())
    change(body)
    if sign:
        body["id"] = identity(body["stage"], body["code"], body["parameters"], body["inputs"])
    file.write_text(json.dumps(body, indent=1))


def rewrite_journal(project, change=lambda entries: entries, *, chain=True):
    """Write the journal again for the records as they are; `chain`: with hashes that follow from each other."""
    file = project.root / RECORDS / journal.NAME
    entries, previous = change([json.loads(line) for line in file.read_text().splitlines()]), journal.FIRST
    lines = []
    for entry in entries:
        record = project.root / RECORDS / entry["record"]
        if record.exists():
            entry["sha256"] = hashlib.sha256(record.read_bytes()).hexdigest()
        if chain:
            entry["previous"] = previous
        lines.append(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        previous = hashlib.sha256(lines[-1]).hexdigest()
    file.write_bytes(b"".join(lines))


def folder_md5(project, folder):
    files = others.members(project.root, [folder])[folder]
    return others.folder_md5(folder, files, measure(project.root, files, md5=set(files)))


def flip(file, place=-1):
    body = bytearray(file.read_bytes())
    body[place] ^= 1
    file.write_bytes(body)


def test_an_untouched_tree_is_verified(finished):
    found = Outcome(finished)
    assert found.wrong() == {}
    assert (found.code, found.told["verdict"]) == (0, "OK")
    files = {file["path"] for file in found.told["files"]}
    own = ("results/provenance/", "results/workflow-report.html", "data/imagenet-sample/images/")
    assert {name for name in finished.results() if not name.startswith(own)} <= files
    compared = {what for _, what in found.checks}
    assert compared == {
        *("bytes", "embedded id", "record", "inputs", "code", "commit", "rules", "params", "lock", "packages"),
        *("git", "chain", "images", "upstream", "weights"),
    }
    size = sum((finished.root / path).stat().st_size for path in files)
    assert found.told["checked"]["bytes"] == size


def test_the_tree_of_a_figure_leads_to_data_and_weights_and_tells_what_cannot_be_proven(finished):
    said = call(finished, f"{HEATMAP}.pdf").stdout
    for told in (TABLE, MAPS, WEIGHTS, "data/imagenet-sample/manifest.csv", "made by", "hardware", "seeds", "@ "):
        assert told in said
    assert "What no audit can prove" in said
    assert said.endswith("Verdict: OK\n")


def test_full_tells_the_command_of_each_file(finished):
    brief, full = (call(finished, *more, f"{HEATMAP}.pdf").stdout for more in ([], ["--full"]))
    assert brief.count("command    case-saliency") == 1
    runs = {line.split("record ")[1].split(",")[0] for line in full.splitlines() if "made by" in line}
    assert full.count("command    case-saliency") == len(runs) > 5


def test_what_is_wrong_behind_a_figure_is_told_in_full(project):
    (project.root / TABLE).write_bytes((project.root / TABLE).read_bytes() + b"\n")
    said = call(project, f"{HEATMAP}.pdf").stdout
    assert f"  MISMATCH {TABLE}  test_hypotheses, record" in said
    assert "it is not what the run wrote" in said
    assert said.count("expected") >= 1


def test_an_edited_figure(project):
    (project.root / f"{HEATMAP}.pdf").write_bytes(b"another figure")
    found = Outcome(project)
    assert found.code == 1
    assert found.wrong() == {
        (f"{HEATMAP}.pdf", "bytes"): "MISMATCH",
        (f"{HEATMAP}.pdf", "embedded id"): "MISMATCH",
    }
    assert Outcome(project, f"{DROPS}.pdf").code == 0  # another figure does not rest on it


def test_a_map_edited_with_size_and_mtime_kept_condemns_what_rests_on_it(project):
    file = project.root / MAPS
    before = file.stat()
    flip(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    found = Outcome(project, f"{HEATMAP}.png")
    assert found.wrong() == {(MAPS, "bytes"): "MISMATCH"}
    assert found.code == 1
    assert found.checks[MAPS, "bytes"]["expected"] != found.checks[MAPS, "bytes"]["actual"]


def test_swapped_figures(project):
    first, second = project.root / f"{HEATMAP}.svg", project.root / f"{DROPS}.svg"
    bodies = first.read_bytes(), second.read_bytes()
    second.write_bytes(bodies[0])
    first.write_bytes(bodies[1])
    found = Outcome(project)
    assert found.code == 1
    assert found.checks[f"{HEATMAP}.svg", "bytes"]["note"] == f"these are the bytes of {DROPS}.svg"
    assert found.checks[f"{HEATMAP}.svg", "embedded id"]["verdict"] == "MISMATCH"


def test_a_stray_file_is_unverifiable(project):
    (project.root / f"{FIGURES}/better.png").write_bytes((project.root / f"{HEATMAP}.png").read_bytes())
    found = Outcome(project)
    assert found.wrong() == {(f"{FIGURES}/better.png", "known"): "UNVERIFIABLE"}
    assert found.code == 2
    asked = Outcome(project, f"{FIGURES}/better.png")
    assert asked.code == 2
    assert asked.checks[f"{FIGURES}/better.png", "embedded id"]["note"] == f"it carries the id of {PLOT}"
    for folder in (FIGURES, f"{FIGURES}/", "results", "."):
        inside = Outcome(project, folder)
        assert (inside.code, inside.wrong()) == (2, found.wrong()), folder
    assert Outcome(project, "results/tables", f"{HEATMAP}.pdf").code == 0


def test_aids_of_git_and_dvc_are_strangers_unless_git_holds_them(project):
    aids = [f"{FIGURES}/.gitignore", "results/evil.dvc"]
    for path in aids:
        (project.root / path).write_text("outs: []\n")
    mark = f"{FIGURES}/.snakemake_timestamp"
    (project.root / mark).write_text("anything")
    expected = {(path, "known"): "UNVERIFIABLE" for path in (*aids, mark)}
    assert Outcome(project).wrong() == expected
    (project.root / mark).write_text("")
    project.git("add", "--force", *aids)
    project.git("commit", "--message", "aids")
    assert Outcome(project).wrong() == {}


def test_files_where_no_manifest_and_no_record_looks_are_unverifiable(project):
    strangers = {
        "data/other/images/a.png": "no manifest tells of its folder",
        f"{RECORDS}/environments/{'0' * 64}.txt": "an inventory that is not what its name says",
        "results/figures/folder.png": "a link",
    }
    for path in strangers:
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
    (project.root / "data/other/images/a.png").write_bytes(b"a")
    (project.root / f"{RECORDS}/environments/{'0' * 64}.txt").write_text("numpy==1\n")
    (project.root / "results/figures/folder.png").symlink_to("imagenet-sample")
    found = Outcome(project)
    assert found.wrong() == {(path, "known"): "UNVERIFIABLE" for path in strangers}
    assert found.code == 2


def test_a_deleted_file(project):
    (project.root / TABLE).unlink()
    found = Outcome(project)
    assert found.wrong() == {(TABLE, "bytes"): "MISSING"}
    assert found.code == 1


def test_an_edited_record(project):
    edit_record(project, PLOT, lambda body: body["parameters"]["settings"].update(threshold=60))
    found = Outcome(project)
    assert found.code == 1
    assert found.wrong() == {(PLOT, "record"): "MISMATCH"}
    assert "does not follow" in found.checks[PLOT, "record"]["note"]


def test_a_size_that_is_not_the_files(project):
    edit_record(project, CHOICE, lambda body: body["outputs"][0].update(bytes=1))
    rewrite_journal(project)
    found = Outcome(project, SELECTION)
    assert found.wrong() == {(SELECTION, "bytes"): "MISMATCH"}


def test_a_record_that_was_made_to_fit_an_edited_figure(project):
    file = project.root / f"{HEATMAP}.pdf"
    carried = re.search(rb"/Keywords \([^)]*\)", file.read_bytes())[0]
    file.write_bytes(b"%PDF-1.4 " + carried)

    def fit(body):
        [output] = [entry for entry in body["outputs"] if entry["path"] == f"{HEATMAP}.pdf"]
        output.update(sha256=hashlib.sha256(file.read_bytes()).hexdigest(), bytes=file.stat().st_size)

    edit_record(project, PLOT, fit, sign=True)
    found = Outcome(project)
    assert found.code == 1
    assert found.wrong() == {(PLOT, "record"): "MISMATCH"}
    assert "journal" in found.checks[PLOT, "record"]["note"]

    rewrite_journal(project, chain=False)  # now the journal's line fits as well, and breaks the chain
    found = Outcome(project)
    assert found.code == 1
    assert found.wrong() == {(f"{RECORDS}/journal.jsonl", "chain"): "MISMATCH"}


def test_a_forged_history_shows_against_a_crate_that_was_made_before(project):
    subprocess.run(["case-saliency", "crate"], cwd=project.root, env=project.environment, check=True)
    assert Outcome(project).code == 0
    edit_record(project, PLOT, lambda body: body["machine"].update(processor="another one"))
    rewrite_journal(project)
    found = Outcome(project)
    assert found.code == 1
    crate = project.root / others.CRATE
    assert set(found.wrong()) == {
        (PLOT, "crate"),
        (f"{RECORDS}/journal.jsonl", "crate"),
        (others.CRATE, "runs"),
    }
    assert Outcome(project, f"{HEATMAP}.pdf").wrong() == {(PLOT, "crate"): "MISMATCH"}
    assert Outcome(project, TABLE).code == 0  # which that run did not make
    subprocess.run(["case-saliency", "crate"], cwd=project.root, env=project.environment, check=True)
    crate.write_text(crate.read_text().replace("another one", "a third one"))
    found = Outcome(project)
    assert found.wrong() == {(others.CRATE, "runs"): "MISMATCH"}
    assert PLOT in found.checks[others.CRATE, "runs"]["note"]
    edit_record(project, PLOT, lambda body: body["inputs"][0].update(path=""))  # which nothing can be named by
    found = Outcome(project)
    assert found.code == 1
    assert found.checks[others.CRATE, "runs"]["verdict"] == "MISMATCH"


def test_a_forged_history_shows_against_the_hash_of_the_records_that_git_holds(project):
    told = {"md5": folder_md5(project, RECORDS), "path": "provenance"}
    (project.root / f"{RECORDS}.dvc").write_text(yaml.safe_dump({"outs": [told]}))
    assert Outcome(project).code == 0
    edit_record(project, PLOT, lambda body: body["machine"].update(processor="another one"))
    rewrite_journal(project)
    assert Outcome(project).wrong()[RECORDS, "dvc.lock"] == "MISMATCH"
    assert Outcome(project, f"{HEATMAP}.pdf").wrong() == {}  # parts of a workflow that ran since are no forgery


def test_a_forged_run_at_the_end_of_the_journal_is_a_run_to_it_and_shows_against_what_was_told_before(project):
    told = {"md5": folder_md5(project, RECORDS), "path": "provenance"}
    lock = project.root / f"{RECORDS}.dvc"
    lock.write_text(yaml.safe_dump({"outs": [told]}))
    project.git("add", "--force", f"{RECORDS}.dvc")
    project.git("commit", "--message", "record")
    file = project.root / f"{HEATMAP}.pdf"
    file.write_bytes(file.read_bytes() + b" ")

    def fit(body):
        [output] = [entry for entry in body["outputs"] if entry["path"] == f"{HEATMAP}.pdf"]
        output.update(sha256=hashlib.sha256(file.read_bytes()).hexdigest(), bytes=file.stat().st_size)

    edit_record(project, PLOT, fit)
    journal.append(project.root / RECORDS, project.root / PLOT, "completed")
    found = Outcome(project)
    assert found.wrong() == {(RECORDS, "dvc.lock"): "MISMATCH"}
    lock.write_text(yaml.safe_dump({"outs": [told | {"md5": folder_md5(project, RECORDS)}]}))
    found = Outcome(project)  # all forged together: what differs from the commit is told, as after a run of one's own
    assert found.code == 0
    assert f"not as this commit tells: {RECORDS}.dvc" in found.checks["working tree", "git"]["note"]
    lock.unlink()
    assert Outcome(project).wrong() == {(f"{RECORDS}.dvc", "git"): "MISSING"}


def test_a_removed_record(project):
    (project.root / PLOT).unlink()
    found = Outcome(project)
    assert found.code == 1
    assert found.wrong()[PLOT, "record"] == "MISSING"
    assert found.wrong()[f"{HEATMAP}.pdf", "known"] == "UNVERIFIABLE"


@pytest.mark.parametrize(
    "change", [lambda entries: [entries[1], entries[0], *entries[2:]], lambda entries: entries[1:]]
)
def test_a_journal_with_lines_moved_or_removed(project, change):
    rewrite_journal(project, change, chain=False)
    found = Outcome(project)
    assert found.code == 1
    assert found.wrong()[f"{RECORDS}/journal.jsonl", "chain"] == "MISMATCH"


def test_source_edited_after_the_run_condemns_the_runs_that_reach_it(project):
    file = project.root / "src/case_saliency/figures/agreement_heatmap.py"
    file.write_text(file.read_text() + "# edited\n")
    found = Outcome(project)
    assert found.code == 1
    assert {key[0] for key, verdict in found.wrong().items() if verdict == "MISMATCH"} == {
        PLOT,
        f"{RECORDS}/report/report.html.json",
    }
    assert "agreement_heatmap.py" in found.checks[PLOT, "code"]["note"]
    project.git("commit", "--all", "--message", "edit")
    assert Outcome(project).code == 1


def test_rules_edited_after_the_run(project):
    project.edit("workflow/rules/report.smk", "# The page that people read.", "# The page that people do not read.")
    found = Outcome(project)
    assert found.wrong() == {("Snakefile, workflow/", "rules"): "MISMATCH"}
    assert found.code == 1


def test_params_edited_after_the_run(project):
    project.set("diagnostic", "threshold", to=60)
    found = Outcome(project)
    assert found.wrong() == {("params.yaml", "params"): "MISMATCH"}
    assert found.code == 1


def test_an_edit_that_git_is_told_to_overlook(project):
    project.git("update-index", "--assume-unchanged", "params.yaml")
    project.git("update-index", "--skip-worktree", "requirements.lock")
    project.set("diagnostic", "threshold", to=60)
    file = project.root / "requirements.lock"
    file.write_text(file.read_text().replace("numpy==", "numpy==9", 1))
    assert project.git("status", "--porcelain", "--untracked-files=no") == ""
    found = Outcome(project)
    assert found.wrong() == {("params.yaml", "params"): "MISMATCH", ("requirements.lock", "lock"): "MISMATCH"}
    assert found.code == 1


def test_a_lock_that_was_changed_after_the_run(project):
    file = project.root / "requirements.lock"
    file.write_text(file.read_text().replace("numpy==", "numpy==9", 1))
    found = Outcome(project)
    assert found.wrong() == {("requirements.lock", "lock"): "MISMATCH"}
    assert found.code == 1


def test_packages_that_are_not_those_of_the_lock(project):
    [file] = (project.root / RECORDS / "environments").iterdir()
    text = re.sub(r"^numpy==.*$", "numpy==1.0.0", file.read_text(), flags=re.MULTILINE)
    digest = hashlib.sha256(text.encode()).hexdigest()
    file.with_name(f"{digest}.txt").write_text(text)
    edit_record(project, CHOICE, lambda body: body.update(environment=digest))
    rewrite_journal(project)
    found = Outcome(project)
    assert found.code == 1
    assert found.wrong() == {(CHOICE, "packages"): "MISMATCH"}
    assert "numpy 1.0.0 for" in found.checks[CHOICE, "packages"]["note"]
    file.write_text(text)  # an inventory that is not what its name says
    wrong = Outcome(project).wrong()
    assert wrong.pop((file.relative_to(project.root).as_posix(), "known")) == "UNVERIFIABLE"
    assert set(wrong.values()) == {"MISMATCH"}
    assert (PLOT, "packages") in wrong


def test_a_forged_commit(project):
    edit_record(project, PLOT, lambda body: body["git"].update(commit="0" * 40))
    assert Outcome(project).wrong()[PLOT, "record"] == "MISMATCH"
    rewrite_journal(project)
    found = Outcome(project)
    assert found.wrong() == {(PLOT, "commit"): "UNVERIFIABLE"}
    assert found.code == 2

    file = project.root / "src/case_saliency/figures/agreement_heatmap.py"
    before = file.read_text()
    file.write_text(before + "# edited\n")
    project.git("commit", "--all", "--message", "edit")
    other = project.git("rev-parse", "HEAD").strip()
    file.write_text(before)
    project.git("commit", "--all", "--message", "edit back")
    edit_record(project, PLOT, lambda body: body["git"].update(commit=other))
    rewrite_journal(project)
    found = Outcome(project)
    assert found.wrong() == {(PLOT, "commit"): "MISMATCH"}
    assert found.code == 1


def test_uncommitted_changes_are_recorded_with_their_hash(project):
    file = project.root / "src/case_saliency/figures/agreement_heatmap.py"
    before = file.read_text()
    file.write_text(before + "# edited\n")
    project.snakemake(f"{HEATMAP}.png")
    body = json.loads((project.root / PLOT).read_text())
    assert body["git"]["dirty"] is True
    found = Outcome(project, f"{HEATMAP}.png")
    assert found.code == 0
    assert "uncommitted changes that are here" in found.checks[PLOT, "commit"]["note"]

    file.write_text(before + "# edited otherwise\n")
    found = Outcome(project, f"{HEATMAP}.png")
    assert found.wrong()[PLOT, "code"] == "MISMATCH"
    assert found.wrong()[PLOT, "commit"] == "UNVERIFIABLE"


def test_the_metadata_of_a_png(project):
    file = project.root / f"{HEATMAP}.png"
    body = file.read_bytes()
    place = body.index(b"tEXtRecord\0")
    end = place + 4 + int.from_bytes(body[place - 4 : place])
    chunk = body[place : end - 1] + (b"0" if body[end - 1 : end] != b"0" else b"1")
    file.write_bytes(body[:place] + chunk + zlib.crc32(chunk).to_bytes(4) + body[end + 4 :])
    found = Outcome(project)
    assert found.wrong() == {
        (f"{HEATMAP}.png", "bytes"): "MISMATCH",
        (f"{HEATMAP}.png", "embedded id"): "MISMATCH",
    }
    assert found.code == 1


def test_a_replaced_checkpoint(project):
    flip(project.root / WEIGHTS)
    found = Outcome(project, f"{HEATMAP}.png")
    assert found.code == 1
    assert found.wrong() == {(WEIGHTS, "bytes"): "MISMATCH", (WEIGHTS, "weights"): "MISMATCH"}

    description = project.root / Path(WEIGHTS).with_name("model.json")
    record = f"{RECORDS}/obtain_model/{WEIGHTS}.json"
    digest = hashlib.sha256((project.root / WEIGHTS).read_bytes()).hexdigest()
    told = json.loads(description.read_text())
    told["weights"].update(sha256=digest, source_sha256="0" * 64)
    description.write_text(json.dumps(told))

    def fit(body):
        for entry in body["outputs"]:
            content = (project.root / entry["path"]).read_bytes()
            entry.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))

    edit_record(project, record, fit)
    rewrite_journal(project)
    wrong = Outcome(project, WEIGHTS).wrong()
    assert wrong == {(WEIGHTS, "upstream"): "MISMATCH"}  # made from another file than the pinned one
    assert Outcome(project, f"{HEATMAP}.png").wrong()[f"{RECORDS}/predict/predictions/imagenet-sample/"
        "efficientnet_lite0/seed0.parquet.json", "inputs"] == "MISMATCH"  # fmt: skip


def test_a_replaced_image(project):
    image = next((project.root / "data/imagenet-sample/images").glob("*.jpg"))
    flip(image)
    found = Outcome(project, SELECTION)
    name = image.relative_to(project.root).as_posix()
    assert found.wrong() == {(name, "images"): "MISMATCH"}
    assert found.code == 1
    drawn = call(project, MAPS, "--dot").stdout
    assert f'label="images: {image.name}\\n{Path(name).parent}\\nMISMATCH"' in drawn
    (image.parent / "another.jpg").write_bytes(b"")  # a stranger does not hide it
    found = Outcome(project, SELECTION)
    other = f"{Path(name).parent}/another.jpg"
    assert found.wrong() == {(name, "images"): "MISMATCH", (other, "images"): "UNVERIFIABLE"}
    assert found.code == 1
    (image.parent / "another.jpg").unlink()
    image.unlink()
    assert Outcome(project, SELECTION).wrong() == {(name, "images"): "MISSING"}


def test_dvc_commit_over_an_edited_output_does_not_launder_it(project):
    def dvc(*arguments):
        environment = {
            **project.environment,
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(project.root / ".site"),
        }
        command = ["dvc", *arguments, "--quiet"]
        subprocess.run(command, cwd=project.root, env=environment, check=True, capture_output=True)

    dvc("init")
    (project.root / ".dvcignore").write_text(".snakemake_timestamp\n")
    outs = [TABLE, *sorted(_outputs(project) - {TABLE})]
    (project.root / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": {"all": {"cmd": "snakemake", "outs": outs}}}, sort_keys=False)
    )
    dvc("commit", "--force", "--no-relink")
    project.git("add", "--force", "--", *map(str, project.root.glob("results/**/.gitignore")))
    project.git("commit", "--message", "what DVC keeps from git")
    found = Outcome(project)
    assert found.wrong() == {}
    assert {(TABLE, "dvc.lock"), ("results/saliency", "dvc.lock")} <= set(found.checks)

    flip(project.root / TABLE)
    flip(project.root / MAPS)
    wrong = Outcome(project).wrong()
    assert {(TABLE, "dvc.lock"), ("results/saliency", "dvc.lock"), (TABLE, "bytes"), (MAPS, "bytes")} <= set(wrong)
    dvc("commit", "--force", "--no-relink")
    found = Outcome(project)
    assert found.code == 1
    assert found.wrong() == {(TABLE, "bytes"): "MISMATCH", (MAPS, "bytes"): "MISMATCH"}
    assert "made to fit" in found.checks[TABLE, "dvc.lock"]["note"]
    assert folder_md5(project, "results/saliency") == found.checks["results/saliency", "dvc.lock"]["actual"]

    flip(project.root / TABLE)
    flip(project.root / MAPS)
    file = project.root / "dvc.lock"
    file.write_text(file.read_text().replace(TABLE, f"{TABLE}.old"))
    wrong = Outcome(project).wrong()
    assert wrong[f"{TABLE}.old", "dvc.lock"] == "MISSING"
    assert wrong["dvc.lock", "complete"] == "MISMATCH"
    file.write_text("")
    assert Outcome(project).wrong() == dict.fromkeys([("dvc.lock", "readable"), ("dvc.lock", "complete")], "MISMATCH")


def _outputs(project):
    """Folders and files that make up all results but views: those of tables one by one."""
    tables = {path.relative_to(project.root).as_posix() for path in (project.root / TABLE).parent.iterdir()}
    folders = {"data", "models", *(f"results/{path.name}" for path in (project.root / "results").iterdir())}
    kept = {name for name in folders if (project.root / name).is_dir()}
    return {*tables, *kept} - {"results/tables", "results/provenance"}


HOSTILE = {
    "deep": "[" * 100_000,
    "nested": '{"parameters": ' + "[" * 900 + "]" * 900 + "}",
    "endless": '{"parameters": {"a": 1e999}}',
    "number": '{"inputs": NaN}',
    "types": '{"id": 3, "inputs": "all", "outputs": {"a": []}}',
    "list": "[1, 2]",
    "bytes": "\udcff\udcfe",
    "halves": '{"stage": "\\udcff"}',
    "huge": None,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_record_that_is_none_is_an_outcome(project, kind):
    file = project.root / RECORDS / "plot/hostile.json"
    if HOSTILE[kind] is None:
        with file.open("wb") as sparse:
            sparse.truncate(2**40)
    else:
        file.write_text(HOSTILE[kind], errors="surrogateescape")
    found = Outcome(project)
    assert found.code == 1
    assert found.wrong() == {(f"{RECORDS}/plot/hostile.json", "record"): "MISMATCH"}


def test_nothing_outside_the_repository_is_read(project, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    (project.root / "results/link.png").symlink_to(secret)
    os.mkfifo(project.root / "results/pipe.png")
    paths = ["/etc/passwd", "../secret.png", str(secret), "results/link.png", "results/pipe.png", "results"]
    digest = hashlib.sha256(b"secret").hexdigest()

    def reach(body):
        body["outputs"] = [{"role": "pdf", "path": path, "sha256": digest, "bytes": 6} for path in paths]
        body["inputs"] = [{"role": "table", "path": path, "sha256": digest, "bytes": 6} for path in paths]
        body["code"] = {"../secret.png": digest, "/etc/passwd": digest}
        body["git"]["commit"] = "--output=/tmp/x"

    edit_record(project, PLOT, reach, sign=True)
    rewrite_journal(project)
    found = Outcome(project)
    assert found.code != 0
    seen = {file["path"]: file for file in found.told["files"]}
    assert all(seen[path]["verdict"] != "OK" and seen[path]["actual"] is None for path in paths)
    done = call(project, "--reexecute", "50", "--seed", "0", SELECTION, "results/link.png")
    assert "results/link.png" in done.stdout


def test_records_behind_a_link_are_not_read(project, tmp_path):
    shutil.move(project.root / RECORDS, tmp_path / "records")
    (project.root / RECORDS).symlink_to(tmp_path / "records")
    done = call(project, f"{HEATMAP}.pdf")
    assert done.returncode == 3
    assert "outside the repository" in done.stderr
    assert call(project, f"{HEATMAP}.pdf", "--outside", str(tmp_path)).returncode == 0


def test_images_behind_a_link_are_not_read(project, tmp_path):
    image = next((project.root / "data/imagenet-sample/images").glob("*.jpg"))
    shutil.move(image, tmp_path / image.name)
    image.symlink_to(tmp_path / image.name)
    found = Outcome(project, SELECTION)
    assert set(found.wrong().values()) == {"UNVERIFIABLE"}
    assert found.code == 2
    assert Outcome(project, SELECTION, "--outside", str(tmp_path)).code == 0


def test_code_of_the_users_own_outside_git_is_unverifiable(project):
    (project.root / "mine.py").write_text("")
    digest = hashlib.sha256(b"").hexdigest()
    edit_record(project, PLOT, lambda body: body["code"].update({"mine.py": digest}), sign=True)
    rewrite_journal(project)
    wrong = Outcome(project).wrong()
    assert wrong == {(PLOT, "commit"): "UNVERIFIABLE"} | {
        (f"{HEATMAP}.{kind}", "embedded id"): "MISMATCH" for kind in ("pdf", "png", "svg")
    }


def test_a_path_with_control_characters_cannot_write_to_the_terminal(project):
    edit_record(project, PLOT, lambda body: body["outputs"][0].update(path="results/a\x1b[2J.pdf"))
    rewrite_journal(project)
    (project.root / os.fsdecode(b"results/\xff.png")).write_bytes(b"")  # no text at all
    assert "\x1b" not in call(project).stdout
    assert "\\udcff" in call(project, "--json").stdout
    assert "\x1b" not in call(project, "--dot").stdout


def test_wrong_usage_has_an_exit_code_of_its_own(finished, tmp_path):
    assert call(finished, "--no-such-option").returncode == 3
    for number in ("0", "-1", "all"):
        assert call(finished, "--reexecute", number).returncode == 3
    assert call(finished, "results/no-such-file.pdf").returncode == 3
    assert call(finished, str(tmp_path)).returncode == 3
    assert call(finished, "--table", TABLE).returncode == 3
    assert call(finished, "--table", TABLE, "--row", "method=case", "--column", "nothing").returncode == 3
    assert call(finished, "--table", TABLE, "--row", "seed=0", "--column", "n").returncode == 3  # several rows


def test_a_cell_leads_to_scores_maps_and_images(finished):
    cell = ("--table", TABLE, "--row", "method=case", "--column", "median_agreement")
    found = Outcome(finished, *cell)
    assert found.code == 0
    [scores] = found.told["scores"]
    assert {row["method"] for row in scores["rows"]} == {"case"}
    values = sorted(row["agreement"] for row in scores["rows"])
    assert len(values) == 3
    assert values[1] == found.told["value"]
    [maps] = found.told["maps"]
    assert (maps["path"], maps["layer"], maps["method"], maps["images"]) == (MAPS, "last_conv", "case", 3)
    assert {image["image_id"] for image in found.told["images"]} == {row["image_id"] for row in scores["rows"]}
    assert found.told["computed_again"] == {"how": "median of agreement over 3 rows", "value": values[1]}
    p_value = Outcome(finished, *cell[:-1], "p_sign")
    assert (p_value.code, p_value.told["computed_again"]) == (0, None)
    script = call(finished, *cell, "--commands").stdout
    subprocess.run(["sh", "-n"], input=script, text=True, check=True, capture_output=True)
    assert script.splitlines()[-1].startswith("case-saliency ")
    graph = call(finished, *cell, "--dot").stdout
    assert (graph.splitlines()[0], graph.splitlines()[-1]) == ("digraph provenance {", "}")
    fidelity = (
        "--table",
        TABLE.replace("agreement", "fidelity"),
        "--row",
        "method=case",
        "--row",
        "measure=drop_absolute",
    )
    assert Outcome(finished, *fidelity, "--column", "mean").code == 0


def test_a_cell_that_does_not_follow_from_its_scores_whatever_the_records_say(project):
    file = project.root / TABLE
    head, *rows = file.read_text().splitlines()
    place = head.split(",").index("median_agreement")
    row = next(number for number, text in enumerate(rows) if ",case," in text)
    cells = rows[row].split(",")
    rows[row] = ",".join([*cells[:place], "12.5", *cells[place + 1 :]])
    file.write_text("\n".join([head, *rows]) + "\n")

    def fit(body):
        for entry in (*body["inputs"], *body["outputs"]):
            if entry["path"] == TABLE:
                entry.update(sha256=hashlib.sha256(file.read_bytes()).hexdigest(), bytes=file.stat().st_size)

    record = next((project.root / RECORDS / "test_hypotheses").rglob("*.json"))
    edit_record(project, record.relative_to(project.root), fit)
    rewrite_journal(project)
    found = Outcome(project, "--table", TABLE, "--row", "method=case", "--column", "median_agreement")
    assert found.code == 1
    assert found.wrong() == {(f"{TABLE}#median_agreement", "computed again"): "MISMATCH"}


@pytest.mark.parametrize("what", ["a byte of the scores", "no scores", "other scores", "no table", "another table"])
def test_a_cell_of_what_was_tampered_with_is_an_outcome(project, what):
    scores = next((project.root / "results/scores").rglob("agreement/**/*.parquet"))
    {
        "a byte of the scores": lambda: flip(scores, 4),
        "no scores": lambda: scores.write_bytes(b"nothing"),
        "other scores": lambda: write_table(pd.DataFrame({"method": ["case"]}), scores),
        "no table": (project.root / TABLE).unlink,
        "another table": lambda: (project.root / TABLE).write_text("schema_version,a\n1,b\n"),
    }[what]()
    cell = ("--table", TABLE, "--row", "method=case", "--column", "median_agreement")
    done = call(project, *cell)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        1,
        f"Verdict: {'MISSING' if what == 'no table' else 'MISMATCH'}",
    )
    found = Outcome(project, *cell)
    path = TABLE if "table" in what else scores.relative_to(project.root).as_posix()
    assert found.wrong()[path, "bytes"] == ("MISSING" if what == "no table" else "MISMATCH")
    assert (found.code, found.told["exit_code"]) == (1, 1)


def test_a_second_record_of_a_file_does_not_explain_it_away(project):
    file = project.root / SELECTION
    file.write_text(file.read_text() + "\n")
    body = json.loads((project.root / CHOICE).read_text())
    body["ended"] = "2099-01-01T00:00:00+00:00"
    body["outputs"][0].update(sha256=hashlib.sha256(file.read_bytes()).hexdigest(), bytes=file.stat().st_size)
    stranger = project.root / RECORDS / "plot/stranger.json"
    stranger.write_text(json.dumps(body))
    wrong = Outcome(project).wrong()
    assert wrong == {
        (SELECTION, "bytes"): "MISMATCH",
        (f"{RECORDS}/plot/stranger.json", "record"): "UNVERIFIABLE",
    }


def test_a_forged_command_does_not_get_into_the_script_that_rebuilds(project):
    def forge(body):
        body["machine"]["system"] = "x\nrm -rf ~"
        body.update(command=["rm", "-rf", "~"])

    edit_record(project, CHOICE, forge)
    script = call(project, "--commands", SELECTION).stdout.splitlines()
    assert script[-1] == f"echo '{CHOICE}: not a command of case-saliency' >&2; exit 1"
    assert not any(line.startswith("rm") for line in script)


def test_the_commands_rebuild_a_file_from_nothing(finished, tmp_path):
    script = call(finished, SELECTION, "--commands").stdout
    assert script.count("case-saliency") == 2
    clone = tmp_path / "clone"
    finished.git("clone", "--quiet", str(finished.root), str(clone))
    subprocess.run(["sh"], input=script, text=True, cwd=clone, env={**finished.environment}, check=True)
    assert (clone / SELECTION).read_bytes() == (finished.root / SELECTION).read_bytes()


def test_running_again_tells_what_no_comparison_of_records_can(project):
    done = call(project, SELECTION, "--reexecute", "5")
    assert done.returncode == 0
    assert done.stderr.count("files with the same bytes") == 2
    assert f"Run again: OK {CHOICE}, 1 files with the same bytes" in done.stdout.splitlines()

    file = project.root / SELECTION
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))  # an image less, and all records fit

    def fit(body):
        for entry in (*body["inputs"], *body["outputs"]):
            if entry["path"] == SELECTION:
                entry.update(sha256=hashlib.sha256(file.read_bytes()).hexdigest(), bytes=file.stat().st_size)

    edit_record(project, CHOICE, fit, sign=True)
    rewrite_journal(project)
    assert call(project, SELECTION).returncode == 0
    assert call(project, SELECTION, "--reexecute", "5").returncode == 1


def test_running_again_writes_nowhere_but_into_its_scratch_folder(project, tmp_path):
    target = tmp_path / "written"

    def aim(body):
        place = body["command"].index("select-images")
        body["command"][place:place] = ["--lo", str(target)]  # a log, as argparse understands it

    edit_record(project, CHOICE, aim)
    rewrite_journal(project)
    done = call(project, SELECTION, "--reexecute", "5", "--json")
    checks = {check["subject"]: check for check in json.loads(done.stdout)["checks"] if check["what"] == "run again"}
    assert checks[CHOICE]["verdict"] == "UNVERIFIABLE"
    assert not target.exists()


def test_a_reader_that_closes_the_pipe_is_no_error(finished):
    command = ["bash", "-c", 'set -o pipefail; case-saliency audit | head -1; echo "${PIPESTATUS[0]}"']
    done = subprocess.run(
        command, cwd=finished.root, env=finished.environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    first, code = done.stdout.splitlines()
    assert first.startswith("files made by")
    assert code in {"0", "141"}


def test_the_pictures_are_whole(finished, tmp_path):
    dot = call(finished, f"{HEATMAP}.pdf", "--dot").stdout
    assert f'"{TABLE}"' in dot
    assert dot.startswith("digraph")
    done = call(finished, f"{HEATMAP}.pdf", "--svg", str(tmp_path / "a.svg"))
    assert done.returncode == 0
    drawn = ElementTree.parse(tmp_path / "a.svg")  # noqa: S314 (our own)
    titles = {node.text for node in drawn.iter("{http://www.w3.org/2000/svg}title")}
    assert {f"{HEATMAP}.pdf", TABLE, PLOT, WEIGHTS} <= titles


def test_a_failed_run_is_on_record_and_in_the_journal(project):
    arguments = ["select-images", "--manifest", "data/imagenet-sample/manifest.csv", "--settings", '{"seed": 0}']
    command = ["case-saliency", *arguments, "--selection", SELECTION]
    done = subprocess.run(command, cwd=project.root, env=project.environment, capture_output=True, check=False)
    assert done.returncode == 1
    found = Outcome(project)
    failed = CHOICE.replace(".json", ".failed.json")
    assert found.told["failed_runs"] == [failed]
    assert found.code == 0  # the last good run stands
    (project.root / failed).unlink()
    assert Outcome(project).wrong() == {(failed, "record"): "MISSING"}


def test_an_edit_that_no_run_used_is_told_with_the_whole(project):
    assert f"Working tree: as in {project.git('rev-parse', 'HEAD').strip()[:12]}." in call(project).stdout
    with (project.root / "README.md").open("a") as file:
        file.write("x")
    for asked in ([], ["results/tables"]):
        done = call(project, *asked)
        assert done.returncode == 0
        assert (
            f"Working tree: 1 file changed since {project.git('rev-parse', 'HEAD').strip()[:12]}: README.md."
            in done.stdout
        )


def test_a_tree_without_git_is_unverifiable(project):
    shutil.rmtree(project.root / ".git")
    found = Outcome(project)
    assert found.code == 2
    assert found.wrong()["working tree", "git"] == "UNVERIFIABLE"
    assert set(found.wrong().values()) == {"UNVERIFIABLE"}
