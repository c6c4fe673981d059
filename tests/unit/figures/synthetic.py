"""Plausible tables, scores and maps with known values, for the tests of figures and report."""

import numpy as np
import pandas as pd

METHODS = ("gradcam", "gradcam_plus_plus", "hirescam", "layercam", "case", "case_unpooled", "random", "sobel")
CONTROLS = ("random", "sobel")
MODELS = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
CENTRES = dict(zip(METHODS, (45, 52, 13, 62, 10, 9, 4, 100), strict=True))


def agreement_scores(n: int = 18) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for model in MODELS:
        for method in METHODS:
            spread = rng.normal(0, 14, n) if method not in CONTROLS else rng.normal(0, 0.5, n)
            for index, value in enumerate(np.clip(CENTRES[method] + spread, 0, 100)):
                rows.append(
                    {
                        "experiment": "imagenet-sample", "model": model, "seed": 0, "layer": "last_conv",
                        "method": method, "image_id": f"image_{index:02d}", "k_percent": 5.0,
                        "agreement": float(value), "degenerate": "", "qualified": True,
                    }
                )  # fmt: skip
    table = pd.DataFrame(rows)
    extra = table[table["image_id"].isin(["image_00", "image_01"])].assign(
        image_id=lambda part: "missed_" + part["image_id"], qualified=False
    )
    return pd.concat([table, extra], ignore_index=True)


def agreement_table(scores: pd.DataFrame) -> pd.DataFrame:
    rows = []
    keys = ["model", "method"]
    for (model, method), part in scores[scores["qualified"]].groupby(keys, sort=False):
        values = np.sort(part["agreement"].to_numpy())
        low, high = values[4], values[13]
        verdict = "class-sensitive" if high < 50 else "insensitive" if low > 50 else "undecided"
        rows.append(
            {
                "experiment": "imagenet-sample", "dataset": "imagenet-sample", "model": model, "seed": 0,
                "layer": "last_conv", "method": method, "k_percent": 5.0, "n": len(values),
                "median_agreement": float(np.median(values)), "ci_low": float(low), "ci_high": float(high),
                "ci_level": 0.9691, "mean_agreement": float(values.mean()),
                "mean_ci_low": float(low), "mean_ci_high": float(high), "hodges_lehmann": float(np.median(values)),
                "rank_biserial": 0.0, "verdict_if_insensitive": verdict, "verdict_if_sensitive": verdict,
                "n_for_power80": 28, "p_wilcoxon": 0.35 if low > 20 else 0.0002,
                "p_sign": 0.4073 if low > 20 else 0.00007, "p_holm": float("nan") if method in CONTROLS else 0.01,
                "verdict": verdict, "role": "control" if method in CONTROLS else "method",
                "rejects_paper": bool(low <= 20), "power": 0.7175, "degenerate_rate": 0.0, "n_degenerate": 0,
                "n_excluded_misclassified": 2, "n_total": 20, "n_pairs_of_classes": 17,
                "cluster_ci_low": float(low), "cluster_ci_high": float(high), "fragile": False,
                "median_agreement_paper": float(np.median(values)), "p_wilcoxon_paper": 0.35 if low > 20 else 0.0002,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def fidelity_table(ks: tuple[float, ...] = (5.0, 50.0)) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = []
    for model in MODELS:
        for k in ks:
            for measure in ("drop_absolute", "drop_relative", "drop_relative_clipped"):
                for method in METHODS:
                    mean = (0.13 if k < 10 else 0.6) * (0.15 if method in CONTROLS else 1) + rng.normal(0, 0.01)
                    case = method == "case"
                    rows.append(
                        {
                            "experiment": "imagenet-sample", "dataset": "imagenet-sample", "model": model, "seed": 0,
                            "layer": "last_conv", "method": method, "test": "confidence_drop", "measure": measure,
                            "fill": "mean", "k_percent": k, "n": 18, "mean": mean, "sd": 0.2, "ci_low": mean - 0.1,
                            "ci_high": mean + 0.1, "difference_to_case": 0.0 if case else 0.01,
                            "p_vs_case": float("nan") if case else 0.4 + rng.uniform(0, 0.5),
                            "p_holm": float("nan") if case or method in CONTROLS else 1.0,
                            "p_tost": float("nan") if case else 0.3, "equivalent": False,
                            "least_margin": float("nan") if case else 0.08,
                            "p_noninferior": float("nan") if case else 0.1,
                            "p_superior": float("nan") if case else 0.2,
                            "p_superior_holm": float("nan") if case or method in CONTROLS else 1.0,
                            "role": "control" if method in CONTROLS else "method", "n_total": 20,
                            "n_excluded_misclassified": 2, "n_degenerate": 0,
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)


RANKS = dict(zip(METHODS[:6], (4.25, 5.5, 2.75, 5.0, 2.0, 1.5), strict=True))
GROUPS = dict(zip(METHODS[:6], ("bc", "c", "ab", "c", "a", "a"), strict=True))


def ranks_table() -> pd.DataFrame:
    rows = [
        {
            "experiment": "imagenet-sample", "dataset": "imagenet-sample", "model": model, "seed": 0,
            "layer": "last_conv", "method": method, "k_percent": 5.0, "n": 18, "n_incomplete": 0,
            "n_methods": len(RANKS), "mean_rank": rank, "statistic_friedman": 68.0, "p_friedman": 1e-12,
            "critical_difference": 1.777, "groups": GROUPS[method],
        }
        for model in MODELS
        for method, rank in RANKS.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def pooled_table() -> pd.DataFrame:
    return pd.DataFrame([_pooled(method, "all", "networks", None, 3) for method in CENTRES])


def seeds_table(models: tuple[str, ...] = MODELS, n_seeds: int = 3) -> pd.DataFrame:
    """A pooled table of networks with several seeds: their means lie at the centre, and one apart from each other."""
    rows = pooled_table().to_dict("records")
    for model in models:
        for method in CENTRES:
            rows.append(_pooled(method, model, "seeds", None, n_seeds))
            for seed in range(n_seeds):
                apart = seed - (n_seeds - 1) / 2
                rows.append(_pooled(method, model, "images", seed, 1, apart))
    return pd.DataFrame(rows)


def _pooled(method: str, model: str, over: str, seed: int | None, n_seeds: int, apart: float = 0.0) -> dict:
    mean, control = CENTRES[method] + apart, method in CONTROLS
    ends = {f"ci_{name}_{end}": mean + (-9 if end == "low" else 9) for name in ("images", "units", "both")
            for end in ("low", "high")}  # fmt: skip
    return {
        "experiment": "imagenet-sample", "dataset": "imagenet-sample", "model": model, "seed": seed,
        "layer": "last_conv", "method": method, "k_percent": 5.0, "pooled_over": over,
        "n_units": 1 if over == "images" else 3, "n_seeds": n_seeds, "n": 16, "n_incomplete": 3,
        "mean_agreement": float(mean), **ends, "sd_units": 1.0, "sd_images": 14.0, "sd_residual": 5.0,
        "role": "control" if control else "method", "n_rejects_paper": n_seeds if mean < 40 else 0,
        "n_rejects_holm": float("nan") if control else float(n_seeds - 1 if mean < 40 else 0),
        "n_class_sensitive": n_seeds if mean < 40 else 0, "n_undecided": 0 if mean < 40 else n_seeds,
        "n_insensitive": 0, "median_lowest": mean - 2, "median_highest": mean + 2,
    }  # fmt: skip


def photograph(seed: int, size: int = 64) -> np.ndarray:
    y, x = np.mgrid[:size, :size] / size
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.2, 0.8, 2)
    disc = ((x - a) ** 2 + (y - b) ** 2 < 0.04)[..., None]
    sky = np.stack([120 + 80 * y, 150 + 60 * (1 - y), 210 - 90 * y], axis=-1)
    return np.where(disc, [200, 90, 40], sky).astype(np.uint8)


def maps(seed: int, size: int = 64) -> dict[str, np.ndarray]:
    y, x = np.mgrid[:size, :size] / size
    rng = np.random.default_rng(100 + seed)
    found = {}
    for method in METHODS:
        centres = rng.uniform(0.2, 0.8, (2, 2))
        found[method] = np.stack([np.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.03) for a, b in centres]).astype(np.float32)
    found["hirescam"][1] = 0
    return found


def cross_deletion_table(ks: tuple[float, ...] = (5.0, 50.0)) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = []
    for model in MODELS:
        for k in ks:
            for position, method in enumerate(METHODS):
                mean = 0.0 if method == "sobel" else k / 50 + rng.normal(0, 0.2)
                width = 0.0 if method == "sobel" else 0.4
                rows.append(
                    {
                        "experiment": "imagenet-sample", "dataset": "imagenet-sample", "model": model, "seed": 0,
                        "layer": "last_conv", "method": method, "fill": "mean", "k_percent": k, "n": 18,
                        "interaction": mean, "ci_low": mean - width, "ci_high": mean + width,
                        "joint_verdict": ("class-specific", "undecided", "not class-specific")[position % 3],
                        "role": "control" if method in CONTROLS else "method",
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def curves(names: tuple[str, ...] = ("deletion", "insertion")) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean curves and their areas; the confidence of a method is its position in METHODS at every step, over 10."""
    cells = [(model, name, position) for model in MODELS for name in names for position in range(len(METHODS))]
    common = {"experiment": "imagenet-sample", "dataset": "imagenet-sample", "seed": 0, "layer": "last_conv"}
    points, areas = [], []
    for model, name, position in cells:
        method = METHODS[position]
        cell = {**common, "model": model, "method": method, "test": name, "fill": "mean", "n": 18}
        cell["role"] = "control" if method in CONTROLS else "method"
        ends = {"ci_low": position / 10 - 0.05, "ci_high": position / 10 + 0.05}
        points += [{**cell, "step": s, "fraction": s / 4, "mean_confidence": position / 10, **ends} for s in range(5)]
        areas += [{**cell, **ends, "measure": measure, "mean": position / 10} for measure in ("auc", "auc_other")]
    return pd.DataFrame(points), pd.DataFrame(areas)


def randomisation_table() -> pd.DataFrame:
    """Three steps after the intact network; controls stay at 1."""
    rng = np.random.default_rng(3)
    rows = []
    for model in MODELS:
        for method in METHODS:
            control = method in CONTROLS
            for measure in ("rank_correlation", "ssim"):
                for step, share in enumerate((0.0, 0.28, 0.997, 1.0)):
                    mean = 1.0 if control or not step else float(rng.uniform(-0.2, 0.4))
                    width = 0.0 if control or not step else 0.2
                    rows.append(
                        {
                            "experiment": "imagenet-sample", "dataset": "imagenet-sample", "model": model, "seed": 0,
                            "layer": "last_conv", "method": method, "step": step, "share": share, "measure": measure,
                            "n": 5, "mean": mean, "ci_low": mean - width, "ci_high": mean + width,
                            "between_images": 0.0 if control else 0.35, "role": "control" if control else "method",
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)
