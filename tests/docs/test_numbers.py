"""Numbers of results that stand in the prose of docs/ are those of the published tables and of the benchmarks.

Pages that a command writes as a whole, or between markers, are tested elsewhere; what the README says, by test_readme.
"""

import json
import re
from pathlib import Path

import pytest
import torch
from scipy import stats

from case_saliency.models import building, zoo
from case_saliency.storage.tables import read_table

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WRITTEN = ("results/", "scaling.md", "simulation", "clusters-overhead.md")
"""Pages that a command writes."""
SETTINGS = {
    "training.md": ["at most every 20 s"],
    "decisions/0020-training-resumes-to-equal-bytes.md": ["at most one epoch or 20 s"],
}
"""Times that are chosen, not measured; those of docs/experiments.md are tested by test_experiments."""
_TIME = re.compile(r"\d[\d.,]*\s?(?:ms|s|sec|seconds|minutes|min|hours|h|days) *(?![\w-])")


def table(name, experiment="imagenet-sample"):
    return read_table(DOCS / "results" / experiment / f"{name}.csv")


def page(name):
    return " ".join((DOCS / name).read_text(encoding="utf-8").split())


def lite0(name, **values):
    """The rows of EfficientNet-Lite0 with these values."""
    found = table(name)
    for column, value in ({"model": "efficientnet_lite0"} | values).items():
        found = found[found[column] == value]
    return found


def power(share):
    """Of the sign test at 5%, with 18 images of which `share` lie below the threshold."""
    least = next(count for count in range(19) if stats.binom.sf(count - 1, 18, 0.5) < 0.05)
    return f"{stats.binom.sf(least - 1, 18, share):.2f}".removeprefix("0")


SWEEP = lite0("similarity", measure="agreement", resolution="input").set_index(["method", "k_percent"])
NATIVE = lite0("similarity", measure="agreement", resolution="native", method="case").set_index("k_percent")
[SSIM] = lite0("similarity", measure="ssim", method="case")["chance"]
CONTRAST = lite0("contrast", source="logits", combined="mean").set_index("k")["median_agreement"]
MEASURED = json.loads((ROOT / "benchmarks/results.json").read_text())
RUN, RECORDED = MEASURED["workflow"]["figures"], MEASURED["provenance"]["figures"]


def chance(rows):
    return " | ".join(f"{rows.loc[k, 'chance']:.1f}" for k in (1, 2, 5, 10, 20, 50))


def medians(method):
    return " | ".join(f"{SWEEP.loc[(method, k), 'median']:.1f}" for k in (1, 2, 5, 10, 20))


def diagnosed(method):
    [row] = lite0("agreement", method=method).to_dict("records")
    p = f"{row['p_wilcoxon']:.4f}"
    return rf"{method} +{row['median_agreement']:.1f} +{row['ci_low']:.0f} to {row['ci_high']:.0f} +{p}"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("analyses/similarity.md", f"| input | {chance(SWEEP.loc['case'])} | none |"),
        ("analyses/similarity.md", f"| native | {chance(NATIVE)} |"),
        ("analyses/similarity.md", f"({SSIM:.2f} for 7 × 7)"),
        ("statistics.md", f"uniform noise share {SWEEP.loc[('case', 5), 'chance']:.1f}% at k = 5"),
        ("statistics.md", f"is {power(0.6)}, {power(0.7)}, {power(0.75)} and {power(0.8)} if 60, 70, 75 and 80%"),
        ("versioning.md", f"| CASE | {medians('case')} |"),
        ("versioning.md", f"| Grad-CAM | {medians('gradcam')} |"),
        ("versioning.md", f"| Random | {medians('random')} |"),
        (
            "provenance.md",
            f"It is about {RECORDED['record_share_of_attribution']:.0%} of the processor time of an attribution",
        ),
        (
            "decisions/0007-contrast-set-from-logits.md",
            f"agreement of CASE on EfficientNet-Lite0 is {CONTRAST[5]:.1f}% instead of {CONTRAST[3]:.1f}%",
        ),
    ],
)
def test_the_page_says_what_the_table_says(where, said):
    assert said in page(where)


@pytest.mark.parametrize("method", ["gradcam", "case"])
def test_the_printed_example_of_the_diagnosis_has_the_rows_of_the_experiment(method):
    assert re.search(diagnosed(method), (DOCS / "diagnose.md").read_text(encoding="utf-8"))


def test_the_networks_classify_as_many_photographs_as_the_page_says():
    found = table("agreement").groupby("model")[["n_total", "n_excluded_misclassified"]].first()
    [correct] = set(found["n_total"] - found["n_excluded_misclassified"])
    [total] = set(found["n_total"])
    assert f"({correct} of {total} photographs are classified correctly by each network below)" in page("data.md")
    rows = re.findall(r"^\| `(efficientnet_lite\d)` .*\| (\d+) \|$", (DOCS / "data.md").read_text(), re.M)
    assert {name: int(number) for name, number in rows} == dict.fromkeys(found.index, correct)


@pytest.mark.parametrize("name", ["resnet_small", "vgg_small", "densenet_small", "convnext_small"])
def test_the_small_networks_have_as_many_weights_as_the_page_says(name):
    with torch.device("meta"):
        network = building.build(zoo.find(name), 10)
    weights = sum(parameter.numel() for parameter in network.parameters())
    assert re.search(rf"^\| `{name}` \|.*\| {weights:,} \|", (DOCS / "models.md").read_text(), re.M)


def test_the_shares_of_the_simulation_are_quoted_as_they_are():
    simulated = (DOCS / "simulation-clusters.md").read_text(encoding="utf-8")

    def covered(pairs, images):
        found = re.search(rf"^\| {pairs} \| {images} \| 50% \| ([\d.]+) \| ([\d.]+) \|", simulated, re.M)
        return [f"{100 * float(value):.0f}%" for value in found.groups()]

    exact, over_pairs = covered(10, 10)
    told = f"it holds the true median in {exact} of samples instead of 95%, and the interval over pairs in {over_pairs}"
    assert told in page("statistics.md")
    few = [re.search(rf"^\| {n} \| 6 \| 0% \| [\d.]+ \| ([\d.]+) \|", simulated, re.M)[1] for n in (3, 5)]
    assert "it covers {:.0f}% with 3 and {:.0f}% with 5".format(*(100 * float(value) for value in few)) in (
        page("statistics.md")
    )


def test_the_decision_on_units_quotes_the_simulation():
    simulated = (DOCS / "simulation-clusters.md").read_text(encoding="utf-8")
    clusters = re.search(r"^\| 3 \| 6 \| 0% \| [\d.]+ \| ([\d.]+) \|", simulated, re.M)[1]
    # networks, images, sd networks, sd images, sd rest, other images, other networks, both
    rows = re.findall(r"^\| 2 \|" + r" [\d.]+ \|" * 6 + r" ([\d.]+) \|$", simulated, re.M)
    told = page("decisions/0022-what-is-a-unit.md")
    assert f"(3 clusters cover {float(clusters):.0%} instead of 95%)" in told
    assert f"the interval for other networks and images covers {min(map(float, rows)):.0%}" in told


def test_hashing_is_the_smaller_part_of_an_audit_of_the_default_run_and_the_larger_one_of_large_files():
    assert "Of the audit of the default run it is the smaller part" in page("provenance.md")
    assert "of two gigabytes in large files hashing is the larger part" in page("provenance.md")
    assert RECORDED["audit_of_results_hashing_share"] < 0.5 < RECORDED["audit_of_a_large_tree_hashing_share"]


def test_the_readme_tells_the_measured_time_of_the_default_run():
    told = re.search(r"The study: (\d+) minutes on two cores, (\d+) minutes of processor time", page("../README.md"))
    wall, processor = (RUN[f"default_{name}"] for name in ("minutes_on_two_cores", "cpu_minutes"))
    assert abs(int(told[1]) - wall) < 0.5
    assert abs(int(told[2]) - processor) < 1


@pytest.mark.parametrize(
    "name",
    [
        file.relative_to(DOCS).as_posix()
        for file in sorted(DOCS.rglob("*.md"))
        if not file.relative_to(DOCS).as_posix().startswith(WRITTEN) and file.name != "experiments.md"
    ],
)
def test_no_other_page_states_a_measured_time(name):
    text = re.sub(r"<!-- (\S+):begin -->.*?<!-- \1:end -->|```.*?```", "", page(name), flags=re.DOTALL)
    for chosen in SETTINGS.get(name, []):
        assert chosen in text
        text = text.replace(chosen, "")
    assert _TIME.findall(text) == []
