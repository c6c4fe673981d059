"""The registered methods: name -> function, family, summary, citation. Imports no torch.

A method is a function that takes a `View` and keyword-only parameters with literal defaults; those defaults, and the
choices of a parameter annotated `Literal[...]`, are read from its source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from case_saliency.attribution import signature

Space = Literal["layer", "input"]
FAMILIES = ("gradient", "ablation", "score", "pixel", "control")


@dataclass(frozen=True)
class Entry:
    """A registered method.

    `target` is `module:function`; `space` says whether a map belongs to a target layer (at the layer's resolution) or
    to the input; `overrides` are the parameters in which the method differs from its function's defaults.
    """

    family: str
    target: str
    summary: str
    citation: str
    space: Space = "layer"
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter of the method with its default."""
        declared = signature.parameters(self.target)
        return {name: parameter.default for name, parameter in declared.items()} | dict(self.overrides)


def _gradient(function: str, summary: str, citation: str, **overrides: Any) -> Entry:
    return Entry("gradient", f"{__package__}.{function}", summary, citation, overrides=overrides)


def _control(function: str, summary: str, space: Space, citation: str = "control") -> Entry:
    return Entry("control", f"{__package__}.controls:{function}", summary, citation, space)


def _pixel(function: str, summary: str, citation: str) -> Entry:
    return Entry("pixel", f"{__package__}.pixel:{function}", summary, citation, "input")


ENTRIES: dict[str, Entry] = {
    "gradcam": _gradient("gradient:gradcam", "channels weighted by their mean gradient", "selvaraju2017"),
    "gradcam_plus_plus": _gradient(
        "gradient:gradcam_plus_plus",
        "channels weighted by positive gradients and higher-order terms",
        "chattopadhay2018",
    ),
    "hirescam": _gradient("gradient:hirescam", "gradient times activation", "draelos2020"),
    "xgradcam": _gradient("gradient:xgradcam", "channels weighted by gradient times activation", "fu2020"),
    "layercam": _gradient("gradient:layercam", "positive gradient times activation", "jiang2021"),
    "eigencam": _gradient("gradient:eigencam", "first principal component, the same for all classes", "muhammad2020"),
    "case": _gradient(
        "case:case",
        "Grad-CAM weights without their part along the contrast classes' mean (authors' code)",
        "williamson2025",
    ),
    "case_unpooled": _gradient(
        "case:case", "CASE of gradients that are not pooled over space (Algorithm 1)", "williamson2025", pooled=False
    ),
    "case_span": _gradient("case:case_span", "CASE without all the contrast classes' gradients", "williamson2025"),
    "case_heldout": _gradient(
        "case:case", "CASE whose contrast sets hold none of the compared classes", "williamson2025", compared="out"
    ),
    "case_both_in": _gradient(
        "case:case", "CASE whose contrast sets hold the other compared class", "williamson2025", compared="in"
    ),
    "case_matched": _gradient(
        "case:case",
        "CASE, held out, with contrast classes that are as near to the gradient together as CASE's",
        "williamson2025",
        compared="matched",
    ),
    "case_difference": _gradient(
        "case:case_difference", "Grad-CAM of the lead over the mean of CASE's contrast classes", "williamson2025"
    ),
    "case_random_direction": _gradient(
        "case:case_random_direction", "CASE with a random direction as near to the gradient as the contrast", "control"
    ),
    "finercam": _gradient("contrastive:finercam", "Grad-CAM of the lead over the three nearest classes", "zhang2025"),
    "softmax_gradcam": _gradient("contrastive:softmax_gradcam", "Grad-CAM of the probability", "wang2022"),
    "logprob_gradcam": _gradient("contrastive:logprob_gradcam", "Grad-CAM of the log-probability", "wang2022"),
    "difference_gradcam": _gradient(
        "contrastive:difference_gradcam", "Grad-CAM of the lead over the other class", "control"
    ),
    "contrastive_gradcam": _gradient(
        "contrastive:contrastive_gradcam", "Grad-CAM of the loss against the other class", "prabhushankar2020"
    ),
    "ablationcam": Entry(
        "ablation",
        f"{__package__}.ablation:ablationcam",
        "channels weighted by the logit's loss without them",
        "desai2020",
    ),
    "scorecam": Entry(
        "score", f"{__package__}.score:scorecam", "channels weighted by the score seen through them", "wang2020"
    ),
    "integrated_gradients": _pixel("integrated_gradients", "gradients along the way from grey", "sundararajan2017"),
    "smoothgrad": _pixel("smoothgrad", "mean gradient of noisy copies", "smilkov2017"),
    "input_x_gradient": _pixel("input_x_gradient", "input times gradient", "shrikumar2016"),
    "guided_backprop": _pixel("guided_backprop", "gradient of positive paths through ReLUs", "springenberg2015"),
    "occlusion": _pixel("occlusion", "the logit's loss where a square is covered", "zeiler2014"),
    "random": _control("random", "independent uniform noise for each class", "layer"),
    "random_channels": _control("random_channels", "activations weighted by random numbers", "layer"),
    "sobel": _control("sobel", "edges of the image, the same for all classes", "input", "adebayo2018"),
    "identical": _control("identical", "one random order of the pixels, the same for all classes", "input"),
    "center_prior": _control("center_prior", "a Gaussian around the centre", "input"),
}
