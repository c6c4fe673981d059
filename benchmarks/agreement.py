"""Agreement: the whole sweep of k, exact under ties, beside sets of coordinates as in the authors' code.

And all measures of likeness, which are the most expensive scores of the stages without a network.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.timing import Row, in_turns, ratio, tell
from case_saliency.attribution.resample import upsample
from case_saliency.attribution.seeding import generator
from case_saliency.diagnostic.agreement import score_agreement
from case_saliency.diagnostic.similarity import score_similarity
from case_saliency.diagnostic.topk import top_size

SIZE = (224, 224)
K_PERCENTS = (1, 2, 5, 10, 20, 50)
PAIRS, PEERS_PAIRS = 1000, 10
SIMILAR_PAIRS = 64
_NAME = "7 x 7 maps, 224 x 224"


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    tell("agreement over six k")
    maps = np.maximum(generator(0, "agreement").normal(size=(PAIRS, 2, 7, 7)), 0).astype(np.float32)
    few = maps[:PEERS_PAIRS]
    in_turns({"ours": lambda: scores(few), "sets": lambda: by_sets(few[:1])}, 1)  # caches and libraries
    turns = in_turns({"ours": lambda: scores(maps), "sets": lambda: by_sets(few)}, 5)
    ours, sets = ([seconds / n for seconds in turns[name]] for name, n in (("ours", PAIRS), ("sets", PEERS_PAIRS)))
    tell("similarity")
    alike = {"native": lambda: similarities(maps[:SIMILAR_PAIRS]), "input": lambda: similarities(pixels)}
    pixels = generator(0, "similarity").random((SIMILAR_PAIRS, 2, *SIZE), dtype=np.float32)
    pair = {name: np.array(seconds) / SIMILAR_PAIRS for name, seconds in in_turns(alike, 3).items()}
    figures = {
        "similarity_pair_seconds": float(np.median(pair["native"])),
        "similarity_pair_of_pixels_seconds": float(np.median(pair["input"])),
        "agreement_1000_pairs_seconds": float(np.median(turns["ours"])),
        "agreement_speedup": ratio(sets, ours),
    }
    what = f"agreement at k = {', '.join(map(str, K_PERCENTS))}"
    told = f"agreement at {len(K_PERCENTS)} k and two resolutions, rank correlation, SSIM"
    return figures, [
        Row(_NAME, told, float(np.median(pair["native"])), f"{SIMILAR_PAIRS} pairs"),
        Row("224 x 224 maps", told, float(np.median(pair["input"])), f"{SIMILAR_PAIRS} pairs"),
        Row(_NAME, f"{what}, exact under ties", float(np.median(ours)), f"{PAIRS} pairs, upsampling included"),
        Row(_NAME, f"{what}, sets of coordinates", float(np.median(sets)), f"{PEERS_PAIRS} pairs, upsampling included"),
    ]


def scores(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return (N, K) agreement as the study computes it, degenerate maps found on the way."""
    table = score_agreement(maps, **_images(len(maps)), k_percents=K_PERCENTS)
    return table["agreement"].to_numpy().reshape(len(maps), -1)


def similarities(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return all measures of likeness of all pairs, as stage `score-similarity` computes them."""
    return score_similarity(maps, **_images(len(maps)), k_percents=K_PERCENTS)["value"].to_numpy()


def _images(n: int) -> dict[str, Any]:
    targets, qualified = np.tile([0, 1], (n, 1)), np.ones(n, dtype=np.bool_)
    return {"image_ids": list(map(str, range(n))), "targets": targets, "qualified": qualified, "input_size": SIZE}


def by_sets(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return (N, K) agreement from sets of (row, column), made anew for each k from a sort of both maps."""
    found = []
    for first, second in upsample(maps, SIZE):
        for k in K_PERCENTS:
            n = top_size(first.size, k)
            found.append(100 * len(_coordinates(first, n) & _coordinates(second, n)) / n)
    return np.array(found).reshape(len(maps), -1)


def _coordinates(values: npt.NDArray[np.float32], n: int) -> set[tuple[int, ...]]:
    rows, columns = np.unravel_index(np.argsort(values.ravel())[-n:], values.shape)
    return _pairs(rows.tolist(), columns.tolist())


def _pairs(rows: Sequence[int], columns: Sequence[int]) -> set[tuple[int, ...]]:
    return set(zip(rows, columns, strict=True))
