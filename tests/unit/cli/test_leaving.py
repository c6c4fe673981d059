"""The program's way out: fast, and with nothing lost."""

import subprocess
import sys

PROGRAM = "from case_saliency.cli.main import program; program()"


def run(*arguments, **more):
    return subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, **more)


def test_the_exit_code_and_all_that_was_said_arrive(tmp_path):
    done = run("compare", "--results", str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stderr.startswith("[compare] error: ")
    assert done.stderr.endswith("\n")


def test_long_output_arrives_in_a_pipe():
    assert run("--help").stdout.rstrip().endswith("so that the journal tells of it.")
    assert run("--help").returncode == 0
    assert run("predict").returncode == 2
