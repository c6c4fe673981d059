"""The clock of the benchmark: every moment counts once, and no reading or writing counts as compute."""

import time
from contextlib import contextmanager, suppress
from pkgutil import resolve_name

import pytest

from benchmarks.stage_clock import BOOKED, Clock
from case_saliency import storage
from case_saliency.storage import columns, map_writer, maps, parquet, tables


@pytest.fixture
def spend(monkeypatch):
    """A function that lets the process spend seconds; it spends none otherwise."""
    now = [1.0]
    monkeypatch.setattr(time, "process_time", lambda: now[0])

    def seconds(more: float) -> None:
        now[0] += more

    return seconds


def test_every_reader_and_writer_of_artefacts_is_booked():
    booked = {name.partition(".")[0] for name in BOOKED["case_saliency.storage"]["files"]}
    assert booked == set(storage.__all__) - {"SCHEMA_VERSION", "digest"}
    assert "writing_parquet" in BOOKED[parquet.__name__]["files"]
    for module in (columns, map_writer, maps, tables):
        own = {name for name, found in vars(module).items() if getattr(found, "__module__", "") == module.__name__}
        booked = {name.partition(".")[0] for name in BOOKED[module.__name__]["files"]}
        assert booked == {name for name in own if not name.startswith("_")}


@pytest.mark.parametrize("module", BOOKED)
def test_all_that_is_booked_is_there(module):
    for names in BOOKED[module].values():
        for name in names:
            assert callable(resolve_name(f"{module}:{name}"))


def test_calls_steps_and_contexts_are_booked_on_what_they_are(spend):
    clock = Clock()

    def steps():
        for _ in range(2):
            spend(10)
            yield

    @contextmanager
    def around():
        spend(100)
        yield "found"
        spend(1000)

    for _ in clock.booked(steps, "files")():
        spend(0.5)
    with clock.booked(around, "files")() as found:
        spend(0.25)
    clock.booked(lambda: clock.booked(spend, "imports")(10_000), "files")()
    with suppress(KeyError), clock.booked(around, "files")():
        spend(2)
        raise KeyError
    clock.turn()
    assert found == "found"
    assert clock.busy == ["compute"]
    assert clock.spent == {"start": 1, "files": 20 + 1100 + 100, "imports": 10_000, "compute": 1.25 + 2}
