import pandas as pd
import pytest

from case_saliency.report.content import Settings
from case_saliency.report.evidence.similarity import similarity


def row(method, measure, resolution, k, above, mean, low, high, verdict="", chance=8.0):
    return {
        "model": "resnet50", "seed": 0, "layer": "last_conv", "method": method, "measure": measure,
        "resolution": resolution, "k_percent": k, "above_chance": above, "mean": mean, "mean_ci_low": low,
        "mean_ci_high": high, "n": 9, "chance": chance, "verdict": verdict,
    }  # fmt: skip


@pytest.fixture
def table() -> pd.DataFrame:
    """CASE: low at the peak, alike as a whole. HiResCAM: low throughout. LayerCAM: high. Random: below chance."""
    rows = []
    for method, top, wide, rho, interval, verdict in (
        ("case", 0.05, 0.45, 0.6, (4, 20), "class-sensitive"),
        ("hirescam", 0.05, 0.1, 0.6, (9, 20), "class-sensitive"),
        ("layercam", 0.6, 0.7, 0.8, (50, 70), "insensitive"),
        ("random", -0.05, 0.0, 0.0, (1, 7), "class-sensitive"),
    ):
        native = "undecided" if method == "hirescam" else verdict
        rows += [
            row(method, "agreement", "input", 5.0, top, 10.0, *interval, verdict),
            row(method, "agreement", "input", 50.0, wide, 60.0, 55.0, 70.0, "insensitive", 50.0),
            row(method, "agreement", "input", 100.0, None, 100.0, 100.0, 100.0, "insensitive", 100.0),
            row(method, "agreement", "native", 5.0, top, 10.0, *interval, native),
            row(method, "spearman", "input", None, rho, rho, rho - 0.1, rho + 0.1, chance=0.0),
        ]
    return pd.DataFrame(rows)


def test_peaks_resolution_and_chance_are_judged_by_rule(table) -> None:
    numbers, peaks, native, chance = similarity(table, Settings())
    assert "the two maps of CASE are at 0.05 in their top 5% and at 0.45 in their top 50%" in numbers
    assert numbers.endswith("all pixels is 0.60.")
    assert peaks.startswith("Class-sensitive at the top 5%: on the one network CASE; HiResCAM; Random.")
    assert peaks.endswith("above chance): on the one network CASE.")
    assert native.endswith("is the same in 3 of 4 cases; it is another one on the one network HiResCAM.")
    assert "their level, 8.0%): on the one network CASE. Below it: on the one network Random." in chance


def test_low_throughout_is_no_statement_about_peaks(table) -> None:
    flat = table.assign(mean_ci_low=table["mean_ci_low"].mask(table["measure"] == "spearman", -0.1))
    assert similarity(flat, Settings())[1].endswith("above chance): none.")


def test_the_nearest_k_of_the_sweep_stands_for_the_diagnostics(table) -> None:
    assert "in their top 50% and at 0.45 in their top 50%" in similarity(table, Settings(k_percent=40.0))[0]


def test_without_the_reference_nothing_is_said_of_it(table) -> None:
    found = similarity(table, Settings(reference="xgradcam"))
    assert len(found) == 3
