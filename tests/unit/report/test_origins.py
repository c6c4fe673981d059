from case_saliency.provenance.audit.graph import graph
from case_saliency.provenance.audit.reading import Entry, Run
from case_saliency.report.origins import Origins, origins


def run(stage, number, inputs, outputs, commit="a" * 40, dirty=False):
    def entries(paths):
        return tuple(Entry("file", path, "00", 1) for path in paths)

    ended = f"2026-01-01T00:00:0{number}"
    return Run(
        record=f"{stage}/{number}.json", record_sha256="", id=f"{stage}-{number}", stage=stage, status="completed",
        command=(), parameters={}, inputs=entries(inputs), outputs=entries(outputs), code={}, started=ended,
        ended=ended, commit=commit, dirty=dirty, diff_sha256=None, workflow=None, params_sha256=None,
        lock_sha256=None, environment="e" * 64, seeds={}, machine={"processor": "P", "cores": 2, "gpus_used": ["G"]},
        versions={"python": "3.11.7"},
    )  # fmt: skip


RUNS = [
    run("attribute", 1, [], ["a.nc"]),
    run("attribute", 2, [], ["b.nc"]),
    run("plot", 3, ["a.nc", "b.nc"], ["figure.png"], commit="b" * 40, dirty=True),
    run("plot", 4, [], ["other.png"]),
]


def test_a_chain_tells_stages_back_to_the_first():
    found = origins(graph(RUNS), ["figure.png", "unknown.png"])
    [chain] = found.chains
    assert (chain.figure, chain.record_id) == ("figure.png", "plot-3")
    assert chain.steps == (("plot", 1, "plot-3"), ("attribute", 2, "attribute-2, attribute-1"))


def test_places_are_told_once_with_the_number_of_runs():
    found = origins(graph(RUNS), ["figure.png"])
    assert [(place.runs, place.commit) for place in found.places] == [
        (2, "a" * 12),
        (1, f"{'b' * 12} with uncommitted changes"),
    ]
    assert {(place.processor, place.gpus, place.python) for place in found.places} == {("P, 2 cores", "G", "3.11.7")}


def test_without_records_there_is_nothing_to_tell():
    assert origins(graph([]), ["figure.png"]) == Origins()
