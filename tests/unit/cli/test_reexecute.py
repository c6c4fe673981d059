"""Which code a job that is run again runs."""

import hashlib
from types import SimpleNamespace

import pytest

from case_saliency.cli import reexecute
from case_saliency.provenance.audit.reading import Entry
from case_saliency.provenance.audit.verdicts import Verdict

PROGRAM = "import pathlib, sys\npathlib.Path(sys.argv[1]).write_text('the tree')\n"


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Return a tree with a package of its own, in which we are."""
    folder = tmp_path / "tree/src/case_saliency/cli"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder.parent / "__init__.py").write_text("")
    (folder / "main.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path / "tree")
    monkeypatch.setattr(reexecute, "objection", lambda _: "")
    return tmp_path / "tree"


def test_the_package_of_the_tree_is_run_whatever_is_installed_or_compiled(tree, tmp_path, monkeypatch):
    installed = tmp_path / "installed/case_saliency/cli"
    installed.mkdir(parents=True)
    for name, content in (("__init__.py", ""), ("../__init__.py", ""), ("main.py", PROGRAM.replace("tree", "copy"))):
        (installed / name).write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(installed.parents[1]))
    (tree / "pathlib.py").write_text("raise SystemExit('an input is no module')")
    digest = hashlib.sha256(b"the tree").hexdigest()
    run = SimpleNamespace(
        record="a.json",
        command=("case-saliency", "a.txt"),
        inputs=(Entry("input", "pathlib.py", "", 0),),
        outputs=(Entry("output", "a.txt", digest, 8),),
        code={},
        machine={},
    )
    (tmp_path / "scratch").mkdir()
    found = reexecute._check(run, tmp_path / "scratch")
    assert (found.verdict, found.note) == (Verdict.OK, "1 files with the same bytes")
