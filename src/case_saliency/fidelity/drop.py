"""Confidence drop: how far a class's confidence falls when the top-k% pixels of a map are replaced.

With c the softmax confidence of the explained class on the image and c' on the ablated image: absolute ``c - c'``,
relative ``(c - c') / c``, relative clipped ``max(c - c', 0) / c``; with its logit y: ``y - y'``. Source: CASE (arXiv
2506.07327), section 4.3. Where maps of two classes are given, the other class is followed through the same passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from case_saliency.attribution.resample import upsample
from case_saliency.diagnostic import degenerate
from case_saliency.diagnostic.topk import FloatArray, top_size
from case_saliency.errors import CaseSaliencyError
from case_saliency.fidelity.batch import Batch, PerturbationTest
from case_saliency.fidelity.confidence import Pass, follow
from case_saliency.fidelity.fills import FILLS
from case_saliency.fidelity.pairs import TARGETS, own_and_other
from case_saliency.fidelity.perturb import fill_generator, tie_order, top_mask

COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "image_id", "target", "class_index", "test"),
    *("fill", "k_percent", "n_removed", "confidence", "confidence_ablated"),
    *("drop_absolute", "drop_relative", "drop_relative_clipped", "logit", "logit_ablated", "drop_logit"),
    *("other_class", "confidence_other", "confidence_other_ablated", "logit_other", "logit_other_ablated"),
    *("degenerate", "qualified", "reason"),
)
"""Columns of the table of fidelity scores; `ConfidenceDrop` fills those from `method` on."""


@dataclass(frozen=True, kw_only=True)
class ConfidenceDrop(PerturbationTest):
    """The confidence-drop test; see `PerturbationTest` for its call.

    Attributes
    ----------
    k_percents, fills
        Shares of pixels to remove, and names in `fills.FILLS` of what replaces them.
    """

    k_percents: Sequence[float]
    fills: Sequence[str]

    def __post_init__(self) -> None:
        unknown = [name for name in self.fills if name not in FILLS]
        if unknown:
            raise CaseSaliencyError(f"fidelity.fill: unknown {unknown}; choose from {sorted(FILLS)}")

    def measure(self, batch: Batch) -> pd.DataFrame:
        """Measure the drop of every image, method, target, k and fill.

        Returns
        -------
        pandas.DataFrame
            `COLUMNS` from `method` on, one row for each image, method, target, k and fill; exactly `n_removed` pixels
            go. A map that ranks no pixels (zero, constant, nan) has NaN for what follows from its ablation. Small
            support is marked but measured, with ties broken in the seeded order. Where maps mark the same pixels, one
            pass answers for all of them. With one target, `other_class` is -1 and what belongs to it NaN.
        """
        images, maps, image_ids, class_index, qualified = batch
        table = self._settings(maps, image_ids, images.shape[-2:])
        shape = (len(image_ids), len(maps), class_index.shape[1], len(self.k_percents), len(self.fills))
        rows = np.arange(len(table)).reshape(shape)
        image, _, target, _, _ = (axis.ravel() for axis in np.indices(shape))
        classes = own_and_other(class_index)[image, target]
        table["class_index"] = classes[:, 0]
        table["other_class"] = classes[:, 1] if classes.shape[1] == 2 else -1
        table["qualified"] = qualified[image]
        table["reason"] = np.where(table["qualified"], "", "misclassified")
        kept = np.flatnonzero(qualified).tolist()
        whole = (Pass(image_ids[i], rows[i].ravel(), images[i]) for i in kept)
        before = follow(whole, classes, self.predict_logits, self.batch_size)
        ablated = (one for i in kept for one in self._ablated(images[i], image_ids[i], maps, i, rows[i]))
        after = follow(ablated, classes, self.predict_logits, self.batch_size)
        return _with_drops(table, before, after)

    def _settings(self, maps: Mapping[str, FloatArray], image_ids: Sequence[str], size: Sequence[int]) -> pd.DataFrame:
        """Return the rows without measurements, in the order image, method, target, k, fill."""
        height, width = size
        codes = {}
        for method, native in maps.items():
            for t, target in enumerate(TARGETS[: native.shape[1]]):
                base = degenerate.classify(native[:, t])
                ranked = np.flatnonzero(~degenerate.unranked(base))
                values = upsample(native[ranked, t], (height, width)).reshape(len(ranked), height * width)
                for k in self.k_percents:
                    codes[method, target, k] = base.copy()
                    codes[method, target, k][ranked] = degenerate.small_support(values, top_size(height * width, k))
        return pd.DataFrame(
            [
                {
                    "method": method,
                    "image_id": image_id,
                    "target": target,
                    "test": "confidence_drop",
                    "fill": fill,
                    "k_percent": float(k),
                    "n_removed": top_size(height * width, k),
                    "degenerate": degenerate.KINDS[codes[method, target, k][i]],
                }
                for (i, image_id), (method, target, k), fill in product(enumerate(image_ids), codes, self.fills)
            ],
            columns=list(COLUMNS),
        )

    def _ablated(
        self, image: torch.Tensor, image_id: str, maps: Mapping[str, FloatArray], i: int, rows: npt.NDArray[np.intp]
    ) -> Iterator[Pass]:
        """Yield the ablated copies of image `i` one at a time; `rows` is indexed (method, target, k, fill).

        Where maps mark the same pixels, of whatever method and target, one copy serves them all.
        """
        height, width = image.shape[-2:]
        order = tie_order(self.seed, image_id, height * width)
        fillers = [FILLS[name](image, fill_generator(self.seed, image_id)) for name in self.fills]
        marked: dict[bytes, list[npt.NDArray[np.intp]]] = {}
        for of_method, native in zip(rows, maps.values(), strict=True):
            ranked = np.flatnonzero(~degenerate.unranked(degenerate.classify(native[i])))
            values = upsample(native[i, ranked], (height, width)) if len(ranked) else ()
            for j, k in enumerate(self.k_percents):
                for target, one in zip(ranked, values, strict=True):
                    mask = np.packbits(top_mask(one, top_size(height * width, k), order))
                    marked.setdefault(mask.tobytes(), []).append(of_method[target, j])
        for packed, members in marked.items():
            bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=height * width)
            removed = torch.from_numpy(bits.reshape(height, width).astype(bool)).to(image.device)
            for filler, of_fill in zip(fillers, np.transpose(members), strict=True):
                yield Pass(image_id, of_fill, filler(removed))


def _with_drops(table: pd.DataFrame, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> pd.DataFrame:
    confidence, logit = before[:, 0].T
    confidence_ablated, logit_ablated = after[:, 0].T
    drop = confidence - confidence_ablated
    measured = {
        "confidence": confidence,
        "confidence_ablated": confidence_ablated,
        "drop_absolute": drop,
        "drop_relative": drop / confidence,
        "drop_relative_clipped": np.maximum(drop, 0) / confidence,
        "logit": logit,
        "logit_ablated": logit_ablated,
        "drop_logit": logit - logit_ablated,
    }
    absent = np.full(len(table), np.nan)
    for position, name in enumerate(("confidence_other", "logit_other")):
        followed = before.shape[1] == 2
        measured[name] = before[:, 1, position] if followed else absent
        measured[f"{name}_ablated"] = after[:, 1, position] if followed else absent
    return table.assign(**measured)[list(COLUMNS[5:])]
