"""What jobs ask of the machine: by params.yaml and the attempt, and without a trace in the results."""

import json
import re

import pytest
import yaml

from tests.workflow.conftest import ROOT, Project

CLUSTERS = ROOT / "docs/clusters.md"
EXCLUSIVE = """

rule exclude:
    output: "{index}.txt"
    resources: mem_mb=400, runtime=5, gpu=1
    shell: "mkdir held && sleep 2 && rmdir held && echo gpu ${{CUDA_VISIBLE_DEVICES:-}} > {output}"
"""
PLANNED = """
import json, sys
from contextlib import contextmanager
from snakemake.api import SnakemakeApi
from snakemake.cli import parse_args
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness
from snakemake.settings.types import ResourceSettings, StorageSettings

@contextmanager
def planned(**resources):
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1, **resources),
            config_settings=ConfigSettings(),
            storage_settings=StorageSettings(),
        )._workflow
        workflow.dag_settings = DAGSettings()
        workflow._prepare_dag(forceall=False, ignore_incomplete=False, lock_warn_only=True, nolock=True)
        workflow._build_dag()
        yield list(workflow.dag.jobs)

def of_profile(profile):
    return parse_args(["--workflow-profile", profile])[1]
"""
PLAN = f"""{PLANNED}
found = {{}}
with planned() as jobs:
    for job in jobs:
        for job.attempt in (1, 2):
            told = {{name: job.resources.get(name) for name in ("gpu", "mem_mb", "runtime")}}
            found.setdefault(job.rule.name, []).append(told)
print(json.dumps(found))
"""
ASKING = f"""{PLANNED}
from snakemake_executor_plugin_slurm.partitions import parse_gpu_requirements
from snakemake_executor_plugin_slurm.utils import set_gres_string

def of_a_partition(job):
    try:
        return parse_gpu_requirements(job)
    except Exception as error:
        return str(error)

found = {{}}
for profile in sys.argv[1:]:
    with planned(overwrite_resources=of_profile(profile).set_resources) as jobs:
        found[profile] = {{
            job.rule.name: (set_gres_string(job).strip(), of_a_partition(job)) for job in jobs if job.rule.name != "all"
        }}
print(json.dumps(found))
"""
ON_A_CARD = """
rule all:
    input: ["attribute.txt", "predict.txt"]

rule attribute:
    output: "attribute.txt"
    resources: gpu=1
    shell: "touch {output}"

use rule attribute as predict with:
    output: "predict.txt"
"""
PODS = f"""{PLANNED}
from unittest.mock import MagicMock
from snakemake.settings.types import RemoteExecutionSettings
from snakemake.spawn_jobs import SpawnedJobArgsFactory
from snakemake_executor_plugin_kubernetes import Executor, common_settings
from snakemake_interface_storage_plugins.registry import StoragePluginRegistry

sent = {{}}
StoragePluginRegistry().collect_plugins()
with planned(default_resources=of_profile(sys.argv[1]).default_resources) as jobs:
    for job in (job for job in jobs if job.rule.name != "all"):
        cluster = MagicMock(container_image="image", persistent_volumes=[], k8s_service_account_name=None,
                            secret_envvars={{}}, k8s_cpu_scalar=0.95, privileged=False)
        cluster.format_job_exec.return_value = "true"
        cluster._kubernetes_retry.side_effect = lambda ask: ask()
        Executor.run_job(cluster, job)
        pod = cluster.batchapi.create_namespaced_job.call_args.args[1].spec.template.spec
        asked = pod.containers[0].resources
        sent[job.rule.name] = {{"requests": asked.requests, "limits": asked.limits}}
    workflow = jobs[0].dag.workflow
    workflow.remote_execution_settings = RemoteExecutionSettings()
    sent["before"] = SpawnedJobArgsFactory(workflow).precommand(common_settings)
print(json.dumps(sent))
"""
WITH_NETWORK = {"predict", "attribute", "score_fidelity"}


def planned(project):
    """Rule -> what its job asks for in its first and its second attempt."""
    return json.loads(project.run("python", "-c", PLAN).splitlines()[-1])


@pytest.mark.parametrize(("device", "asking"), [("cpu", set()), ("cuda", WITH_NETWORK)])
def test_a_gpu_is_asked_for_where_the_device_is_one(fresh, device, asking):
    fresh.set("compute", "device", to=device)
    found = planned(fresh)
    assert {name for name, attempts in found.items() if attempts[0]["gpu"]} == asking
    assert {name for name, attempts in found.items() if attempts[0]["gpu"] is None} == set(found) - asking
    first, second = found["attribute"][:2]
    assert (first["mem_mb"], second["mem_mb"]) == (4000, 8000)
    assert (first["runtime"], second["runtime"]) == (241, 482)


def test_slurm_is_asked_for_the_gpus_that_the_page_and_the_profile_say(tmp_path):
    (tmp_path / "Snakefile").write_text(ON_A_CARD)
    page, profile = CLUSTERS.read_text(), (ROOT / "profiles/slurm/config.yaml").read_text()
    rows = re.findall(r"^\| (nothing|`attribute: .+?`) \| (?:both, )?`(.+?)`(.*) \|$", page, re.MULTILINE)
    settings = [yaml.safe_load("" if told == "nothing" else told.strip("`")) or {} for told, _, _ in rows]
    example = "\n".join(re.findall(r"^# (set-resources:|  \w+: \{.*\})$", profile, re.MULTILINE))
    profiles = [*(yaml.safe_dump({"set-resources": one}) if one else "{}" for one in settings), example]
    for index, text in enumerate(profiles):
        (tmp_path / str(index)).mkdir()
        (tmp_path / str(index) / "config.yaml").write_text(text)
    said = Project(tmp_path).run("python", "-c", ASKING, *map(str, range(len(profiles))))
    *found, shipped = json.loads(said.splitlines()[-1]).values()
    assert len(rows) == 4
    assert [one["attribute"][0] for one in found] == [asked for _, asked, _ in rows]
    assert {name: asked for name, (asked, _) in shipped.items()} == {
        "attribute": "--gpus=a100:1",
        "predict": "--gres=gpu:a100:1",
    }
    refused = ["mutually exclusive" in str(one["attribute"][1]) for one in found]
    assert refused == ["wrong" in remark for _, _, remark in rows] == [False, False, False, True]


def test_a_pod_has_limits_without_which_kubernetes_gives_no_gpu(tmp_path):
    without = 'rule collect:\n    output: "collect.txt"\n    shell: "touch {output}"\n'
    (tmp_path / "Snakefile").write_text(ON_A_CARD.replace('"predict.txt"]', '"collect.txt"]', 1) + without)
    said = Project(tmp_path).run("python", "-c", PODS, str(ROOT / "profiles/kubernetes"))
    found = json.loads(said.splitlines()[-1])
    asked = {"memory": "1000M", "ephemeral-storage": "10000M"}
    assert found["attribute"]["requests"] == {"cpu": "950m", **asked, "nvidia.com/gpu": "1"}
    assert found["attribute"]["limits"] == {"cpu": "1000m", **asked, "nvidia.com/gpu": "1"}
    assert found["collect"]["limits"] == {"cpu": "1000m", **asked}
    assert found["before"] == "pip install --target '.snakemake/pip-deployments' snakemake-storage-plugin-s3"
    assert "runs `pip install` of the storage plugin" in " ".join(CLUSTERS.read_text().split())


def test_the_page_lists_the_rules_that_ask_for_a_gpu():
    rules = "".join(file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk"))
    asking = re.findall(r"^rule (\w+):\n(?:(?!rule ).*\n)*?        \*\*ON_DEVICE,", rules, re.MULTILINE)
    sentence = CLUSTERS.read_text().partition("each rule that computes with a network: ")[2].partition(". ")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == set(asking)
    assert len(asking) == rules.count("**ON_DEVICE,")


def test_other_resources_rerun_nothing(project):
    rules = project.root / "workflow/rules/attribution.smk"
    text = rules.read_text()
    assert text.count("growing(4000)") == 1
    rules.write_text(text.replace("growing(4000)", "growing(9000)").replace("        **ON_DEVICE,\n", ""))
    assert project.pending() == set()


@pytest.mark.parametrize(
    ("allowed", "shared"),
    [([], False), (["--resources", "mem_mb=8000"], False), (["--resources", "gpu=2", "mem_mb=8000"], True)],
)
def test_two_jobs_share_the_gpu_of_one_machine_only_if_asked(fresh, allowed, shared):
    with (fresh.root / "Snakefile").open("a") as file:
        file.write(EXCLUSIVE)
    said = fresh.run("snakemake", "--cores", "2", *allowed, "--", "0.txt", "1.txt", check=not shared)
    assert ("cannot create directory" in said) == shared


TIMERS = """
import sys, threading
from snakemake.cli import main

started = []
start = threading.Timer.start
threading.Timer.start = lambda timer: started.append(timer.interval) or start(timer)
sys.argv = ["snakemake", "--cores", "1", *sys.argv[1:]]
try:
    main()
finally:
    print("timers", len(started))
"""


@pytest.mark.parametrize(("asked", "kept"), [((), False), (("--max-jobs-per-timespan", "7/1s"), True)])
def test_scheduling_starts_no_timers_unless_a_limit_is_asked_for(project, asked, kept):
    table = "results/tables/imagenet-sample/summary.csv"
    said = project.run("python", "-c", TIMERS, *asked, "--forcerun", table, "--", table)
    assert (int(said.rpartition("timers ")[2].split()[0]) > 0) == kept


def test_jobs_that_read_the_scores_of_all_images_ask_for_more_with_their_number(fresh):
    fresh.set("run", to=["digits"])
    few = planned(fresh)
    section = yaml.safe_load((fresh.root / "params.yaml").read_text())["experiments"]["digits"]
    networks = len(section["models"]) * len(section["seeds"])
    fresh.set("experiments", "digits", "n_images", to=450)
    fresh.set("experiments", "digits", "shards", to=1)
    many = planned(fresh)
    added = {name: many[name][0]["mem_mb"] - few[name][0]["mem_mb"] for name in few if name != "all"}
    more = 450 - section["n_images"]
    assert added["test_hypotheses"] == pytest.approx(0.005 * more * networks, abs=1)
    assert added["test_hypotheses"] > 0
    assert added["score_agreement"] == added["attribute"] == added["score_maps"] == 0
    first, second = many["test_hypotheses"][:2]
    assert (2 * first["mem_mb"], 2 * first["runtime"]) == (second["mem_mb"], second["runtime"])


def test_jobs_of_shards_ask_for_more_time_with_their_images_and_for_no_more_memory(fresh):
    fresh.set("datasets", "imagenet", "path", to="ilsvrc")
    fresh.set("run", to=["imagenet"])
    asked, minutes = set(), {}
    for shards in (100, 10):
        methods, rest = ["case", "sobel", "random"], {"layers": ["last_conv"], "analyses": [], "parameters": {}}
        section = {"n_images": 25_000, "models": ["resnet50"], "methods": methods, "shards": shards, **rest}
        for name, value in section.items():
            fresh.set("experiments", "imagenet", name, to=value)
        found = planned(fresh)
        asked |= {told["mem_mb"] for told in found["attribute"][::2]}  # first attempts
        minutes[shards] = [found[name][0]["runtime"] for name in ("attribute", "score_fidelity")]
    assert asked == {4000}
    assert minutes == {100: [240 + 25, 240 + 5], 10: [240 + 250, 240 + 50]}  # 6 s and 1.2 s an image


def test_what_jobs_took_is_noted_where_asked_and_is_no_result(fresh):
    target = "data/digits/manifest.csv"
    fresh.snakemake(target, "--config", "benchmark=true")
    [noted] = (fresh.root / "logs/benchmarks").rglob("*.tsv")
    header, row = noted.read_text().splitlines()
    assert float(dict(zip(header.split("\t"), row.split("\t"), strict=True))["s"]) > 0
    assert "Nothing to be done" in fresh.snakemake(target)
    assert "true or false expected" in fresh.snakemake("-n", "--config", "benchmark=yes", check=False)
    fresh.set("benchmark", to=True)
    assert "params.yaml: benchmark: unknown key" in fresh.snakemake("-n", check=False)
