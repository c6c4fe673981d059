"""Numbers in prose outside the README's results: from tables, benchmarks, dvc.lock or arithmetic."""

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from scipy import stats

from case_saliency import storage
from case_saliency.statistics.multiplicity import holm
from case_saliency.statistics.power import sign_test_critical, sign_test_sample_size
from case_saliency.storage.tables import read_table

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
BENCHMARKS = json.loads((ROOT / "benchmarks/results.json").read_text(encoding="utf-8"))


def page(name):
    return " ".join((DOCS / name).read_text(encoding="utf-8").split())


def table(name, experiment="imagenet-sample"):
    return read_table(DOCS / "results" / experiment / f"{name}.csv")


README = page("../README.md")
LITE0 = table("similarity").query("model == 'efficientnet_lite0' and method == 'case' and measure == 'agreement'")
INPUT, NATIVE = (LITE0[LITE0["resolution"] == of].set_index("k_percent") for of in ("input", "native"))
SIMULATED = page("simulation.md")


def recorded(folder, experiments):
    """Megabytes that dvc.lock records of a folder, of these experiments and their data sets of the same name."""
    sizes = {}
    stages = yaml.load((ROOT / "dvc.lock").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["stages"]
    for stage, entry in stages.items():
        if any(stage.endswith(f"-{name}") for name in experiments):
            sizes |= {out["path"]: out["size"] for out in entry.get("outs", [])}
    return sum(size for path, size in sizes.items() if path.startswith(folder)) / 1e6


def told(pattern, text):
    return [float(number.replace(",", "")) for number in re.search(pattern, text).groups()]


def test_the_readme_tells_the_recorded_sizes():
    numbers = told(r"DVC keeps (\d+) MB of `results/`, (\d+) MB of `models/` and (\d+) MB of `data/`", README)
    assert numbers == pytest.approx(
        [recorded(f"{name}/", PARAMS["run"]) for name in ("results", "models", "data")], rel=0.05
    )


@pytest.mark.parametrize("name", ["imagenet-sample", "digits", "fashion-mnist"])
def test_the_experiments_have_the_recorded_sizes(name):
    assert re.search(rf"\| `{name}` \| [^|]*\| {recorded('', [name]) / 1000:.1f} GB \|", page("experiments.md"))


def test_the_share_of_the_large_methods_follows_from_the_table():
    told = page("experiments.md")
    assert "Without `scorecam` and `integrated_gradients` it is about an eighth of that" in told
    rows = re.findall(r"\| `\w+`(, both layers)? \| ([\d.]+) \| [\d,]+ \| ([\d,]+) \|", told)
    counted = [(float(gflop), float(passes.replace(",", "")), 2 if both else 1) for both, gflop, passes in rows]
    left = sum(gflop * (350 - 200 + 80 * layers) for gflop, _, layers in counted)
    assert left / sum(gflop * passes for gflop, passes, _ in counted) == pytest.approx(1 / 8, rel=0.1)


def test_the_readme_tells_how_much_maps_hold():
    shipped = PARAMS["experiments"]["imagenet-sample"]
    similarity = table("similarity").query("resolution == 'native' and method == 'case' and k_percent == 50")
    cells = 2 * similarity.set_index("model")["n_top"]
    methods = table("agreement").query("role == 'method'")["method"].nunique()
    [images] = set(table("agreement")["n_total"])
    maps = 2 * methods * images
    assert set(cells.index) == set(shipped["models"])
    count, native, large = told(r"the (\d+) maps of .*? hold ([\d.]+) MB of numbers, and would hold (\d+) MB", README)
    assert count == maps * len(cells)
    assert f"{maps * cells.sum() * 4 / 1e6:.1f}" == f"{native}"
    assert round(count * 224**2 * 4 / 1e6) == large
    assert f"one of EfficientNet-Lite0 has {cells['efficientnet_lite0']:.0f} values" in page(
        "decisions/0004-maps-at-native-resolution.md"
    )


def power_sentence():
    cases = ((0.75, 0.05), (0.7, 0.05), (0.7, 0.05 / 60))
    first, fewer, many = (sign_test_sample_size(share, alpha) for share, alpha in cases)
    return f"{first} at α = .05; {fewer} if 70% of images lie below 50, {many} with Holm and 60 tests"


def order_interval(n):
    rank = max(r for r in range(1, n) if 1 - 2 * stats.binom.cdf(r - 1, n, 0.5) >= 0.95)
    return f"For n = {n}: {rank}th to {n + 1 - rank}th value, {1 - 2 * stats.binom.cdf(rank - 1, n, 0.5):.1%}"


def signs(seeds, sides):
    return f"{sides / 2**seeds + 1e-9:.3f}".removeprefix("0").rstrip("0")


def theory(k, cells=49):
    n = cells * k / 100
    whole, part = math.floor(n), n - math.floor(n)
    return f"{100 * (whole**2 + part * (2 * whole + 1)) / (cells * n):.1f}"


def eigen():
    found = table("agreement")
    return {name: found.loc[found["method"] == name, "mean_agreement"] for name in ("eigencam", "sobel")}


def errors():
    digits = read_table(DOCS / "results/trainings.csv").query("experiment == 'digits'")
    words = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    counts = ((1 - digits["heldout_accuracy"]) * 269).round().astype(int)
    return f"269 held-out images leave {words[counts.min()]} to {words[counts.max()]} errors"


def chance_of_reliability():
    found = table("reliability").query("model == 'efficientnet_lite0' and method == 'case' and augmentation == 'all'")
    return f"about {found['chance'].iloc[0]:.0f}% for 7 × 7 maps"


CLAIMS = {record["id"]: record for record in storage.read_json(DOCS / "results/fashion-mnist/claims.json")["claims"]}
HALF = sign_test_critical(18, 0.05)
SE = INPUT.loc[5, "chance_se"]
AUGMENTATIONS = table("reliability")["augmentation"].nunique() - 1
SKEWED = re.search(r"\| skewed: 52% in 50[^|]*\| [\d.]+ \| 0.48 \| 200 \| \*\*([\d.]+)\*\*", SIMULATED)
CARD = next(row["remark"] for row in BENCHMARKS["gpu"]["rows"] if row["what"] == "card")
TORCH = re.search(r"torch (\d+\.\d+)", BENCHMARKS["gpu"]["notes"])[1]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("statistics.md", power_sentence()),
        ("statistics.md", order_interval(18)),
        ("statistics.md", f"at n = 18: {HALF + 1} images below 50, not {HALF}"),
        ("statistics.md", f"(1,000 pairs, standard error {SE:.1f})"),
        ("statistics.md", f"n = {math.floor(224 * 224 * 0.05)} for k = 5 at 224 × 224"),
        ("statistics.md", f"± {stats.t.ppf(0.975, 2):.2f} standard errors, with five ± {stats.t.ppf(0.975, 4):.2f}"),
        ("statistics.md", f"1 / 2³ = {signs(3, 1)} one-sided and {signs(3, 2)} two-sided"),
        ("statistics.md", f"Five seeds reach {signs(5, 1)} and {signs(5, 2)}"),
        ("analyses/reliability.md", f"{SE:.1f} points with 1,000 pairs of 7 × 7 maps at k = 5"),
        ("analyses/reliability.md", chance_of_reliability()),
        ("analyses/reliability.md", f"({math.floor(224 * 222 * 0.05)} of 224 × 222 at k = 5)"),
        ("analyses/reliability.md", f"For each image: {AUGMENTATIONS} forward passes"),
        ("analyses/reliability.md", f"and {AUGMENTATIONS} passes of each family"),
        (
            "analyses/similarity.md",
            "standard errors of {:.1f} to {:.1f})".format(*(INPUT["chance_se"].agg(["min", "max"]))),
        ),
        ("analyses/similarity.md", f"{', '.join(theory(k) for k in (1, 2, 5, 10, 20, 50))} |"),
        ("decisions/0021-fractional-top-sets.md", f"{theory(5)}% for 2.45 of 49"),
        ("decisions/0026-contrast-sets-from-held-out-images.md", errors()),
        (
            "decisions/0028-eigencam-competes-identical-calibrates.md",
            f"about {INPUT.loc[5, 'chance'] // 1:.0f}% at k = 5 from 7 x 7 cells",
        ),
        ("paper-run.md", f"({CARD.split(',')[0]}, PyTorch {TORCH})"),
    ],
)
def test_the_page_says_what_follows(where, said):
    assert said in page(where)


def test_maps_that_are_equal_can_agree_by_less_than_everything():
    assert "falls a little short of 100%, and Sobel's can, too" in page(
        "decisions/0028-eigencam-competes-identical-calibrates.md"
    )
    found = eigen()
    assert (found["eigencam"] < 100).all()
    assert (found["sobel"] < 100).any()
    assert min(part.min() for part in found.values()) > 99


def test_the_signed_rank_test_always_rejects_on_the_skewed_data():
    assert (
        "52% lie just above 50 and 48% far below, H0 is true, and the signed-rank test rejects every time with 200"
        in (page("statistics.md"))
    )
    assert SKEWED[1] == "1.000"


def test_a_million_images_are_planned_in_less_than_a_minute():
    assert "which a plan takes less than a minute for" in page("clusters.md")
    assert BENCHMARKS["planning"]["figures"]["million_jobs_seconds"] < 60


def test_a_stage_of_dvc_has_as_many_lines_as_the_decision_says():
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    stages = len(re.findall(r"^    cmd:", text, re.M))
    [lines] = told(r"some (\d+) lines for each stage", page("decisions/0030-stages-are-written-from-the-snakefile.md"))
    assert len(text.splitlines()) / stages == pytest.approx(lines, rel=0.1)


PAPER = ("case", "gradcam", "gradcam_plus_plus", "layercam", "ablationcam", "scorecam")
EXTENDED = ("hirescam", "xgradcam", "eigencam", "finercam", "case_unpooled", "integrated_gradients")


def turned(rows, p, corrected):
    """Cells whose decision at 5% is another one in the families of the plan."""
    found = []
    for methods in (PAPER, EXTENDED):
        family = rows[rows["method"].isin(methods) & rows[p].notna()]
        planned = family.assign(planned=holm(family[p].to_numpy(dtype=float)))
        found.append(planned[(planned["planned"] < 0.05) != (planned[corrected] < 0.05)])
    return pd.concat(found)


def test_the_deviation_of_holms_families_is_told_as_it_is():
    plan = page("analysis-plan.md")
    names = ("imagenet-sample", "digits", "fashion-mnist")
    first = pd.concat([turned(table("agreement", name), "p_sign", "p_holm") for name in names])
    cells = first.set_index(["experiment", "model", "method", "seed"]).sort_index()
    assert list(cells.index) == [
        ("digits", "densenet_small", "case", 2),
        ("digits", "densenet_small", "gradcam", 2),
        ("imagenet-sample", "efficientnet_lite0", "hirescam", 0),
    ]
    (a, b, c), (d, e, f) = ([f"{p:.3f}"[1:] for p in cells[name]] for name in ("planned", "p_holm"))
    assert f"RQ1: {len(cells)} cells, CASE and Grad-CAM in one training of the DenseNet of `digits` ({a} and" in plan
    assert f"({a} and {b} instead of {d} and {e})" in plan
    assert f"HiResCAM on EfficientNet-Lite0 of `imagenet-sample` ({c} instead of {f})" in plan
    counts = {}
    for p, corrected in (("p_vs_case", "p_holm"), ("p_superior", "p_superior_holm")):
        for name in names:
            rows = table("fidelity", name).query("measure == 'drop_relative_clipped' and fill == 'mean'")
            parts = [turned(part, p, corrected) for _, part in rows.groupby("k_percent")]
            found = pd.concat(parts)
            assert (found["planned"] < 0.05).all()  # rejected by the plan's families, not the other way round
            counts[corrected, name] = len(found)
            if (corrected, name) == ("p_superior_holm", "fashion-mnist"):
                [claimed] = found[found["method"].isin(PAPER)].to_dict("records")
    both = {kind: [counts[kind, name] for name in names[1:]] for kind in ("p_holm", "p_superior_holm")}
    (digits, large), (more, most) = both.values()
    assert f"{digits + large} differences from CASE (`p_holm`), {digits} of them on `digits` and {large} on" in plan
    assert (
        f"{more + most} one-sided tests (`p_superior_holm`), {more} on `digits` and {most} on `fashion-mnist`" in plan
    )
    assert counts["p_holm", names[0]] == counts["p_superior_holm", names[0]] == 0
    assert (claimed["method"], claimed["model"], claimed["k_percent"]) == ("gradcam_plus_plus", "resnet_small", 50)
    assert CLAIMS["C8"]["verdict"] == "partly"
    assert {part["state"] for part in CLAIMS["C8"]["parts"]} >= {"holds", "contradicted"}  # one more changes nothing
