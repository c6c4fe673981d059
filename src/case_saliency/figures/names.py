"""How methods, models and verdicts are called, ordered and marked wherever a person sees them.

Colours are those of Okabe and Ito (2008) and of Paul Tol's "muted" scheme, both chosen for colour-blind readers. No
statement rests on colour alone: each method has a marker of its own, and each verdict a symbol and words.
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

from case_saliency.statistics.standing import NO_IMAGE, POLICY, UNDECIDED


@dataclass(frozen=True)
class MethodStyle:
    """How a method is written and drawn: the same in every figure and table."""

    label: str
    colour: str
    marker: str


@dataclass(frozen=True)
class Verdict:
    """A verdict about class sensitivity, as a symbol and in words.

    `rule` says how the confidence interval of the median lies to the threshold, whose place is a pair of braces.
    """

    symbol: str
    words: str
    rule: str

    def explained(self, threshold: float) -> str:
        """Return the rule with the threshold, in percent.

        Examples
        --------
        >>> VERDICTS["insensitive"].explained(50.0)
        'interval above 50%'
        """
        return self.rule.format(f"{threshold:g}%")


# The order of this mapping is the order of methods everywhere: the paper's method, its baselines, controls last.
METHODS = {
    "case": MethodStyle("CASE", "#D55E00", "D"),
    "case_unpooled": MethodStyle("CASE, unpooled", "#E69F00", "d"),
    "case_span": MethodStyle("CASE, span", "#B3470B", "P"),
    "case_both_in": MethodStyle("CASE, both in", "#A63A00", "s"),
    "case_heldout": MethodStyle("CASE, held out", "#F2B134", "X"),
    "case_matched": MethodStyle("CASE, matched", "#F5D08A", "p"),
    "case_difference": MethodStyle("CASE, difference", "#D55E00", "o"),
    "case_difference_heldout": MethodStyle("CASE, difference, held out", "#F2B134", "s"),
    "case_random_direction": MethodStyle("CASE, random direction", "#8C5A2B", "*"),
    "gradcam": MethodStyle("Grad-CAM", "#0072B2", "o"),
    "gradcam_plus_plus": MethodStyle("Grad-CAM++", "#56B4E9", "s"),
    "hirescam": MethodStyle("HiResCAM", "#009E73", ">"),
    "xgradcam": MethodStyle("XGrad-CAM", "#332288", "p"),
    "layercam": MethodStyle("LayerCAM", "#CC79A7", "<"),
    "eigencam": MethodStyle("Eigen-CAM", "#999933", "h"),
    "ablationcam": MethodStyle("Ablation-CAM", "#882255", "P"),
    "scorecam": MethodStyle("Score-CAM", "#44AA99", "X"),
    "finercam": MethodStyle("Finer-CAM", "#117733", "o"),
    "softmax_gradcam": MethodStyle("Grad-CAM, softmax", "#6699CC", "s"),
    "logprob_gradcam": MethodStyle("Grad-CAM, log-probability", "#4477AA", ">"),
    "difference_gradcam": MethodStyle("Grad-CAM, difference", "#225588", "<"),
    "contrastive_gradcam": MethodStyle("Grad-CAM, contrastive", "#88CCEE", "p"),
    "integrated_gradients": MethodStyle("Integrated Gradients", "#AA4499", "s"),
    "smoothgrad": MethodStyle("SmoothGrad", "#CC6677", "p"),
    "input_x_gradient": MethodStyle("Input x gradient", "#EE8866", "h"),
    "guided_backprop": MethodStyle("Guided Backprop", "#994455", "D"),
    "occlusion": MethodStyle("Occlusion", "#AA7700", "P"),
    "random": MethodStyle("Random", "#464C52", "X"),
    "random_channels": MethodStyle("Random channels", "#6E767E", "d"),
    "sobel": MethodStyle("Sobel edges", "#BCC2C8", "P"),
    "identical": MethodStyle("Identical maps", "#8B929A", "o"),
    "center_prior": MethodStyle("Centre prior", "#9AA1A8", "*"),
}
_FIRST_CONTROL = list(METHODS).index("random")
_VARIANT_COLOURS = ("#66CCEE", "#228833", "#CCBB44", "#EE6677", "#AA3377", "#4B6A9B", "#7A5195", "#3E7D6B")
_VARIANT_MARKERS = ("8", "H", "p", "h", "P", "X")

MODELS = {
    "efficientnet_lite0": "EfficientNet-Lite0",
    "efficientnet_lite1": "EfficientNet-Lite1",
    "efficientnet_lite2": "EfficientNet-Lite2",
    "resnet50": "ResNet-50",
    "vgg19_bn": "VGG-19-BN",
    "densenet201": "DenseNet-201",
    "convnext_large": "ConvNeXt-L",
    "resnet_small": "ResNet, small",
    "vgg_small": "VGG, small",
    "densenet_small": "DenseNet, small",
    "convnext_small": "ConvNeXt, small",
}

VERDICTS = {
    "class-sensitive": Verdict("▼", "class-sensitive", "interval below {}"),
    UNDECIDED: Verdict("◇", "undecided", "interval contains {}"),
    "insensitive": Verdict("▲", "insensitive", "interval above {}"),
    POLICY: Verdict(
        "⇅",
        "dependent on the policy for empty maps",
        "another verdict where images with an empty map count as agreement of 100%, or of 0%",
    ),
    NO_IMAGE: Verdict("–", "no image left", "each is misclassified, or has an empty map"),
}


def method_style(method: str) -> MethodStyle:
    """Return the style of a method; a variant named in params gets one that depends on its name alone.

    Examples
    --------
    >>> method_style("gradcam").label
    'Grad-CAM'
    >>> method_style("case_weights") == method_style("case_weights")
    True
    """
    if method in METHODS:
        return METHODS[method]
    number = int.from_bytes(hashlib.sha256(method.encode()).digest()[:8], "big")
    marker = _VARIANT_MARKERS[number // len(_VARIANT_COLOURS) % len(_VARIANT_MARKERS)]
    return MethodStyle(method, _VARIANT_COLOURS[number % len(_VARIANT_COLOURS)], marker)


def ordered_methods(methods: Iterable[str]) -> list[str]:
    """Sort method names into the house order: known methods, variants by name, controls last.

    Examples
    --------
    >>> ordered_methods(["random", "my_variant", "gradcam", "case"])
    ['case', 'gradcam', 'my_variant', 'random']
    """
    known = {name: position for position, name in enumerate(METHODS)}

    def key(name: str) -> tuple[float, str]:
        return (known.get(name, _FIRST_CONTROL - 0.5), name)

    return sorted(set(methods), key=key)


def model_label(model: str) -> str:
    """Return a model's display name; an unknown model is shown by its own name."""
    return MODELS.get(model, model)


def ordered_models(models: Iterable[str]) -> list[str]:
    """Sort model names into the house order, unknown ones last by name."""
    known = {name: position for position, name in enumerate(MODELS)}
    return sorted(set(models), key=lambda name: (known.get(name, len(known)), name))


def class_label(name: str, width: int = 24) -> str:
    """Return the first synonym of an ImageNet class name, cut to `width` characters.

    Examples
    --------
    >>> class_label("tabby, tabby cat")
    'tabby'
    """
    first = name.split(",")[0].strip()
    return first if len(first) <= width else first[: width - 1].rstrip() + "…"


def format_p(p: float) -> str:
    """Write a p-value as the field prints it.

    Examples
    --------
    >>> [format_p(p) for p in (0.35, 0.0496, 0.00002, 1.0, float("nan"))]
    ['.35', '.0496', '< .0001', '1', '–']
    """
    if math.isnan(p):
        return "–"
    if p < 1e-4:
        return "< .0001"
    text = f"{p:.2f}" if p >= 0.1 else f"{p:.4f}"
    return "1" if text == "1.00" else text.removeprefix("0")


def p_statement(p: float) -> str:
    """Write a p-value as a statement.

    Examples
    --------
    >>> p_statement(0.35), p_statement(0.00002)
    ('p = .35', 'p < .0001')
    """
    text = format_p(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"
