"""Whether a recorded command may be run: only if it does what its record tells of."""

from dataclasses import replace

import pytest

from case_saliency.cli.recorded import objection
from case_saliency.provenance.audit.reading import Entry, Run

MANIFEST, SELECTION = "data/digits/manifest.csv", "results/predictions/digits/selection.csv"
FILES = ("--manifest", MANIFEST, "--selection", SELECTION)
RUN = Run(
    record="r", record_sha256="", id="i", stage="select_images", status="completed",
    command=("case-saliency", "--log", "logs/a.log", "select-images", *FILES, "--settings", '{"seed": 0}'),
    parameters={"settings": {"seed": 0}}, inputs=(Entry("manifest", MANIFEST, "00", 1),),
    outputs=(Entry("selection", SELECTION, "00", 1),), code={}, started="", ended="", commit=None, dirty=None,
    diff_sha256=None, workflow=None, params_sha256=None, lock_sha256=None, environment=None, seeds={}, machine={},
    versions={},
)  # fmt: skip


def command(*words, log=("--log", "logs/a.log"), files=FILES, settings='{"seed": 0}'):
    return replace(RUN, command=("case-saliency", *log, "select-images", *files, "--settings", settings, *words))


def test_a_command_that_does_what_its_record_tells_may_be_run():
    assert objection(RUN) == ""
    assert objection(command(log=())) == ""


OUTSIDE = ("--manifest", MANIFEST, "--selection", "/etc/passwd")
FORGED = {
    "program": (replace(RUN, command=("rm", "-rf", "~")), "no stage"),
    "no command": (replace(RUN, command=()), "no stage"),
    "stage": (replace(RUN, stage="audit"), "no stage"),
    "other stage": (replace(RUN, stage="predict"), "cannot be parsed"),
    "option": (command("--no-such-option"), "cannot be parsed"),
    "deep": (command(settings='{"a":' * 5000), "cannot be parsed"),
    "log": (command(log=("--log", "/etc/x")), "log outside"),
    "abbreviated log": (command(log=("--lo", "../x")), "log outside"),
    "log with equals": (command(log=("--log=/etc/x",)), "log outside"),
    "other file": (command(files=OUTSIDE), "other files"),
    "outside": (
        replace(command(files=OUTSIDE), outputs=(Entry("selection", "/etc/passwd", "00", 1),)),
        "outside the working folder",
    ),
    "parameters": (command(settings='{"seed": 1}'), "other parameters"),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_command_is_not_run(kind):
    run, reason = FORGED[kind]
    assert reason in objection(run)
