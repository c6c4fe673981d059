"""What a diagnosis can be asked, with the defaults of the study. Imports no torch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from case_saliency.datasets.images import Transform
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    from case_saliency.diagnostic.topk import Ties
    from case_saliency.statistics.attrition import DegeneratePolicy
    from case_saliency.statistics.paired import ZeroMethod

METHODS = ("gradcam", "case")
CONTROLS = ("random", "sobel")
TRANSFORM = Transform(
    input_size=224, resize=256, interpolation="bilinear", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)
"""How images are prepared where neither the model nor the user says: as torchvision's ImageNet models expect them."""
_CROP = TRANSFORM.input_size / TRANSFORM.resize


@dataclass(frozen=True)
class Options:
    """Scores and tests; see docs/statistics.md.

    Attributes
    ----------
    k_percent
        Size of the top set whose agreement is measured, percent of the input's pixels.
    removed
        Shares of pixels removed in the fidelity test, percent; the first is shown in the summary.
    fills, measure
        What replaces removed pixels, and which drop is shown; of several fills the first is shown in the summary.
    curves, steps
        Perturbation curves to measure (deletion, insertion, road), none by default, for each costs steps - 1 forward
        passes for an image and method; and their number of steps.
    ties, threshold, alpha, zero_method, degenerate, equivalence_margin
        As under `diagnostic` and `fidelity` in params.yaml.
    seed
        Seeds the order of ties and the methods that draw random numbers.
    batch_size
        Images in one forward pass.
    """

    k_percent: float = 5.0
    removed: tuple[float, ...] = (5.0, 50.0)
    fills: tuple[str, ...] = ("mean",)
    measure: str = "drop_relative_clipped"
    curves: tuple[str, ...] = ()
    steps: int = 16
    ties: "Ties" = "expected"
    threshold: float = 50.0
    alpha: float = 0.05
    zero_method: "ZeroMethod" = "wilcox"
    degenerate: "DegeneratePolicy" = "exclude"
    equivalence_margin: float = 0.02
    seed: int = 0
    batch_size: int = 10

    def __post_init__(self) -> None:
        for k in (self.k_percent, *self.removed):
            if not 0 < k < 100:
                raise CaseSaliencyError(f"share of pixels: {k:g} percent found; give numbers above 0 and below 100")
        for name, values in (("removed shares", self.removed), ("fills", self.fills), ("curves", self.curves)):
            if len(set(values)) < len(values) or not (values or name == "curves"):
                raise CaseSaliencyError(f"{name}: {list(values)} found; give one or more, each once")
        if self.steps < 2:
            raise CaseSaliencyError(f"steps: {self.steps} found; a curve needs 2 or more")
        if not (0 < self.alpha < 1 and 0 <= self.threshold <= 100 and self.batch_size >= 1):
            raise CaseSaliencyError(
                f"alpha {self.alpha:g}, threshold {self.threshold:g}, batch size {self.batch_size} found; "
                "needed: alpha between 0 and 1, threshold 0 to 100, batch size at least 1"
            )


def shorter_side(input_size: int) -> int:
    """Return the length to which the shorter side is resized before a crop of `input_size`, 256 for 224.

    Examples
    --------
    >>> shorter_side(224), shorter_side(32)
    (256, 37)
    """
    return round(input_size / _CROP)
