"""How the memory of each stage grows with the number of images: one experiment at several numbers, with one network.

The workflow runs with two numbers of images. Then the jobs of the larger one see every image several times, under names
of its own: more images than the data set has. About 20 minutes on two cores.
"""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import pandas as pd

from benchmarks.timing import Row, tell
from benchmarks.workflow import again, clone, jobs, one_network
from case_saliency.storage import read_csv, write_csv

SIZES = (50, 450)
"""Images of `digits`; its test split has 450."""
COPIES = 6
"""How often every image of the largest number is there in the run of many."""
NAN = float("nan")
MEMORY = {"max_rss": "max_rss", "peak memory": "peak_mb"}
"""Line of the table -> column: samples of the job, as Snakemake took them; peak of the process, as the kernel tells."""


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    with tempfile.TemporaryDirectory() as name:
        tree = clone(Path(name) / "tree")
        found = {n: _stages(tree, n) for n in SIZES}
        many = _many(tree)
    first, last = found[SIZES[0]], found[SIZES[-1]]
    rows = []
    for stage in [name for name in first.index if name in last.index]:
        for what, column in MEMORY.items():
            tables = [*found.values(), *([many] if column in many and stage in many.index else [])]
            peaks = ", ".join(f"{table.loc[stage, column]:.0f}" for table in tables)
            images = ", ".join(map(str, [*SIZES, COPIES * SIZES[-1]][: len(tables)]))
            rows.append(Row(str(stage), what, NAN, f"{peaks} MB for {images} images"))
    growth = (last["peak_mb"] / first["peak_mb"]).dropna()
    slopes = (many["peak_mb"] - last["peak_mb"]).dropna() / ((COPIES - 1) * SIZES[-1])
    return {"peak_growth_9_fold_images": float(growth.max()), "peak_mb_an_image_of_many": float(slopes.max())}, rows


def _stages(tree: Path, n: int) -> pd.DataFrame:
    """Run the workflow with a number of images; return the peaks by stage."""
    tell(f"{n} images")
    found = one_network(tree, n, tree.parent / f"{n}.jsonl", "benchmark=true")
    found["max_rss"] = [_max_rss(tree, words) for words in found["command"]]
    return found.groupby("stage").agg({"peak_mb": "max", "max_rss": "max"})


def _many(tree: Path) -> pd.DataFrame:
    """Run the jobs behind the selection again, each image of it there several times; return their peaks by stage.

    Scores do not wait for each other, so that two are made at a time.
    """
    tell(f"{COPIES * SIZES[-1]} images")
    [selection] = tree.glob("results/predictions/*/selection.csv")
    rows = read_csv(selection)
    copies = [rows.assign(image_id=rows["image_id"] + f"-{copy}") for copy in range(COPIES)]
    write_csv(pd.concat(copies, ignore_index=True), selection)
    [record] = (tree / "results/provenance/select_images").rglob("selection.csv.json")
    record.unlink()  # it tells of another file
    found = jobs(tree.parent / f"{SIZES[-1]}.jsonl")
    behind = [words for words in found["command"] if "select-images" not in words]
    told = tree.parent / "many.jsonl"
    for is_score, some in groupby(behind, lambda words: any(word.startswith("score-") for word in words)):
        with ThreadPoolExecutor(2 if is_score else 1) as pool:
            list(pool.map(lambda words: again(tree, told, words), some))
    return jobs(told).groupby("stage").agg({"peak_mb": "max"})


def _max_rss(tree: Path, words: Sequence[str]) -> float:
    """Return what Snakemake's benchmark file of a job says, in MB; NaN of a job that ended before a sample."""
    log = Path(words[words.index("--log") + 1])
    file = tree / "logs/benchmarks" / log.relative_to("logs").with_suffix(".tsv")
    return float(pd.read_csv(file, sep="\t", na_values=["-"])["max_rss"].iloc[0])
