"""Every file of the workflow in an S3 store: `make test-s3`. The numbers are those of files on this machine."""

import re
from collections.abc import Iterator

import pytest

from tests.workflow.conftest import Project
from tests.workflow.s3_store import KEY, Store, serving

BUCKET, PREFIX = "study", "run"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty S3 store, with credentials where Snakemake looks for them."""
    for name in ("ACCESS", "SECRET"):
        monkeypatch.setenv(f"SNAKEMAKE_STORAGE_S3_{name}_KEY", KEY)
    with serving(BUCKET) as running:
        yield running


def options(store: Store) -> list[str]:
    """How the store is named on the command line."""
    where = f"s3://{BUCKET}/{PREFIX}"
    return [
        *("--default-storage-provider", "s3", "--default-storage-prefix", where),
        *("--storage-s3-endpoint-url", store.url),
    ]


@pytest.mark.s3
@pytest.mark.fault(
    "the store of all files goes away in the middle of the workflow",
    "Connection was closed ... endpoint URL: ..., below Snakemake's traceback; the next run goes on there",
)
def test_the_workflow_leaves_its_results_in_the_store_and_goes_on_there(
    fresh: Project, finished: Project, store: Store
) -> None:
    store.writes_left = 40  # it goes away in the middle
    failed = fresh.snakemake(*options(store), check=False)
    assert re.search(rf'Connection was closed .*"{store.url}/{BUCKET}/{PREFIX}/', failed)
    store.writes_left = None
    kept = store.names(BUCKET)
    said = fresh.snakemake(*options(store))
    assert "predict imagenet-sample" not in said  # was made before
    assert kept < store.names(BUCKET)
    assert "Nothing to be done" in fresh.snakemake("--dry-run", *options(store))
    for folder in ("data", "models", "results/tables"):
        assert not (fresh.root / folder).exists()  # all lies in the store alone
    numbers = {
        name: content for name, content in finished.results().items() if name.endswith((".csv", ".parquet", ".nc"))
    }
    client = store.client()
    for name, content in numbers.items():
        assert client.get_object(Bucket=BUCKET, Key=f"{PREFIX}/{name}")["Body"].read() == content, name


@pytest.mark.s3
def test_the_profile_for_kubernetes_plans_every_job(fresh: Project, store: Store) -> None:
    fresh.set("compute", "device", to="cuda")
    profile = ["--workflow-profile", "profiles/kubernetes", "--storage-s3-endpoint-url", store.url]
    profile += ["--default-storage-prefix", f"s3://{BUCKET}/{PREFIX}"]
    assert fresh.jobs(*profile) == fresh.jobs()
    assert store.names(BUCKET) == set()  # nothing ran
