"""Perturbation curves: the confidence in a class while the pixels of an image go, or come, in the order of a map.

Deletion replaces the most salient pixels first by the mean colour; insertion starts from the blurred image and brings
them back; ROAD removes as deletion does and imputes. The confidence is the softmax probability, not divided by its
value on the whole image. Sources: Petsiuk et al. (2018), RISE, BMVC, section 4.2; Rong et al. (2022), ROAD, ICML.
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
from case_saliency.diagnostic.topk import FloatArray
from case_saliency.errors import CaseSaliencyError
from case_saliency.fidelity.batch import Batch, PerturbationTest
from case_saliency.fidelity.confidence import Pass, follow
from case_saliency.fidelity.fills import FILLS
from case_saliency.fidelity.pairs import TARGETS, own_and_other
from case_saliency.fidelity.perturb import fill_generator, tie_order, top_mask


@dataclass(frozen=True)
class Curve:
    """What stands where no pixel of the image stands (a name in `FILLS`), and whether pixels come instead of go."""

    fill: str
    insert: bool = False


CURVES = {"deletion": Curve("mean"), "insertion": Curve("blur", insert=True), "road": Curve("road")}
"""The curves that params.yaml may name."""
COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "image_id", "target", "class_index", "test"),
    *("fill", "step", "n_changed", "fraction", "confidence", "logit", "confidence_intact"),
    *("other_class", "confidence_other", "logit_other", "degenerate", "qualified", "reason"),
)
"""Columns of the table of points, `test` the curve; `PerturbationCurves` fills those from `method` on."""


@dataclass(frozen=True, kw_only=True)
class PerturbationCurves(PerturbationTest):
    """The curves; see `PerturbationTest` for the call. The map of the first class is followed, in both classes.

    Attributes
    ----------
    curves
        Names in `CURVES`.
    steps
        S: at step s = 0 .. S, ``floor(s P / S)`` of the P pixels have gone or come.
    """

    curves: Sequence[str]
    steps: int

    def __post_init__(self) -> None:
        unknown = [name for name in self.curves if name not in CURVES]
        if unknown:
            raise CaseSaliencyError(f"curves: unknown {unknown}; choose from {sorted(CURVES)}")

    def measure(self, batch: Batch) -> pd.DataFrame:
        """Measure the curves of every image and method, for the map of the first class.

        Returns
        -------
        pandas.DataFrame
            `COLUMNS` from `method` on, one row for each image, method, curve and step. The ends of a curve are common
            to all methods and are forwarded once. A map that ranks no pixels has NaN.

        Raises
        ------
        CaseSaliencyError
            If there are more steps than pixels.
        """
        images, maps, image_ids, class_index, qualified = batch
        n_pixels = images.shape[-2] * images.shape[-1]
        if self.steps > n_pixels:
            raise CaseSaliencyError(f"curves: steps is {self.steps}, more than the {n_pixels} pixels of an image")
        sizes = [step * n_pixels // self.steps for step in range(self.steps + 1)]
        codes = {method: degenerate.classify(native[:, 0]) for method, native in maps.items()}
        shape = (len(image_ids), len(maps), len(self.curves), len(sizes))
        image, _, _, step = (axis.ravel() for axis in np.indices(shape))
        classes = own_and_other(class_index)[image, 0]
        rows = np.arange(len(image)).reshape(shape)
        unranked = np.array([degenerate.unranked(code) for code in codes.values()]).reshape(len(maps), -1)
        passes = (
            one
            for i in np.flatnonzero(qualified).tolist()
            for one in self._passes(images[i], image_ids[i], maps, i, rows[i][~unranked[:, i]], sizes)
        )
        followed = follow(passes, classes, self.predict_logits, self.batch_size)
        table = self._settings(image_ids, codes).assign(
            class_index=classes[:, 0],
            step=step,
            n_changed=np.array(sizes)[step],
            fraction=np.array(sizes)[step] / n_pixels,
            qualified=qualified[image],
            reason=np.where(qualified[image], "", "misclassified"),
        )
        return _with_points(table, followed, classes, len(sizes))

    def _settings(self, image_ids: Sequence[str], codes: Mapping[str, npt.NDArray[np.int8]]) -> pd.DataFrame:
        """Return the rows without measurements, in the order image, method, curve, step."""
        rows = [
            {
                "method": method,
                "image_id": image_id,
                "target": TARGETS[0],
                "test": curve,
                "fill": CURVES[curve].fill,
                "degenerate": degenerate.KINDS[codes[method][i]],
            }
            for (i, image_id), method, curve in product(enumerate(image_ids), codes, self.curves)
        ]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        return table.loc[table.index.repeat(self.steps + 1)].reset_index(drop=True)

    def _passes(
        self,
        image: torch.Tensor,
        image_id: str,
        maps: Mapping[str, FloatArray],
        i: int,
        rows: npt.NDArray[np.intp],
        sizes: Sequence[int],
    ) -> Iterator[Pass]:
        """Yield image `i` whole, without any pixel, and at each step of each map that ranks pixels.

        `rows` is indexed (such map, curve, step). Deletion starts with the whole image, insertion ends with it.
        """
        if not len(rows):
            return
        height, width = image.shape[-2:]
        order = tie_order(self.seed, image_id, height * width)
        chosen = [CURVES[name] for name in self.curves]
        fillers = [FILLS[curve.fill](image, fill_generator(self.seed, image_id)) for curve in chosen]
        whole = [-1 if curve.insert else 0 for curve in chosen]
        everything = torch.ones(height, width, dtype=torch.bool, device=image.device)
        yield Pass(image_id, rows[:, range(len(chosen)), whole].ravel(), image)
        for position, (filler, end) in enumerate(zip(fillers, whole, strict=True)):
            yield Pass(image_id, rows[:, position, -1 - end], filler(everything))
        mine = [native[i, 0] for native in maps.values()]
        ranked = [native for native in mine if not degenerate.unranked(degenerate.classify(native[None]))[0]]
        for of_method, native in zip(rows, ranked, strict=True):
            values = upsample(native, (height, width))
            for step, size in enumerate(sizes[1:-1], start=1):
                top = torch.from_numpy(top_mask(values, size, order)).to(image.device)
                for row, curve, filler in zip(of_method[:, step], chosen, fillers, strict=True):
                    yield Pass(image_id, np.array([row]), filler(~top if curve.insert else top))


def _with_points(
    table: pd.DataFrame, points: npt.NDArray[np.float64], classes: npt.NDArray[np.integer], n_steps: int
) -> pd.DataFrame:
    insert = table["test"].map({name: curve.insert for name, curve in CURVES.items()}).to_numpy(dtype=bool)
    whole = np.arange(len(table)) // n_steps * n_steps + np.where(insert, n_steps - 1, 0)
    other = classes.shape[1] == 2
    absent = np.full(len(table), np.nan)
    return table.assign(
        confidence=points[:, 0, 0],
        logit=points[:, 0, 1],
        confidence_intact=points[whole, 0, 0],
        other_class=classes[:, 1] if other else -1,
        confidence_other=points[:, 1, 0] if other else absent,
        logit_other=points[:, 1, 1] if other else absent,
    )[list(COLUMNS[5:])]
