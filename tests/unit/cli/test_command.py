"""The command itself: what it offers."""

import json
import logging
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from safetensors import SafetensorError

from case_saliency import cli
from case_saliency.cli import messages, select_images
from case_saliency.cli.main import STAGES, TOOLS, VIEWS, main
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import journal
from case_saliency.provenance.audit import reading


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


def test_a_command_whose_input_is_missing_is_recorded_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["select-images", "--manifest", "gone.csv", "--settings", "{}", "--selection", "results/a.csv"]
    assert main(arguments) == 1
    assert "manifest: cannot read gone.csv: No such file or directory" in capsys.readouterr().err
    failed = tmp_path / "results/provenance/select_images/a.csv.failed.json"
    run = reading.load(failed, "failed")
    assert (run.status, run.inputs, run.outputs) == ("failed", (), ())
    assert "cannot read gone.csv" in json.loads(failed.read_text())["error"]
    lines = journal.read(tmp_path / "results/provenance").lines
    assert [(line.record, line.status) for line in lines] == [("select_images/a.csv.failed.json", "failed")]


@pytest.mark.parametrize("name", VIEWS)
def test_what_only_looks_loads_no_module_of_the_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with suppress(SystemExit):
        main([name, *(["results/a.csv"] if name == "retire" else [])])
    assert str(tmp_path) not in sys.path
    with suppress(SystemExit):
        main(["attribute", "--help"])
    assert sys.path[-1] == str(tmp_path)


COMPUTING = {"torch", "torchvision", "pandas", "matplotlib", "scipy", "sklearn", "xarray", "pyarrow"}
HEAVY = COMPUTING | {"numpy", "PIL", "yaml"}
ASKING = """
import sys
from case_saliency.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(*sys.modules, file=sys.stderr)
"""


def imported(*arguments):
    """Heavy packages that a command imports."""
    done = subprocess.run([sys.executable, "-c", ASKING, *arguments], capture_output=True, text=True, check=True)
    return HEAVY & set(done.stderr.split())


def test_help_imports_nothing_heavy_and_takes_no_time():
    assert imported("--help") == set()
    program = Path(sys.executable).with_name("case-saliency")
    seconds = []
    for _ in range(5):  # the least of several: other programs of the machine only add
        start = time.perf_counter()
        subprocess.run([program, "--help"], capture_output=True, check=True)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) <= 0.3


def test_no_command_is_imported_with_torch_or_pandas():
    """A command imports what it computes with when it runs: not to be planned, asked for help, or wrongly used."""
    modules = ", ".join(f"case_saliency.cli.{name}" for name in (*STAGES, *TOOLS, *VIEWS))
    program = f"import sys, {modules}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert COMPUTING & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError("Unable to allocate 1 PiB"), "not enough memory (Unable to allocate 1 PiB); run fewer jobs"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "not enough memory (DefaultCPUAllocator"),
        (SafetensorError("I/O error: No space left on device"), "cannot write the outputs: I/O error: No space left"),
        (CaseSaliencyError("a.nc: Too many open files; delete it"), "a.nc: Too many open files: allow more (`ulimit"),
    ],
)
def test_lack_of_memory_disk_or_files_is_explained(error, told, tmp_path, monkeypatch):
    def run(_arguments):
        raise error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(select_images, "run", run)
    (tmp_path / "manifest.csv").write_text("")
    arguments = ["select-images", "--manifest", "manifest.csv", "--settings", "{}", "--selection", "results/a.csv"]
    assert main(arguments) == 1
    assert (
        json.loads((tmp_path / "results/provenance/select_images/a.csv.failed.json").read_text())["status"] == "failed"
    )
    assert messages.explain(error).startswith(told)


def test_a_defect_keeps_its_traceback():
    assert messages.explain(RuntimeError("shapes differ")) is None


def test_a_log_whose_disk_is_full_is_told_once_and_the_job_goes_on(capsys):
    messages.start_logging(Path("/dev/full"), "summarise")
    log = logging.getLogger("case_saliency")
    for number in range(3):
        log.info("message %s", number)
    said = capsys.readouterr().err
    assert said.count("/dev/full: [Errno 28] No space left on device; nothing more is logged there") == 1
    assert [line.partition("] ")[2] for line in said.splitlines() if "message" in line] == [
        "message 0",
        "message 1",
        "message 2",
    ]
    assert "Traceback" not in said


def test_a_message_that_cannot_be_written_does_not_end_the_log(tmp_path, capsys):
    messages.start_logging(tmp_path / "a.log", "summarise")
    log = logging.getLogger("case_saliency")
    log.debug("a file %s", "\udcff.png")
    log.debug("the next message")
    assert "the next message" in (tmp_path / "a.log").read_text()
    assert "UnicodeEncodeError" in capsys.readouterr().err
