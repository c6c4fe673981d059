"""Parts of the audit on small cases; the whole of it is tested on a finished tree in tests/workflow/test_audit.py."""

import hashlib
import json
import os
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from case_saliency.provenance.audit import arithmetic, judge_files, layout, locks, others, packages, picture, text
from case_saliency.provenance.audit.embedded import embedded
from case_saliency.provenance.audit.evidence import Evidence
from case_saliency.provenance.audit.graph import graph
from case_saliency.provenance.audit.judge import Audit
from case_saliency.provenance.audit.measuring import Found, measure
from case_saliency.provenance.audit.reading import Entry, Run
from case_saliency.provenance.audit.verdicts import Check, Verdict


def run(name, inputs, outputs, ended="2026-01-01T00:00:00", status="completed"):
    def entries(paths):
        return tuple(Entry("file", path, "00", 1) for path in paths)

    return Run(
        record=f"results/provenance/{name}.json", record_sha256="", id=name, stage="copy", status=status,
        command=("case-saliency", "copy", "a b"), parameters={}, inputs=entries(inputs), outputs=entries(outputs),
        code={}, started=ended, ended=ended, commit="c" * 40, dirty=False, diff_sha256=None, workflow=None,
        params_sha256=None, lock_sha256="l", environment="e", seeds={}, machine={}, versions={},
    )  # fmt: skip


def test_everything_behind_a_file_comes_before_it():
    made = graph([run("2", ["b"], ["c"]), run("1", ["a"], ["b"]), run("3", ["x"], ["y"])])
    assert made.behind(["c"]) == ["a", "b", "c"]
    assert [one.id for one in made.runs_behind(["c"])] == ["1", "2"]


def test_a_circle_of_records_ends():
    made = graph([run("1", ["b"], ["a"]), run("2", ["a"], ["b"]), run("3", ["c"], ["c"])])
    assert set(made.behind(["a"])) == {"a", "b"}
    assert made.behind(["c"]) == ["c"]


def test_a_long_chain_needs_no_recursion():
    made = graph([run(str(n), [f"f{n}"], [f"f{n + 1}"]) for n in range(5000)])
    assert len(made.behind(["f5000"])) == 5001


def test_the_last_completed_run_made_a_file():
    made = graph(
        [
            run("new", [], ["a"], "2026-01-02T00:00:00"),
            run("old", [], ["a"], "2026-01-01T00:00:00"),
            run("failed", [], ["a"], "2026-01-03T00:00:00", "failed"),
        ]
    )
    assert made.made_by["a"].id == "new"


def test_the_journal_tells_which_record_of_a_file_counts():
    runs = [run("recorded", [], ["a"], "2026-01-01T00:00:00"), run("stranger", [], ["a"], "2099-01-01T00:00:00")]
    assert graph(runs, {"results/provenance/recorded.json": 1}).made_by["a"].id == "recorded"


def test_cells_are_computed_again_by_hand():
    rows = pd.DataFrame(
        {
            "image_id": ["a", "a", "b", "c"],
            "qualified": [True, True, True, False],
            "agreement": [1.0, 2.0, 6.0, 100.0],
            "drop_logit": [0.5, np.nan, 1.5, 9.0],
        }
    )
    assert arithmetic.again("agreement", {}, "median_agreement", rows) == ("median of agreement over 3 rows", 2.0)
    assert arithmetic.again("pairwise", {}, "mean_agreement", rows) == ("mean of agreement over 2 images", 3.75)
    assert arithmetic.again("fidelity", {"measure": "drop_logit"}, "n", rows) == (
        "count of drop_logit over 2 rows",
        2.0,
    )
    assert arithmetic.again("fidelity", {"measure": "image_id"}, "n", rows) is None
    assert arithmetic.again("agreement", {}, "p_holm", rows) is None
    found = [arithmetic.equal(told, 2.0) for told in (2.0000000001, "2", 2.00001, "x", None)]
    assert found == [True, True, False, False, False]


def test_commands_are_quoted_and_told_with_their_commit():
    made = graph([run("1", ["a"], ["b"])])
    audit = Audit(type("Evidence", (), {"graph": made})(), ())
    lines = list(text.commands(audit, ["b"]))
    assert lines[0] == "set -eu"
    assert lines[1] == f"git checkout --quiet --detach {'c' * 40}"
    assert lines[-1] == "case-saliency copy 'a b'"


def test_names_are_escaped_in_pictures():
    nodes = [picture.Node('a"<b>\n', 'a"<b>\n', "d", Verdict.OK, (), is_run=False)]
    assert '"a\\"<b>?"' in "\n".join(picture.dot(nodes))
    assert "<b>" not in picture.svg(nodes)
    nodes = [picture.Node('a\\"; b', 'a\\"; b', "d", Verdict.OK, (), is_run=False)]
    line = list(picture.dot(nodes))[2]
    assert line.startswith('  "a\\\\\\"; b" [')  # a backslash and a quotation mark, each after a backslash
    assert 'label="a\\\\\\"; b\\nd\\nOK"' in line


def test_a_large_picture_shows_stages_and_all_that_is_wrong():
    nodes = [picture.Node("data", "data", "d", Verdict.OK, (), is_run=False)]
    for number in range(50):
        verdict = Verdict.MISMATCH if number == 7 else Verdict.OK
        nodes.append(picture.Node(f"r{number}", "copy", "record", Verdict.OK, ("data",), is_run=True))
        nodes.append(picture.Node(f"f{number}", f"f{number}", f"a/{number}", verdict, (f"r{number}",), is_run=False))
    nodes.append(picture.Node("r", "join", "record", Verdict.OK, tuple(f"f{n}" for n in range(50)), is_run=True))
    nodes.append(picture.Node("end", "end", "a", Verdict.OK, ("r",), is_run=False))
    few = picture.few(nodes, ["end"])
    told = {node.name: (node.title, node.detail, node.sources) for node in few}
    assert told == {
        "data": ("data", "d", ()),
        "OK runs of copy": ("copy: 50 runs", "", ("data",)),
        "OK files of copy": ("49 files of copy", "a, 49 folders", ("OK runs of copy",)),
        "f7": ("f7", "a/7", ("OK runs of copy",)),
        "r": ("join", "record", ("OK files of copy", "f7")),
        "end": ("end", "a", ("r",)),
    }
    assert picture.few(nodes[:10], []) == nodes[:10]
    assert picture.svg(few).count("<rect") == len(few) + 1


def _path(drawn):
    """Points along the lines of an SVG path of M, C and V."""
    numbers = [(kind, [float(n) for n in rest.split()]) for kind, rest in re.findall(r"([MCV])([^MCV]*)", drawn)]
    here, points = (0.0, 0.0), []
    for kind, given in numbers:
        ends = [here, (here[0], given[0])] if kind == "V" else [here, *zip(given[::2], given[1::2], strict=True)]
        for part in np.linspace(0, 1, 50)[1:] if kind != "M" else ():
            level = ends
            while len(level) > 1:  # de Casteljau
                level = [tuple(np.add(np.multiply(a, 1 - part), np.multiply(b, part))) for a, b in pairwise(level)]
            points.append(level[0])
        here = ends[-1]
    return points


def test_lines_of_a_picture_pass_behind_no_box_and_no_column_is_empty():
    sources = {"data": [], "weights": []}
    sources |= {f"a{n}": ["data"] for n in range(8)} | {"b": ["a0", "a7", "data"], "c": ["b", "data", "weights"]}
    place = layout.places(sources)
    assert len(set(place.values())) == len(sources)
    assert {column for column, _ in place.values()} == set(range(6))
    assert {column for column, _ in layout.places({"x": [], "y": [], "z": ["x", "y"]}).values()} == {0, 1}
    left, top, width, height = layout.frame(place.values())
    for name, made_from in sources.items():
        for source in made_from:
            for x, y in _path(layout.edge(place[source], place[name])):
                assert left < x < left + width
                assert top < y < top + height
                for box in place.values():
                    x0, y0 = layout.corner(box)
                    assert not (x0 < x < x0 + layout.WIDTH and y0 < y < y0 + layout.HEIGHT), (source, name, box)


@pytest.mark.parametrize(
    ("lock", "unrecorded", "hint"),
    [
        ("00", (), "or `dvc checkout --force a`, as long as dvc.lock tells of what the run wrote"),
        ("11", (), "`dvc checkout` does not bring it back"),
        ("11", ("dvc.lock",), "`git checkout dvc.lock`"),
    ],
)
def test_the_remedy_fits_what_dvc_lock_holds(lock, unrecorded, hint):
    """The crate tells what the run wrote, the file was edited, and dvc.lock holds these bytes or those."""
    evidence = Evidence(
        root=Path(), graph=graph([run("1", [], ["a"])]), failed=(), unreadable={}, journal=None, targets=("a",),
        scope=("a",), runs=(), found={"a": Found("22", "11", 1)}, everything=False, unrecorded=unrecorded,
        dvc=others.Locked({"a": lock}, {}, {}), crate={"a": "00"},
    )  # fmt: skip
    notes = {check.what: check.note for check in judge_files.judge(evidence, "a")}
    assert hint in notes["crate"]


@pytest.mark.parametrize("compared", [False, True])
def test_the_remedy_for_a_file_of_a_folder_claims_nothing_of_what_was_not_compared(compared):
    """An audit of a file reads nothing of the folder around it that dvc.lock tells of."""
    path = "results/figures/a/b.pdf"
    folder = "results/figures/a"
    members = {folder: (path,)} if compared else {}
    evidence = audited(path, dvc=others.Locked({}, {folder: "77.dir"}, members), found=Found("22", "11", 1))
    [note] = [check.note for check in judge_files.judge(evidence, path) if check.what == "crate"]
    assert "does not bring it back" not in note
    assert f"`dvc checkout --force {folder}`, {'as long as' if compared else 'if'} dvc.lock tells of what" in note
    evidence = audited(path, dvc=others.Locked({}, {}, {}), found=Found("22", "11", 1))
    assert not any("dvc checkout" in check.note for check in judge_files.judge(evidence, path))


def audited(path, *, found, **more):
    """Evidence on one file, of which the crate tells what the run wrote."""
    evidence = Evidence(
        root=Path(), graph=graph([run("1", [], [path])]), failed=(), unreadable={}, journal=None, targets=(path,),
        scope=(path,), runs=(), found={path: found}, everything=False, crate={path: "00"}, sizes={path: "1"},
    )  # fmt: skip
    return replace(evidence, **more)


@pytest.mark.parametrize(("size", "verdict"), [("1", "OK"), ("2", "MISMATCH"), ("None", "MISMATCH")])
def test_the_crate_tells_the_size_of_a_file(size, verdict):
    evidence = audited("a", found=Found("00", "11", 1), sizes={"a": size})
    assert [check.verdict.value for check in judge_files.judge(evidence, "a") if check.what == "crate"] == [verdict]


@pytest.mark.parametrize(
    ("path", "dvc", "verdict"),
    [
        ("results/figures/a/b.pdf", others.Locked({}, {"results/figures/a": "0.dir"}, {}, has_stages=True), "OK"),
        ("results/figures/a/b.pdf", others.Locked({}, {"results/figures/b": "0.dir"}, {}, has_stages=True), "MISMATCH"),
        ("results/figures/a/b.pdf", others.Locked({}, {"results/figures": "0.dir"}, {}, has_stages=True), "OK"),
        ("results/metrics/a.json", others.Locked({"results/metrics/a.json": "0"}, {}, {}, has_stages=True), "OK"),
        ("results/claims.json", others.Locked({}, {}, {}, has_stages=True), "OK"),  # a view
        ("results/figures/a/b.pdf", others.Locked({}, {}, {}), None),  # there is no dvc.lock
    ],
)
def test_a_file_of_a_record_that_dvc_lock_does_not_tell_of(path, dvc, verdict):
    evidence = audited(path, dvc=dvc, found=Found("00", "11", 1))
    found = {check.subject: check for check in judge_files.whole(evidence) if check.what == "complete"}
    assert (found["dvc.lock"].verdict.value if "dvc.lock" in found else None) == verdict
    assert verdict != "MISMATCH" or path in found["dvc.lock"].note


def test_what_belongs_to_nobody_is_said_to_be_forged_before_it_is_made_again():
    evidence = audited("a", found=Found("22", "11", 1), crate={"b": "00"}, everything=True, scope=())
    evidence = replace(evidence, found={"b": Found("22", "11", 1)})
    [note] = [check.note for check in judge_files.beside(evidence)]
    assert note.index("if no run explains it") < note.index("`case-saliency crate`")


def test_a_picture_is_as_grave_as_its_audit():
    evidence = audited("a", found=Found("00", "11", 1))
    wrong = [
        Check("data/x/images/1.jpg", "images", Verdict.MISMATCH, "not what the manifest says"),
        Check("working tree", "git", Verdict.UNVERIFIABLE, "this is no git repository"),
    ]
    nodes = picture.nodes(Audit(evidence, (Check("a", "bytes", Verdict.OK), *wrong)), ["a"])
    told = {node.name: (node.title, node.detail, node.verdict) for node in nodes}
    assert told["data/x/images/1.jpg"] == ("images: 1.jpg", "data/x/images", Verdict.MISMATCH)
    assert told["working tree"] == ("git: working tree", "", Verdict.UNVERIFIABLE)
    many = [Check(f"results/{n}", "known", Verdict.UNVERIFIABLE) for n in range(200)]
    few = picture.few(picture.nodes(Audit(evidence, (*wrong, *many)), ["a"]), ["a"])
    assert len(few) < picture.MANY
    assert {node.verdict for node in few} == {Verdict.OK, Verdict.MISMATCH, Verdict.UNVERIFIABLE}


def test_alike_problems_are_told_once():
    checks = [Check(f"f{n}", "bytes", Verdict.MISSING, "gone") for n in range(30)]
    lines = list(text.problems(checks))
    assert sum("gone" in line for line in lines) == 1
    assert lines[-1] == "    and 18 more"


@pytest.mark.parametrize("python", ["3.11.7", "3.13.1"])
def test_markers_of_the_lock_are_those_of_the_run(python):
    lock = (
        "contourpy==1.3.3 ; python_full_version < '3.12' \\\n    --hash=sha256:00\n"
        "contourpy==1.4.0 ; python_full_version >= '3.12' \\\n    --hash=sha256:00\nPy_Yaml==1.0\n"
    )
    version = "1.3.3" if python < "3.12" else "1.4.0"
    assert packages.differences(lock, (f"# CPython {python}", f"contourpy=={version}", "py-yaml==1.0")) == []
    assert packages.differences(lock, (f"# CPython {python}", "contourpy==2")) == [
        f"contourpy 2 for {version}",
        "py-yaml 1.0 is not installed",
    ]


def test_the_md5_of_a_folder_is_dvcs(tmp_path):
    """That of DVC's own listing; tests/workflow/test_audit.py compares with what DVC itself records."""
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "folder/a.txt").write_text("a")
    (tmp_path / "folder/inner/b.txt").write_text("b")
    (tmp_path / "folder/.snakemake_timestamp").write_text("")
    (tmp_path / ".dvcignore").write_text(".snakemake_timestamp\n")
    listed = (
        '[{"md5": "0cc175b9c0f1b6a831c399e269772661", "relpath": "a.txt"}, '
        '{"md5": "92eb5ffee6ae2fec3ad71c777531578f", "relpath": "inner/b.txt"}]'
    )
    files = others.members(tmp_path, ["folder"])["folder"]
    found = others.folder_md5("folder", files, measure(tmp_path, files, md5=set(files)))
    assert found == hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest() + ".dir"


HOSTILE = {
    "list": b"stages: [1]",
    "circle": b"a: &a [*a]",
    "laughs": b"a: &a [x]\nb: &b [*a, *a]\nstages: {s: {outs: *b}}",
    "bytes": b"\xff",
    "number": b"stages: {a: {outs: 3}}",
    "no mapping": b"- 1",
    "text": b"text",
    "empty": b"",
    "key": b"? [a]\n: b",
    "deep": b"stages: " + b"[" * 500_000,
    "deeper": b"- " * 100_000,
    "two": b"outs: [{path: a, md5: b}]\n---\n]",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_dvc_lock_is_an_outcome(tmp_path, kind):
    (tmp_path / "dvc.lock").write_bytes(HOSTILE[kind])
    found = others.locked(tmp_path, [])
    assert found is not None
    assert found.problem
    assert (dict(found.files), dict(found.folders)) == ({}, {})


@pytest.mark.parametrize(
    "patterns",
    ["*a" * 16 + "*b", "**/a/" * 20, "*.a\n" * 1000, "!", "[z-a]"],
    ids=["stars", "folders", "many", "", "z"],
)
def test_a_hostile_dvcignore_is_an_outcome(tmp_path, patterns):
    (tmp_path / "dvc.lock").write_text("stages: {a: {outs: [{path: results/a, md5: 0.dir}]}}")
    (tmp_path / ".dvcignore").write_text(patterns)
    found = others.locked(tmp_path, [])
    assert found.problem.startswith(".dvcignore: ")


def test_a_path_that_would_take_long_to_match_is_not_ignored(tmp_path):
    place = tmp_path / "results" / "/".join(["a"] * 400)
    place.mkdir(parents=True)
    (place / "a.txt").write_text("")
    (tmp_path / "results/a.txt").write_text("")
    (tmp_path / ".dvcignore").write_text("a.txt\n")
    assert len(others.members(tmp_path, ["results"])["results"]) == 1


def test_the_outputs_of_a_dvc_lock_are_those_that_a_reader_of_yaml_finds():
    stages = {
        "a b": {
            "cmd": "outs: [{path: no, md5: no}]",
            "deps": [{"path": "no", "md5": "no"}],
            "params": {"params.yaml": {"outs": [{"path": "no", "md5": "no"}]}},
            "outs": [{"path": "yes: 1", "md5": "0123.dir", "nested": {"path": "no", "md5": "no"}}, {"path": "remote"}],
        },
        "c": {"outs": [{"md5": "45", "size": 3, "path": "é/2"}]},
    }
    content = yaml.safe_dump({"schema": "2.0", "stages": stages}, allow_unicode=True).encode()
    assert list(locks.outputs(content)) == [("yes: 1", "0123.dir"), ("é/2", "45")]
    assert list(locks.outputs(b"outs:\n- md5: '00'\n  path: provenance\n")) == [("provenance", "00")]


def test_a_published_experiment_that_is_not_here_is_told_apart_from_one_that_was_deleted(tmp_path):
    outs = [
        {"path": f"results/{kind}/{name}", "md5": "0.dir"} for kind in ("tables", "scores") for name in ("a", "b", "c")
    ]
    (tmp_path / "dvc.lock").write_text(json.dumps({"stages": {"one": {"outs": outs}}}))
    (tmp_path / "results/tables/a").mkdir(parents=True)
    found = others.locked(tmp_path, ["results/tables/b/gone.csv"])
    assert found.elsewhere == {"results/scores/a", "results/scores/b", "results/tables/c", "results/scores/c"}
    assert [found.is_elsewhere(f"results/claims/{name}.json") for name in "abcd"] == [False, False, True, False]


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"@graph": 3}'])
def test_a_hostile_crate_is_an_outcome(tmp_path, content):
    (tmp_path / "results").mkdir()
    (tmp_path / others.CRATE).write_bytes(content)
    assert others.crate(others.entities(tmp_path)) == {others.CRATE: ""}


@pytest.mark.parametrize("name", ["a.png", "a.pdf", "a.svg"])
@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR", b"x" * 100])
def test_a_figure_that_is_none_carries_no_id(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert embedded(tmp_path / name) is None


def test_a_chain_of_links_longer_than_the_recursion_of_python_is_an_outcome(tmp_path):
    (tmp_path / "0").write_bytes(b"a")
    for number in range(1, 1500):
        (tmp_path / str(number)).symlink_to(str(number - 1))
    found = measure(tmp_path, ["0", "3", "1499"])
    assert found["3"].sha256 == found["0"].sha256
    assert found["1499"].problem.startswith("it cannot be read")


def test_files_are_measured_and_what_is_none_is_told(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    outside = tmp_path.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "b").write_bytes(b"b")
    (tmp_path / "link").symlink_to(outside / "b")
    os.mkfifo(tmp_path / "pipe")
    found = measure(tmp_path, ["a", "gone", "link", "x\0", str(outside / "b"), "a" * 5000, "pipe"], md5={"a"})
    assert (found["a"].sha256, found["a"].md5, found["a"].bytes) == (
        hashlib.sha256(b"a").hexdigest(),
        hashlib.md5(b"a", usedforsecurity=False).hexdigest(),
        1,
    )
    assert found["gone"].problem == "missing"
    assert found["pipe"].problem == "it is no regular file"
    assert all("outside" in found[path].problem for path in ("link", str(outside / "b")))
    assert all(found[path].problem and found[path].sha256 is None for path in ("x\0", "a" * 5000))
    allowed = measure(tmp_path, ["link", str(outside / "b")], outside=[outside])
    assert {one.sha256 for one in allowed.values()} == {hashlib.sha256(b"b").hexdigest()}
