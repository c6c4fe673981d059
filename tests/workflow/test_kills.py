"""`kill -9` of a workflow: nothing that looks finished is half-written, and the next run ends in the same bytes."""

import signal

import pytest

from case_saliency.analyses import ANALYSES
from case_saliency.cli.main import STAGES
from case_saliency.storage.maps import open_maps

LOCKED = "Directory cannot be locked"
WITH_ANALYSES = ["train_model", "estimate_confusion", "score_curves", "test_curves"] + [
    f"{kind}_{name}" for kind in ("score", "test") for name in ANALYSES
]
"""Stages that photographs alone do not need."""


def kill(project, stage, moment, output):
    """Run the workflow, which has to make `output`, until it is killed; unlock the folder as the next run says."""
    process = project.start("snakemake", "--cores", "2", "--forcerun", output, KILLED=f"{stage}:{moment}")
    said, _ = process.communicate(timeout=1200)
    assert process.returncode == -signal.SIGKILL, said


@pytest.mark.fault("`kill -9` of the whole workflow as a map is written", "Directory cannot be locked ... --unlock")
@pytest.mark.parametrize("moment", ["output", "record"])
def test_a_killed_workflow_is_taken_up_again(project, finished, moment):
    maps = project.first_outputs()["attribute"]
    kill(project, "attribute", moment, maps)
    said = project.snakemake(check=False)
    assert LOCKED in said
    assert "--unlock" in said
    project.snakemake("--unlock")
    project.completes(finished, maps)


@pytest.mark.fault("Ctrl-C as a map is written", "interrupted: nothing unfinished was kept; run the same command again")
def test_ctrl_c_leaves_nothing_half_written(project, finished):
    maps = project.first_outputs()["attribute"]
    command = ("snakemake", "--cores", "2", maps, "--forcerun", maps)
    process = project.start(*command, KILLED="attribute:interrupt")
    said, _ = process.communicate(timeout=300)
    assert process.returncode != 0, said
    assert "Traceback" not in said
    for file in (project.root / maps).parent.glob("*.nc"):  # what is there is whole
        assert open_maps(file)
    project.completes(finished, maps)


def killed_in_every_stage(project, undisturbed, stages, moment):
    outputs = undisturbed.first_outputs()
    assert set(stages) <= set(outputs)
    for stage, output in outputs.items():
        if stage in stages:
            kill(project, stage, moment, output)
            said = project.snakemake(check=False)
            assert LOCKED in said, stage
            assert "--unlock" in said, stage
            project.snakemake("--unlock")
    project.completes(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["output", "record"])
@pytest.mark.fault(
    "`kill -9` in each stage of the main chain, one after the other, before its first file is there, or its record",
    "Directory cannot be locked ... --unlock, each time",
)
def test_a_workflow_killed_in_every_stage(fresh, finished, moment):
    killed_in_every_stage(fresh, finished, set(STAGES) - set(WITH_ANALYSES), moment)


@pytest.mark.slow
@pytest.mark.fault(
    "`kill -9` in training and in each stage of the analyses", "Directory cannot be locked ... --unlock, each time"
)
def test_analyses_killed_in_every_stage(fresh_analyses, analysed):
    killed_in_every_stage(fresh_analyses, analysed, WITH_ANALYSES, "output")


def test_every_stage_is_killed_in_one_of_the_two(finished):
    assert {*finished.first_outputs(), *WITH_ANALYSES} == set(STAGES)
