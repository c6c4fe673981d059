from pathlib import Path

import pytest

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.code import closure


def names(found):
    return {path.name for path in found.files}


def test_a_module_reaches_what_it_imports_also_inside_functions_and_the_packages_above():
    found = closure(["case_saliency.provenance.code"])
    files = {path.as_posix().split("case_saliency/")[-1] for path in found.files}
    own = {f"provenance/{name}.py" for name in ("__init__", "caches", "code", "imports", "source", "walking")}
    stored = {
        f"storage/{name}.py" for name in ("__init__", "arrays", "comma_separated", "documents", "files", "schema")
    }
    assert own | stored | {"__init__.py", "errors.py"} == files
    assert "grimp" in found.packages  # imported inside a function


@pytest.mark.parametrize("stage", ["train_model", "obtain_model", "fetch_dataset", "select_images"])
def test_what_takes_longest_does_not_run_again_when_readers_of_maps_or_parquet_change(stage):
    found = {path.stem for path in closure([f"case_saliency.cli.{stage}"]).files if path.parent.name == "storage"}
    assert "files" in found
    assert not found & {"bounds", "columns", "maps", "parquet", "tables"}


def test_imports_for_type_checkers_do_not_count():
    found = closure(["case_saliency.storage"])  # names torch.Tensor in signatures, imports safetensors.torch to write
    assert "safetensors" in found.packages
    assert "torch" not in found.packages


def test_a_users_module_brings_its_own_files_and_what_they_use(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("import numpy\ndef f():\n    from helpers.deep import g\n")
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers/__init__.py").write_text("")
    (tmp_path / "helpers/deep.py").write_text(
        "from . import sibling\nfrom case_saliency import errors\nfrom case_saliency.storage import sha256\n"
    )
    (tmp_path / "helpers/sibling.py").write_text("import textwrap, torch\n")
    (tmp_path / "unrelated.py").write_text("")
    found = closure(["mine"])
    assert {"mine.py", "deep.py", "sibling.py", "errors.py", "files.py"} <= names(found)
    assert not {"unrelated.py", "textwrap.py"} & names(found)
    assert {"numpy", "torch"} <= set(found.packages)
    assert {"numpy", "torch"} <= set(found.distributions())
    assert set(found.hashes()) >= {"mine.py", "helpers/sibling.py", "case_saliency/errors.py"}


def test_user_code_is_read_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text("raise SystemExit('executed')")
    (tmp_path / "package/method.py").write_text("")
    assert {"__init__.py", "method.py"} <= names(closure(["package.method"]))


@pytest.mark.parametrize("module", ["no_such_module", "case_saliency.no_such_module"])
def test_a_missing_module_is_named(module):
    with pytest.raises(CaseSaliencyError, match=module):
        closure([module])


def test_the_source_of_every_file_is_hashed():
    found = closure(["case_saliency.errors"])
    assert list(found.hashes()) == ["case_saliency/__init__.py", "case_saliency/errors.py"]
    assert all(Path(path).exists() for path in found.files)
