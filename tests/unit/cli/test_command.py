"""The command itself: what it offers."""

import json
import re
from pathlib import Path

import pytest

from case_saliency import cli
from case_saliency.cli.main import STAGES, TOOLS, VIEWS, main


def test_help_names_every_command_once(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    names = [name.replace("_", "-") for name in (*STAGES, *TOOLS, *VIEWS)]
    assert [word for word in shown if word in names] == names


def test_an_unknown_command_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["score-agreemnt"])
    assert stopped.value.code == 2
    assert "invalid choice: 'score-agreemnt'" in capsys.readouterr().err


def test_whatever_writes_a_file_is_recorded():
    """The shared command line records all but `VIEWS`: a command is one of the three, and a view makes nothing."""
    sources = {file.stem: file.read_text() for file in Path(cli.__file__).parent.glob("*.py")}
    commands = {name for name, text in sources.items() if re.search(r"^def run\(", text, flags=re.MULTILINE)}
    assert commands == {*STAGES, *TOOLS, *VIEWS}
    assert not [name for name in VIEWS if "add_output(" in sources[name]]
    assert [name for name, text in sources.items() if "Record(" in text] == ["main"]


def test_a_command_that_fails_before_it_writes_is_recorded_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifest.csv").write_text("no manifest")
    arguments = ["select-images", "--manifest", "manifest.csv", "--settings", "{}", "--selection", "results/a.csv"]
    assert main(arguments) == 1
    body = json.loads((tmp_path / "results/provenance/select_images/a.csv.failed.json").read_text())
    assert body["status"] == "failed"
    assert body["inputs"][0]["path"] == "manifest.csv"
    assert body["outputs"] == []
